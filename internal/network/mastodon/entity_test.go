package mastodon

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// decodes are the entities that we read, by the beginning of an example's file name.
var decodes = map[string]func() any{
	"entities_Account_": func() any { return new(account) }, "entities_Status_": func() any { return new(status) },
	"entities_Notification_": func() any { return new(notification) }, "entities_MediaAttachment_": func() any { return new(file) },
	"entities_Instance_": func() any { return new(instance) }, "entities_V1_Instance_": func() any { return new(instance) },
	"entities_Poll_": func() any { return new(poll) }, "entities_Error_": func() any { return new(struct{ Error string }) },
}

func TestEveryExampleOfTheDocumentsDecodes(t *testing.T) {
	dir := os.Getenv("COMPTOIR_CORPORA")
	if dir == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "mastodon-api-json", "*.json"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	ours := 0
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil || filepath.Base(name) == "INDEX.json" {
			continue
		}
		for begin, fresh := range decodes {
			if strings.HasPrefix(filepath.Base(name), begin) {
				ours++
				if err := json.Unmarshal(raw, fresh()); err != nil {
					t.Errorf("%s: %v", filepath.Base(name), err)
				}
			}
		}
		// Whatever it is, it breaks nothing: what is no status says so.
		var s status
		if json.Unmarshal(raw, &s) == nil && s.whole() {
			(&Client{endpoint: Endpoint{Domain: "zinc.test"}}).message(s, nil)
		}
	}
	if ours < 14 {
		t.Errorf("only %d examples of what we read", ours)
	}
	var s status
	if raw, err := os.ReadFile(filepath.Join(dir, "mastodon-api-json", "entities_Status_00.json")); err != nil || json.Unmarshal(raw, &s) != nil || !s.whole() {
		t.Errorf("the example of a status is read as %+v, %v", s, err)
	}
}

func TestAMalformedItemIsToldFromOneThatSaysNothing(t *testing.T) {
	for _, bad := range []string{
		`{}`, `null`, `7`, `"x"`, `[]`, `{"id":"1"}`, `{"id":{},"type":"mention"}`, `{"id":"1","type":"mention","status":{}}`,
		`{"id":"1","type":"mention","status":{"id":"2","created_at":"yesterday","account":{"id":"3","acct":"a"}}}`,
		`{"id":"1","type":"mention","status":{"id":"2","created_at":"2026-11-22T20:00:00.000Z","account":{"id":"3","acct":""}}}`,
	} {
		if n, err := parseNotification(json.RawMessage(bad)); err == nil {
			t.Errorf("%s is read as %+v", bad, n)
		}
	}
	for _, good := range []string{
		`{"id":"1","type":"of.next.year","unknown":{"a":[1]}}`, `{"id":1,"type":"mention","status":null}`,
		`{"id":"1","type":"mention","status":{"id":2,"created_at":"2026-11-22T20:00:00+01:00","account":{"id":"3","acct":"a"}}}`,
	} {
		if _, err := parseNotification(json.RawMessage(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestHowLongToWaitIsReadByTheServersClock(t *testing.T) {
	now := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	date := now.Add(-time.Hour).Format(http.TimeFormat) // the server is an hour behind
	for _, c := range []struct {
		head map[string]string
		want time.Duration
	}{
		{map[string]string{"Retry-After": "90"}, 90 * time.Second},
		{map[string]string{"Retry-After": "-5"}, 0},
		{map[string]string{"Retry-After": "315360000"}, longestWait},
		{map[string]string{"Retry-After": "99999999999999999999"}, 0},
		{map[string]string{"Retry-After": "soon"}, 0},
		{map[string]string{"Retry-After": now.Add(-time.Hour + 2*time.Minute).Format(http.TimeFormat)}, 2 * time.Minute},
		{map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": now.Add(-time.Hour + time.Minute).Format(time.RFC3339Nano)}, time.Minute},
		{map[string]string{"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": now.Add(time.Hour).Format(time.RFC3339Nano)}, 0},
		{map[string]string{}, 0},
	} {
		h := http.Header{"Date": {date}}
		for k, v := range c.head {
			h.Set(k, v)
		}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%v: wait %v, want %v", c.head, got, c.want)
		}
	}
}
