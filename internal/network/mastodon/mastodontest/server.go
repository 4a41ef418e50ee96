// Package mastodontest is a Mastodon server in memory, for tests and for `comptoir demo`: the client API on loopback,
// with accounts of its own and of elsewhere.
//
// It is strict where its documents are: it knows no parameter that they do not name, hands a token only to who went
// through the whole login, lets it do what was granted, counts characters by itself and takes no post with a file
// that is not ready. Its Mood is the software that it plays; what goes wrong is its Trouble.
package mastodontest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"comptoir/internal/network/mastodon"
)

// Mood is the software that a server plays.
type Mood string

const (
	Mastodon   Mood = "mastodon"
	GoToSocial Mood = "gotosocial" // no idempotency, 400 in place of 422, ULIDs, wss:// on a server that speaks http
)

// Trouble is what goes wrong at the server. The zero value is an honest, healthy server.
type Trouble struct {
	// Revoked takes no token any more, as after somebody took it away.
	Revoked bool
	// Throttled refuses everything for being too much, and says how long to wait.
	Throttled time.Duration
	// DropAfterPost breaks the connection when a post was taken, before the answer.
	DropAfterPost bool
	// Skew is how far the server's clock is ahead of ours.
	Skew time.Duration
	// Slow is how often a file is "still processing" before it is ready.
	Slow int
	// Limit is how many more requests are taken before it is too much, as each answer then tells; 0 = nobody counts.
	// The count begins anew after Period.
	Limit  int
	Period time.Duration
	// Page answers everything with the page of a proxy, and this status.
	Page int
}

// Server is a running server. Its methods may be called from any goroutine.
type Server struct {
	mood     Mood
	listener net.Listener
	http     *http.Server
	running  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	trouble  Trouble
	counted  counted
	last     int64 // of the numbers that ids are made of
	accounts map[string]*Account
	posts    []*Post // in order
	notices  []*notice
	files    map[string]*upload
	apps     map[string]*app
	codes    map[string]*grant
	tokens   map[string]*grant
	keys     map[string]string // post by account and Idempotency-Key
	ledger   []*Post           // what clients posted, in order
	asked    map[string]int    // requests by route
	onPost   func(Post)
	told     chan struct{} // closed when somebody is told of something, and made anew
	closing  chan struct{}
}

// Account is somebody, here or elsewhere.
type Account struct {
	ID   string
	Acct string // "maude" here, "maude@jasette.quebec" elsewhere
	Name string
	Bot  bool
}

// Post is what somebody said.
type Post struct {
	ID         string
	From       *Account
	At         time.Time
	Text       string // as it was typed
	Spoiler    string
	Visibility string // "public" when empty
	Language   string
	InReplyTo  string
	Key        string // Idempotency-Key, of what clients posted
	Gone       bool
	Options    []string // of a poll

	files                         []*upload
	liked, boosted                map[string]bool // by account
	raw                           string          // in place of all this: what cannot be read
	padding                       int
	mentions                      []*Account
	favourites, reblogs, replying int
}

// notice is a notification.
type notice struct {
	id, kind string
	to       *Account
	from     *Account
	post     *Post
	at       time.Time
}

// Start starts a server on a free port of 127.0.0.1. Close ends it.
func Start(mood Mood) (*Server, error) {
	s := &Server{
		mood: mood, accounts: map[string]*Account{}, files: map[string]*upload{}, apps: map[string]*app{}, codes: map[string]*grant{},
		tokens: map[string]*grant{}, keys: map[string]string{}, asked: map[string]int{},
		told: make(chan struct{}), closing: make(chan struct{}),
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("mastodontest: %w", err)
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.running.Go(func() { s.http.Serve(s.listener) })
	return s, nil
}

// Close ends every connection and waits until the server is gone.
func (s *Server) Close() {
	close(s.closing)
	s.http.Close()
	s.running.Wait()
}

// Host is where the server is: "127.0.0.1:40123".
func (s *Server) Host() string { return s.listener.Addr().String() }

// URL is the same as an address.
func (s *Server) URL() string { return "http://" + s.Host() }

// Domain is what follows the second @ of its accounts.
const Domain = "jasette.test"

// Add makes an account: "lezinc" here, "maude@ailleurs.test" elsewhere.
func (s *Server) Add(acct, name string) Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.add(acct, name)
}

func (s *Server) add(acct, name string) *Account {
	if a := s.accounts[strings.ToLower(acct)]; a != nil {
		return a
	}
	a := &Account{ID: s.newID(), Acct: acct, Name: name}
	s.accounts[strings.ToLower(acct)] = a
	return a
}

