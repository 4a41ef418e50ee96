package bluesky_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
)

func jetstream(t *testing.T, events ...[]byte) (*blueskytest.Jetstream, bluesky.Jetstream) {
	t.Helper()
	server := blueskytest.StartJetstream(events...)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server, bluesky.Jetstream{Server: server.URL}
}

var errEnough = errors.New("enough")

// follow reads until there are so many events.
func follow(t *testing.T, j bluesky.Jetstream, cur network.Cursor, n int) (all []network.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := j.Stream(ctx, cur, network.Wire{HTTP: http.DefaultClient}, func(e network.Event) error {
		if all = append(all, e); len(all) == n {
			return errEnough
		}
		return nil
	})
	if err != errEnough {
		t.Fatalf("%d events, then %v", len(all), err)
	}
	return all
}

// posted is an event at a time, in seconds after some day.
func posted(second int, words string) []byte {
	at := time.Date(2026, 11, 22, 20, 0, second, 0, time.UTC)
	return fmt.Appendf(nil, `{"did":"did:plc:maude","time_us":%d,"kind":"commit","commit":{"rev":"r","operation":"create","collection":"app.bsky.feed.post","rkey":"3lbbbbbbbbb%02d","cid":"bafy","record":{"$type":"app.bsky.feed.post","text":%q,"langs":["fr"],"createdAt":%q}}}`,
		at.UnixMicro(), second, words, at.Format(time.RFC3339))
}

func TestWhatAnybodyPostsIsRead(t *testing.T) {
	_, j := jetstream(t, posted(1, "le Zinc, quelle soirée"),
		[]byte(`{"did":"did:plc:maude","time_us":1795000000000000,"kind":"commit","commit":{"rev":"r","operation":"delete","collection":"app.bsky.feed.post","rkey":"3lbbbbbbbbb02"}}`))
	all := follow(t, j, "", 2)
	m := all[0].Message
	if m == nil || m.Text != "le Zinc, quelle soirée" || m.Author.ID != "did:plc:maude" || m.ID != "at://did:plc:maude/app.bsky.feed.post/3lbbbbbbbbb01" || m.Lang != "fr" || m.Visibility != network.Public || all[0].Cursor == "" {
		t.Errorf("%+v", all[0])
	}
	if all[1].Message != nil || all[1].Deleted != "at://did:plc:maude/app.bsky.feed.post/3lbbbbbbbbb02" {
		t.Errorf("%+v", all[1])
	}
}

// A connection breaks every few events: whoever goes on from the last cursor misses nothing.
func TestAStreamIsTakenUpFromItsCursorAndSkipsNothing(t *testing.T) {
	var events [][]byte
	for i := range 50 {
		events = append(events, posted(i, fmt.Sprint("numéro ", i)))
	}
	server, j := jetstream(t, events...)
	server.DropAfter(9)
	var cur network.Cursor
	seen := map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 30 {
		err := j.Stream(ctx, cur, network.Wire{HTTP: http.DefaultClient}, func(e network.Event) error {
			if seen[e.Message.Text], cur = true, e.Cursor; len(seen) == 50 {
				return errEnough
			}
			return nil
		})
		if err == errEnough {
			break
		}
		if !fault.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
	}
	if len(seen) != 50 {
		t.Errorf("read %d of 50", len(seen))
	}
	if first := server.Asked()[0]; strings.Contains(first, "cursor") || !strings.Contains(first, "wantedCollections=app.bsky.feed.post") {
		t.Errorf("asked %s", first)
	}
}

func TestWhatIsNoPostIsPassedOver(t *testing.T) {
	_, j := jetstream(t, []byte("not JSON"), []byte("[]"), []byte(`{"kind":"commit"}`), []byte(`{"did":"did:plc:x","time_us":1,"kind":"identity","identity":{"handle":"x"}}`),
		[]byte(`{"did":"did:plc:x","time_us":-5,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"3lbbbbbbbbb01","cid":"c","record":{}}}`),
		[]byte(`{"did":"nobody","time_us":5,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"3lbbbbbbbbb01","cid":"c","record":{}}}`),
		[]byte(`{"did":"did:plc:x","time_us":5,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"../x","cid":"c","record":{}}}`),
		[]byte(`{"did":"did:plc:x","time_us":5,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"3lbbbbbbbbb01","cid":"c","record":{"text":7}}}`),
		posted(9, "enfin"))
	if all := follow(t, j, "", 1); all[0].Message == nil || all[0].Message.Text != "enfin" {
		t.Errorf("%+v", all)
	}
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	_, j := jetstream(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := j.Stream(ctx, "", network.Wire{HTTP: http.DefaultClient}, func(network.Event) error { return nil })
	if !fault.Is(err, fault.Unavailable) || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

// What production servers really send: every post of it is read, and nothing else.
func TestEverythingThatRealServersSentIsRead(t *testing.T) {
	dir := os.Getenv("COMPTOIR_CORPORA")
	if dir == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	for _, file := range []string{"subscribe/testdata/golden_v1.jsonl", "corpus/testdata/expected_v1.jsonl"} {
		b, err := os.ReadFile(filepath.Join(dir, "jetstream", "internal", file))
		if err != nil {
			t.Fatal(err)
		}
		var events [][]byte
		var want []string
		for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
			events = append(events, line)
			var e map[string]any
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			commit, _ := e["commit"].(map[string]any)
			if commit["collection"] == "app.bsky.feed.post" {
				want = append(want, fmt.Sprintf("%s at://%s/app.bsky.feed.post/%s", commit["operation"], e["did"], commit["rkey"]))
			}
		}
		if len(want) == 0 {
			t.Fatalf("%s has no post", file)
		}
		_, j := jetstream(t, events...)
		var got []string
		for _, e := range follow(t, j, "", len(want)) {
			if e.Message == nil {
				got = append(got, "delete "+string(e.Deleted))
			} else {
				got = append(got, "create "+string(e.Message.ID))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}
