// Package blueskytest is a server of the AT protocol in memory, for tests and for `comptoir demo`: an account's own
// server, the network's index and its directory of names in one, on loopback.
//
// It is strict where the protocol's documents are: it knows no parameter that they do not name, takes a token once
// where it serves once, and checks every record against what the lexicons say of it, and that a text's facets are
// where they say. What goes wrong is its Trouble.
package blueskytest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"comptoir/internal/network/bluesky"
)

// Trouble is what goes wrong at the server. The zero value is an honest, healthy server.
type Trouble struct {
	// Revoked takes no token and no password any more, as after somebody took the app password away.
	Revoked bool
	// Takedown says that the account was taken down.
	Takedown bool
	// Throttled refuses everything for being too much, and says how long to wait.
	Throttled time.Duration
	// DropAfterPut breaks the connection when a record was taken, before the answer.
	DropAfterPut bool
	// NoRefresh hands out no second token with a session that is renewed.
	NoRefresh bool
	// NoPage is a server without a page on which somebody says yes.
	NoPage bool
	// FewScopes lets somebody grant less than they were asked for.
	FewScopes bool
	// Metadata replaces what the authorization server says of itself.
	Metadata map[string]any
	// NoIndex is an index that cannot be reached: the account's own server works.
	NoIndex bool
	// Skew is how far the server's clock is ahead of ours.
	Skew time.Duration
	// Page answers everything with the page of a proxy, and this status.
	Page int
}

// Account is somebody.
type Account struct {
	DID    string
	Handle string
	Name   string
	// Password is the app password, "" = nobody enters.
	Password string
}

// Record is something that an account keeps.
type Record struct {
	URI, CID   string
	Collection string
	Key        string
	By         Account
	Value      map[string]any
	At         time.Time // by which it is sorted
	Gone       bool

	since, until time.Time // for which it is kept, by our clock

	raw     string // in place of the value: what cannot be read
	padding int

	likes, reposts, replies int // of people who are not here
}

// File is a picture of a post.
type File struct {
	Type, Alt string
	Content   []byte
}

// Text is what a post says.
func (r Record) Text() string { s, _ := r.Value["text"].(string); return s }

// Parent is the post that a post answers, "" = none.
func (r Record) Parent() string {
	reply, _ := r.Value["reply"].(map[string]any)
	parent, _ := reply["parent"].(map[string]any)
	name, _ := parent["uri"].(string)
	return name
}

// notice is a notification.
type notice struct {
	to     string // a DID
	reason string
	record *Record
}

// Server is a running server. Its methods may be called from any goroutine.
type Server struct {
	listener net.Listener
	http     *http.Server
	running  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	trouble  Trouble
	last     int // of the numbers that names are made of
	accounts map[string]*Account
	access   map[string]string // DID by token
	refresh  map[string]string
	records  []*Record // in order
	notices  []notice
	blobs    map[string][]byte // by CID
	types    map[string]string
	ledger   []*Record // what clients posted, in order
	asked    map[string]int
	claimed  map[string]string // DID by a name that it does not have
	onPost   func(Record)
	between  map[string]func() // by method
	oauth
}

// Start starts a server on a free port of 127.0.0.1. Close ends it.
func Start() (*Server, error) {
	s := &Server{
		accounts: map[string]*Account{}, access: map[string]string{}, refresh: map[string]string{},
		blobs: map[string][]byte{}, types: map[string]string{}, asked: map[string]int{}, claimed: map[string]string{}, between: map[string]func(){}, oauth: newOAuth(),
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("blueskytest: %w", err)
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.running.Go(func() { s.http.Serve(s.listener) })
	return s, nil
}

// Close ends every connection and waits until the server is gone.
func (s *Server) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.http.Shutdown(ctx)
	s.http.Close()
	s.running.Wait()
}

// Host is where the server is: "127.0.0.1:40123".
func (s *Server) Host() string { return s.listener.Addr().String() }

// URL is the same as an address.
func (s *Server) URL() string { return "http://" + s.Host() }

// Driver is the driver whose names are looked up here.
func (s *Server) Driver() bluesky.Driver {
	return bluesky.Driver{Directory: s.URL(), PLC: s.URL()}
}

// Add makes an account: "lezinc.test", with an app password or without.
func (s *Server) Add(handle, name, password string) Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.add(handle, name, password)
}

func (s *Server) add(handle, name, password string) *Account {
	did := "did:plc:" + strings.NewReplacer(".", "", "-", "").Replace(handle)
	if a := s.accounts[did]; a != nil {
		return a
	}
	a := &Account{DID: did, Handle: handle, Name: name, Password: password}
	s.accounts[did] = a
	return a
}

// who is the account of a name or a DID, nil = nobody's.
func (s *Server) who(name string) *Account {
	for _, a := range s.accounts {
		if a.DID == name || strings.EqualFold(a.Handle, name) {
			return a
		}
	}
	return nil
}

// Endpoint is an account as the driver opens it.
func (s *Server) Endpoint(handle string) bluesky.Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bluesky.Endpoint{Server: s.URL(), DID: s.who(handle).DID, Handle: handle}
}

// Enter opens a session for an account, as its program would.
func (s *Server) Enter(handle string) (access, refresh string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open(s.who(handle))
}

// Knows tells whether a token renews a session.
func (s *Server) Knows(refresh string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refresh[refresh] != ""
}

