package bluesky_test

import (
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
)

func TestAnAccountIsFoundByItsName(t *testing.T) {
	f := start(t)
	for _, typed := range []string{"lezinc.test", " @LeZinc.test ", "https://bsky.app/profile/lezinc.test"} {
		endpoint, cred, err := f.Driver().Enroll(t.Context(), network.Claim{Name: typed, Password: " " + appPassword + "\n"}, f.Wire())
		if err != nil {
			t.Fatalf("%q: %v", typed, err)
		}
		if endpoint != f.Endpoint("lezinc.test").String() || cred.Field(bluesky.RefreshJWT) == "" {
			t.Errorf("%q is %s", typed, endpoint)
		}
		if name := f.Driver().ClaimOf(endpoint).Name; name != "lezinc.test" {
			t.Errorf("its name is %q", name)
		}
	}
}

// The account's own password could change everything: it leaves for nowhere.
func TestAnotherPasswordThanAnAppsIsSentNowhere(t *testing.T) {
	f := start(t)
	for _, password := range []string{"hunter2hunter2", "", "ABCD-EFGH-IJKL-MNOP", appPassword + "-zinc"} {
		_, _, err := f.Driver().Enroll(t.Context(), network.Claim{Name: "lezinc.test", Password: password}, f.Wire())
		wantField(t, err, "password", "bluesky.field.password")
	}
	if n := f.Asked("com.atproto.server.createSession") + f.Asked("com.atproto.identity.resolveHandle"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestWhatIsWrongIsToldAtItsField(t *testing.T) {
	f := start(t)
	enroll := func(name, password string) error {
		_, _, err := f.Driver().Enroll(t.Context(), network.Claim{Name: name, Password: password}, f.Wire())
		return err
	}
	wantField(t, enroll("lezinc", appPassword), "name", "bluesky.field.name")
	wantField(t, enroll("personne.invalid", appPassword), "name", "bluesky.field.name_unknown")
	wantField(t, enroll("lezinc.test", "faux-faux-faux-faux"), "password", "bluesky.field.password_refused")
	f.Set(blueskytest.Trouble{Takedown: true})
	wantFault(t, enroll("lezinc.test", appPassword), fault.Forbidden, "bluesky.fault.taken_down")
	f.Set(blueskytest.Trouble{Page: 200})
	wantFault(t, enroll("lezinc.test", appPassword), fault.Unavailable, "bluesky.fault.unreadable")
}

// A name can be claimed by anybody who owns a page; the account has to name it back.
func TestAnAccountThatDoesNotNameTheNameBackIsNotEntered(t *testing.T) {
	f := start(t)
	f.Claim("faux.test", "did:plc:lezinctest")
	_, _, err := f.Driver().Enroll(t.Context(), network.Claim{Name: "faux.test", Password: appPassword}, f.Wire())
	wantField(t, err, "name", "bluesky.field.name_unknown")
	if n := f.Asked("com.atproto.server.createSession"); n != 0 {
		t.Errorf("%d logins", n)
	}
}

func wantField(t *testing.T, err error, name, key string) {
	t.Helper()
	f := fault.As(err)
	if f == nil || f.Code != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != name || f.Fields[0].Key != key {
		t.Errorf("got %v, want %s at %s", err, key, name)
	}
}
