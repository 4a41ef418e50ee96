package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

func TestAnAddressIsTriedBeforeItIsInForce(t *testing.T) {
	a, neighbour := start(t, app.Config{}), start(t, app.Config{})
	somebody := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") }))
	defer somebody.Close()
	here := "http://127.0.0.1:" + port(a)
	if err := app.AnswersAt(a, t.Context(), here); err != nil {
		t.Errorf("its own address: %v", err)
	}
	for who, base := range map[string]string{"another installation": "http://127.0.0.1:" + port(neighbour), "another program": somebody.URL, "nobody": "http://127.0.0.1:9"} {
		if err := app.AnswersAt(a, t.Context(), base); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s answers, and is taken for this one: %v", who, err)
		}
	}
	// A name that is not in force yet reaches the proof, and nothing else.
	for path, want := range map[string]int{"/self/7": http.StatusOK, "/readyz": http.StatusMisdirectedRequest, "/sign-in": http.StatusMisdirectedRequest} {
		if got := byName(t, here+path, "lezinc.example"); got != want {
			t.Errorf("%s by another name: %d, want %d", path, got, want)
		}
	}
}

// byName is the status of a page that is asked for by a name.
func byName(t *testing.T, url, name string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = name
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestAnAddressGivenToOneProcessIsInForceInAll(t *testing.T) {
	cfg := app.Config{Database: dbtest.PostgresURL(t), Data: t.TempDir()}
	one, two := start(t, cfg), start(t, cfg)
	page := "http://127.0.0.1:" + port(two) + "/sign-in"
	if got := byName(t, page, "lezinc.example"); got != http.StatusMisdirectedRequest {
		t.Fatalf("before: %d", got)
	}
	err := one.DB.Write(t.Context(), func(tx db.Tx) error {
		return place.SetInstanceValue(t.Context(), tx, place.InstancePublicURL, "https://lezinc.example")
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other process answers by the new name", func() bool { return byName(t, page, "lezinc.example") == http.StatusOK })
}