// Claim has a name lead to an account that does not have it.
func (s *Server) Claim(handle, did string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claimed[handle] = did
}

// Meanwhile has f happen once, while a method is being asked.
func (s *Server) Meanwhile(method string, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.between[method] = f
}

// Expire ends all tokens that serve for an hour or two.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
	clear(s.bound)
}

// EndSessions ends the other tokens too, as after months: the password is good.
func (s *Server) EndSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
	clear(s.refresh)
}

// Said is a post of somebody.
type Said struct {
	Text    string
	At      time.Time      // as its author claims; zero = now
	Answers string         // the post that it answers, "" = none
	Quotes  string         // the post that it quotes
	Value   map[string]any // what more its record holds
	To      string         // whom it is told to though its words do not name them, as facets can
	Padding int            // bytes more
}

// Say posts something as somebody, who is added when nobody knows them. A record of elsewhere is checked by nobody here.
func (s *Server) Say(handle, name string, said Said) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.add(handle, name, "")
	if said.At.IsZero() {
		said.At = s.now()
	}
	value := map[string]any{"$type": bluesky.PostType, "text": said.Text, "createdAt": said.At.Format(time.RFC3339Nano), "langs": []any{"fr"}}
	for k, v := range said.Value {
		value[k] = v
	}
	if said.Answers != "" {
		parent := s.record(said.Answers)
		if parent == nil {
			return Record{}, errors.New("blueskytest: nothing there to answer")
		}
		root := map[string]any{"uri": parent.URI, "cid": parent.CID}
		if above, ok := parent.Value["reply"].(map[string]any); ok {
			root = above["root"].(map[string]any)
		}
		value["reply"] = map[string]any{"root": root, "parent": map[string]any{"uri": parent.URI, "cid": parent.CID}}
	}
	if said.Quotes != "" {
		value["embed"] = map[string]any{"$type": "app.bsky.embed.record", "record": map[string]any{"uri": said.Quotes, "cid": "bafyquoted"}}
	}
	r := s.keep(by, bluesky.PostType, s.newKey(), value)
	r.At, r.padding = earlier(said.At, s.now()), min(said.Padding, maxRecord)
	s.tell(r, said.To)
	return *r, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Spoil tells an account of something that cannot be read.
func (s *Server) Spoil(handle string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.who(handle)
	r := &Record{URI: "at://" + by.DID + "/" + bluesky.PostType + "/" + s.newKey(), By: *by, At: s.now(), raw: `{"text":{"no":"text"},"createdAt":7}`}
	s.notices = append(s.notices, notice{by.DID, "mention", r})
}

// Notify tells an account of something else: a reason that may be new to everybody.
func (s *Server) Notify(handle, reason, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.keep(s.add(from, from, ""), "app.bsky.graph.follow", s.newKey(), map[string]any{"$type": "app.bsky.graph.follow"})
	s.notices = append(s.notices, notice{s.who(handle).DID, reason, r})
}

// Ledger lists what clients posted, in order, also what is gone.
func (s *Server) Ledger() (all []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.ledger {
		all = append(all, *r)
	}
	return all
}

// Kept lists the records of an account, in order.
func (s *Server) Kept(handle string) (all []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.who(handle)
	for _, r := range s.records {
		if r.By.DID == by.DID && !r.Gone {
			all = append(all, *r)
		}
	}
	return all
}

// Gesture likes or reposts a post as another program does.
func (s *Server) Gesture(handle, collection string, of Record) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	about := map[string]any{"uri": of.URI, "cid": of.CID}
	return *s.keep(s.who(handle), collection, s.newKey(), map[string]any{"$type": collection, "subject": about, "createdAt": s.now().Format(time.RFC3339)})
}

// Gestures lists what an account likes, or has reposted.
func (s *Server) Gestures(handle, collection string) (subjects []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.who(handle)
	for _, r := range s.records {
		if r.By.DID == by.DID && r.Collection == collection && !r.Gone {
			subjects = append(subjects, subject(r.Value))
		}
	}
	return subjects
}

// TextOf is what a post says, "" when there is none of that name.
func (s *Server) TextOf(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.record(name); r != nil {
		return r.Text()
	}
	return ""
}

// Asked counts the requests of a method.
func (s *Server) Asked(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[method]
}

// OnPost calls f after each post of a client: whoever plays the guests in a demonstration answers from here.
func (s *Server) OnPost(f func(Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPost = f
}

// Remove takes a record back, as its author does.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.record(name); r != nil {
		r.end()
	}
}

// Applaud has so many people like, repost and answer a post.
func (s *Server) Applaud(name string, likes, reposts, replies int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.record(name)
	r.likes, r.reposts, r.replies = int(likes), int(reposts), int(replies)
}

// Files are the pictures of a post.
func (s *Server) Files(r Record) (all []File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, _ := r.Value["embed"].(map[string]any)
	images, _ := e["images"].([]any)
	for _, one := range images {
		i := one.(map[string]any)
		cid := i["image"].(map[string]any)["ref"].(map[string]any)["$link"].(string)
		alt, _ := i["alt"].(string)
		all = append(all, File{s.types[cid], alt, s.blobs[cid]})
	}
	return all
}

func (s *Server) now() time.Time { return time.Now().Add(s.trouble.Skew) }

// Set replaces the server's trouble.
func (s *Server) Set(t Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = t
}

// Trouble tells what goes wrong now.
func (s *Server) Trouble() Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}