// newID makes an id as the software does: a number, or a ULID. Both grow.
func (s *Server) newID() string {
	s.last++
	if s.mood == GoToSocial {
		return fmt.Sprintf("01HZ0000000000%012d", s.last)
	}
	return fmt.Sprintf("11327%013d", s.last)
}

// before tells whether an id is older than another.
func before(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// Token gives an account's token with the scopes that Comptoir asks for, as after a login.
func (s *Server) Token(acct string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := "s3cret-token-of-" + acct
	s.tokens[token] = &grant{account: s.accounts[strings.ToLower(acct)], scopes: known}
	return token
}

// Endpoint is an account as the driver opens it.
func (s *Server) Endpoint(acct string) mastodon.Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.limits()
	return mastodon.Endpoint{
		Server: s.URL(), Domain: Domain, Software: string(s.mood), Account: s.accounts[strings.ToLower(acct)].ID, Handle: "@" + acct + "@" + Domain,
		Text: l.characters, Link: l.link, Files: l.files, FileBytes: 16 << 20, Alt: l.alt, Types: fileTypes, Polls: true, Streaming: s.streaming(),
	}
}

// Say posts something as somebody, who is added when nobody knows them. Whom the text names is told. A zero At is now.
func (s *Server) Say(acct, name string, p Post) (Post, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.From = s.add(acct, name)
	if p.InReplyTo != "" && s.post(p.InReplyTo) == nil {
		return p, errors.New("mastodontest: nothing there to answer")
	}
	if p.At.IsZero() {
		p.At = s.now()
	}
	return *s.publish(&p), nil
}

// Spoil tells an account of something that cannot be read.
func (s *Server) Spoil(acct string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[strings.ToLower(acct)]
	p := &Post{ID: s.newID(), From: a, At: s.now(), raw: `{"id":{"no":"id"},"account":7,"content":["?"]}`}
	s.tell(&notice{kind: "mention", to: a, from: a, post: p, at: p.At})
}

// Notify tells an account of something else than a mention: a kind of notification that may be new to everybody.
func (s *Server) Notify(acct, kind, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(&notice{kind: kind, to: s.accounts[strings.ToLower(acct)], from: s.add(from, from), at: s.now()})
}

// Remove takes a post back, as its author does.
func (s *Server) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.post(id); p != nil {
		p.Gone = true
	}
}

// Find returns a post as it is now.
func (s *Server) Find(id string) (Post, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.post(id)
	if p == nil {
		return Post{}, false
	}
	return *p, true
}

// Liked and Boosted tell whether an account does so of a post.
func (s *Server) Liked(id, acct string) bool { return s.does(id, acct, false) }

// Boosted tells whether an account has shared a post.
func (s *Server) Boosted(id, acct string) bool { return s.does(id, acct, true) }

func (s *Server) does(id, acct string, boost bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.posts {
		if p.ID == id && boost {
			return p.boosted[strings.ToLower(acct)]
		} else if p.ID == id {
			return p.liked[strings.ToLower(acct)]
		}
	}
	return false
}

// Ledger lists what clients posted, in order, also what is gone.
func (s *Server) Ledger() (all []Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.ledger {
		all = append(all, *p)
	}
	return all
}

// Asked counts the requests of a route: "POST /api/v1/statuses".
func (s *Server) Asked(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[route]
}

// OnPost calls f after each post of a client: whoever plays the guests in a demonstration answers from here.
func (s *Server) OnPost(f func(Post)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPost = f
}

// Set replaces the server's trouble.
func (s *Server) Set(t Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = t
	s.counted = counted{}
}

// Trouble tells what goes wrong now.
func (s *Server) Trouble() Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

func (s *Server) now() time.Time { return time.Now().Add(s.trouble.Skew) }

func (s *Server) post(id string) *Post {
	for _, p := range s.posts {
		if p.ID == id && !p.Gone {
			return p
		}
	}
	return nil
}

// SayTo is Say to somebody whom the text does not name: they are told of it all the same, as a program can do that
// writes posts otherwise than as text. padding is how many bytes more the post weighs.
func (s *Server) SayTo(to, acct, name string, p Post, padding int) (Post, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.From, p.padding = s.add(acct, name), padding
	if p.At.IsZero() {
		p.At = s.now()
	}
	done := s.publish(&p)
	if a := s.accounts[strings.ToLower(to)]; !slices.Contains(done.mentions, a) {
		done.mentions = append(done.mentions, a)
		s.tell(&notice{kind: "mention", to: a, from: done.From, post: done, at: done.At})
	}
	return *done, nil
}
