package door

import (
	"net/http"
	"net/netip"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Visit is what is known of a request once it was let in.
type Visit struct {
	Ref    string // names this request in logs and to the person
	Route  Route
	Addr   netip.Addr // the visitor's address, behind trusted proxies
	Secure bool       // the visitor's own connection is https
	Host   string     // as asked for, "lezinc.example:8443"

	Actor   place.Actor   // zero Kind for Open and Guest routes
	Member  place.Member  // Team: who is signed in
	Session place.Session // Team: how
	Place   place.Place   // routes with Place

	events []string // security events that it brought about
	leave  func()   // ends what is counted of a stream; nil once somebody took it over
}

// Stay is called by a stream that goes on after its handler has returned. It counts as open until leave.
func (v *Visit) Stay() (leave func()) {
	leave, v.leave = v.leave, nil
	return leave
}

// Base is the address of this installation as the visitor sees it: "https://lezinc.example".
func (v *Visit) Base() string {
	if v.Secure {
		return "https://" + v.Host
	}
	return "http://" + v.Host
}

// SignedIn tells whether a member is known.
func (v *Visit) SignedIn() bool { return v.Member.ID != "" }

// Fresh asks for the password again when it was given too long ago for a change that matters: for the part
// of a form that matters where the rest does not, see Route.Fresh.
func (v *Visit) Fresh() error {
	if time.Since(v.Session.AuthenticatedAt) > freshFor {
		return fault.New(fault.Unauthenticated, "door.fresh", "door.password_again")
	}
	return nil
}

// Cookie names: over https the browser itself refuses a cookie that another host or path could have set.
const (
	sessionCookie = "comptoir"
	guestCookie   = "guest"
	knownCookie   = "known"
	flashCookie   = "flash"
	stepCookie    = "step"
)

func cookieName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// SetSession gives the browser its session; "" takes it away.
func (v *Visit) SetSession(w http.ResponseWriter, value string, life time.Duration) {
	v.setCookie(w, sessionCookie, value, life)
}

// SetGuest names a guest's browser for one evening.
func (v *Visit) SetGuest(w http.ResponseWriter, value string) {
	v.setCookie(w, guestCookie, value, 12*time.Hour)
}

// GuestCookie returns the name that the guest's browser gave, "" for none. It is untrusted.
func (v *Visit) GuestCookie(r *http.Request) string { return v.cookie(r, guestCookie) }

// SetKnown remembers that this browser signed in, so that its attempts are counted apart from strangers'.
func (v *Visit) SetKnown(w http.ResponseWriter, value string, life time.Duration) {
	v.setCookie(w, knownCookie, value, life)
}

// KnownCookie returns what SetKnown left, "" for nothing. It is untrusted.
func (v *Visit) KnownCookie(r *http.Request) string { return v.cookie(r, knownCookie) }

// SetFlash keeps the notice of the next page so long; "" takes it away.
func (v *Visit) SetFlash(w http.ResponseWriter, value string, life time.Duration) {
	v.setCookie(w, flashCookie, value, life)
}

// FlashCookie returns what SetFlash left, "" for nothing. It is untrusted.
func (v *Visit) FlashCookie(r *http.Request) string { return v.cookie(r, flashCookie) }

// SetStep keeps what a sign-in has proved until its second factor is given; "" forgets it.
func (v *Visit) SetStep(w http.ResponseWriter, value string, life time.Duration) {
	v.setCookie(w, stepCookie, value, life)
}

// StepCookie returns what SetStep left, "" for nothing. It is untrusted.
func (v *Visit) StepCookie(r *http.Request) string { return v.cookie(r, stepCookie) }

func (v *Visit) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{
		Name: cookieName(name, v.Secure), Value: value, Path: "/", HttpOnly: true, Secure: v.Secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds()),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (v *Visit) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(name, v.Secure))
	if err != nil {
		return ""
	}
	return c.Value
}
