package bluesky_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/network/bluesky/realtest"
	"comptoir/internal/network/networktest"
)

// realFake is two accounts on the network's own software as the conformance suite wants them.
type realFake struct {
	t          testing.TB
	n          *realtest.Network
	bar, guest *realtest.Account
	http       *http.Client
	endpoint   string
	cred       network.Credential
	seen       []networktest.Accepted // the ledger: what was ever seen there
}

func TestConformanceOfTheRealNetwork(t *testing.T) {
	n := realtest.Need(t, pgtest.URL)
	networktest.Run(t, n.Driver(), func(t testing.TB) networktest.Fake { return newReal(t, n) })
}

func newReal(t testing.TB, n *realtest.Network) *realFake {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	f := &realFake{t: t, n: n, bar: n.Join(t, "lezinc"), guest: n.Join(t, "maude")}
	f.http = &http.Client{Transport: looking{transport, f}}
	var err error
	if f.endpoint, f.cred, err = n.Driver().Enroll(t.Context(), network.Claim{Name: f.bar.Handle, Password: f.bar.AppPassword}, f.Wire()); err != nil {
		t.Fatal(err)
	}
	return f
}

// looking has the ledger looked at before anything is taken out of it: the server forgets it.
type looking struct {
	http.RoundTripper
	f *realFake
}

func (l looking) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "deleteRecord") {
		l.f.Accepted()
	}
	return l.RoundTripper.RoundTrip(r)
}

func (f *realFake) RealServer()                           {}
func (f *realFake) AllIsPublic()                          {}
func (f *realFake) Wire() network.Wire                    { return network.Wire{HTTP: f.http} }
func (f *realFake) Account() (string, network.Credential) { return f.endpoint, f.cred }

func (f *realFake) Someone() network.Author {
	return network.Author{ID: network.RemoteID(f.guest.DID), Handle: "@" + f.guest.Handle, Name: "Maude Gagné"}
}

// mostJSON is what this software takes in one request.
const mostJSON = 140 << 10

func (f *realFake) Say(s networktest.Said) error {
	if strings.ContainsRune(s.Text, 0) || !blueskytest.Takes(s.Text) { // the index has no room for either
		return errors.ErrUnsupported
	}
	record := map[string]any{}
	if !s.At.IsZero() {
		record["createdAt"] = s.At.Format(time.RFC3339Nano)
	}
	if s.Padding > 0 {
		record["test.padding"] = strings.Repeat("x", min(s.Padding, mostJSON))
	}
	if s.Answers != "" {
		above, err := f.find(string(s.Answers))
		if err != nil {
			return err
		}
		parent := map[string]any{"uri": above.URI, "cid": above.CID}
		root := any(parent)
		if deeper, ok := above.Value["reply"].(map[string]any); ok {
			root = deeper["root"]
		}
		record["reply"] = map[string]any{"root": root, "parent": parent}
	}
	return f.say(s.Text, record)
}

// say waits until the index has heard it.
func (f *realFake) say(words string, record map[string]any) error {
	uri, err := f.guest.Say(words, f.bar, record)
	for end := time.Now().Add(20 * time.Second); err == nil; time.Sleep(20 * time.Millisecond) {
		told, failed := f.bar.Told(uri)
		if told || failed != nil {
			return failed
		}
		if time.Now().After(end) {
			return fmt.Errorf("the index does not tell of %q", words)
		}
	}
	return err
}

func (f *realFake) SayFile(s networktest.Said, file networktest.File) error {
	blob, err := f.guest.Upload(file.Type, file.Content)
	if err != nil {
		return err
	}
	return f.say(s.Text, map[string]any{"embed": map[string]any{"$type": "app.bsky.embed.images", "images": []any{map[string]any{"image": blob, "alt": file.Alt}}}})
}

func (f *realFake) find(uri string) (realtest.Record, error) {
	records, err := f.bar.Records(bluesky.PostType)
	if i := slices.IndexFunc(records, func(r realtest.Record) bool { return r.URI == uri }); i >= 0 {
		return records[i], err
	}
	return realtest.Record{}, errors.Join(err, fmt.Errorf("nothing is at %s", uri))
}

func (f *realFake) Accepted() []networktest.Accepted {
	f.t.Helper()
	records, err := f.bar.Records(bluesky.PostType)
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range f.seen {
		f.seen[i].Gone = true
	}
	for _, r := range records {
		a := f.accepted(r)
		if i := slices.IndexFunc(f.seen, func(s networktest.Accepted) bool { return s.Key == a.Key }); i >= 0 {
			f.seen[i] = a
		} else {
			f.seen = append(f.seen, a)
		}
	}
	return f.seen
}

func (f *realFake) accepted(r realtest.Record) networktest.Accepted {
	a := networktest.Accepted{Key: r.URI[strings.LastIndex(r.URI, "/")+1:], Text: strings.TrimPrefix(r.Text(), f.Someone().Handle+" "), Answers: network.RemoteID(r.Parent())}
	embed, _ := r.Value["embed"].(map[string]any)
	images, _ := embed["images"].([]any)
	for _, one := range images {
		image := one.(map[string]any)
		kept := image["image"].(map[string]any)
		b, err := f.bar.Blob(kept["ref"].(map[string]any)["$link"].(string))
		if err != nil {
			f.t.Fatal(err)
		}
		a.Files = append(a.Files, networktest.File{Type: kept["mimeType"].(string), Alt: image["alt"].(string), Content: b})
	}
	return a
}

// Takes implements networktest.Judge: the server is asked.
func (f *realFake) Takes(words string) bool {
	_, err := f.guest.Say(words, nil, nil)
	return err == nil
}

// Gestures implements networktest.Witness.
func (f *realFake) Gestures(id network.RemoteID) (all []network.Reaction) {
	for _, r := range []network.Reaction{network.Like, network.Boost} {
		records, err := f.bar.Records(map[network.Reaction]string{network.Like: "app.bsky.feed.like", network.Boost: "app.bsky.feed.repost"}[r])
		if err != nil {
			f.t.Fatal(err)
		}
		for _, one := range records {
			if one.Value["subject"].(map[string]any)["uri"] == string(id) {
				all = append(all, r)
			}
		}
	}
	return all
}
