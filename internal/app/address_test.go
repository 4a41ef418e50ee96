package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"comptoir/internal/app"
	"comptoir/internal/fault"
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
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, here+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "lezinc.example"
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s by another name: %d, want %d", path, resp.StatusCode, want)
		}
	}
}
