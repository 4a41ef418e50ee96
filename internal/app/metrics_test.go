package app_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"comptoir/internal/app"
	"comptoir/internal/backup"
	"comptoir/internal/place"
)

// metrics reads the numbers as a monitor on this machine does, by name and labels.
func (w *world) metrics(t *testing.T) (text string, values map[string]float64) {
	t.Helper()
	resp, err := http.Get(w.base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text = readAll(t, resp.Body)
	if resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	values = map[string]float64{}
	for line := range strings.Lines(text) {
		if i := strings.LastIndexByte(line, ' '); i > 0 && line[0] != '#' {
			values[line[:i]], err = strconv.ParseFloat(strings.TrimSpace(line[i:]), 64)
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	return text, values
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheNumbersTellHowTheCounterDoesAndNothingOfWho(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		w := newWorld(t, cfg)
		h := w.other.things(place.Member{}) // where answers leave after a second
		h.get("call")
		h.get("account")
		h.get("message")
		visit := h.signedIn(h.member(place.Owner))
		for _, path := range []string{"/p/la-tonne/inbox", "/p/le-zinc/inbox", "/nowhere", "/t/" + h.get("t")} {
			w.send(visit, request{method: "GET", path: path}, false)
		}
		want := map[string]float64{
			`comptoir_messages_received_total{network="house"}`:                       2,
			`comptoir_deliveries_total{network="house",outcome="sent"}`:               1,
			`comptoir_delivery_duration_seconds_count{network="house"}`:               1,
			`comptoir_delivery_lateness_seconds_count{network="house"}`:               1,
			`comptoir_accounts{network="email",state="needs_person"}`:                 1,
			`comptoir_http_requests_total{route="GET /p/{place}/inbox",status="2xx"}`: 1,
			`comptoir_http_requests_total{route="GET /p/{place}/inbox",status="4xx"}`: 1,
			`comptoir_http_requests_total{route="GET /",status="4xx"}`:                1,
			`comptoir_http_requests_total{route="GET /t/{code}",status="2xx"}`:        1,
			`comptoir_backup_last_success_timestamp_seconds`:                          1_700_000_000,
			`comptoir_backup_drill_last_success_timestamp_seconds`:                    0,
			`comptoir_streams`: 0,
		}
		if err := backup.NoteMade(t.Context(), w.DB, place.System(), backup.Made{Manifest: backup.Manifest{Made: time.Unix(1_700_000_000, 0)}}); err != nil {
			t.Fatal(err)
		}
		var got map[string]float64
		var text string
		eventually(t, "the answer leaves and is counted", func() bool {
			text, got = w.metrics(t)
			return got[`comptoir_deliveries_total{network="house",outcome="sent"}`] == 1
		})
		found := map[string]float64{}
		for name := range want {
			if v, ok := got[name]; ok {
				found[name] = v
			}
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Error(diff)
		}
		if age, ok := got["comptoir_queue_oldest_age_seconds"]; !ok || age > 60 {
			t.Errorf("the queue is %v s old, told: %v", age, ok)
		}
		problems, err := promlint.New(strings.NewReader(text)).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("promlint: %v %v", problems, err)
		}
		labelsAreClosed(t, text)
	})
}

var label = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)

// labelsAreClosed fails unless every label has a name and a value that say nothing of a place, an account or a person.
func labelsAreClosed(t *testing.T, text string) {
	t.Helper()
	closed := map[string]*regexp.Regexp{
		"network": regexp.MustCompile(`^(house|email)$`),
		"outcome": regexp.MustCompile(`^(sent|found|[a-z_]{5,15})$`),
		"state":   regexp.MustCompile(`^(ok|trouble|needs_person)$`),
		"status":  regexp.MustCompile(`^([2-5]xx|gone)$`),
		"kind":    regexp.MustCompile(`^(open|guest|team|api|operator|stranger|account|self)$`),
		"event":   regexp.MustCompile(`^[a-z]+\.[a-z_]+$`),
		"route":   regexp.MustCompile(`^[A-Z]+ /[a-z0-9/{}.$-]*$`),
		"version": regexp.MustCompile(`.`), "goversion": regexp.MustCompile(`^go`),
		"le": regexp.MustCompile(`.`), "quantile": regexp.MustCompile(`.`),
	}
	for _, m := range label.FindAllStringSubmatch(text, -1) {
		if ok := closed[m[1]]; ok == nil || !ok.MatchString(m[2]) || m[1] == "route" && strings.Contains(m[2], "le-zinc") {
			t.Errorf("the label %s", m[0])
		}
	}
}

func TestTheNumbersAreForThisMachineOrTheOperator(t *testing.T) {
	w := newWorld(t, app.Config{OperatorToken: "let me see"})
	afar := func(bearer string) int {
		return w.send(visitor{addr: w.from(), bearer: bearer}, request{method: "GET", path: "/metrics"}, false).status
	}
	_, token := w.here.token(place.Scopes...)
	if got := []int{afar("let me see"), afar(""), afar("let me"), afar(token)}; !slices.Equal(got, []int{200, 404, 404, 404}) {
		t.Errorf("%v", got)
	}
	// A proxy of this machine that does not say for whom it asks names the host that was asked for.
	r, err := http.NewRequest("GET", w.base+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "zinc.example"
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("by the public name: %d", resp.StatusCode)
	}
}
