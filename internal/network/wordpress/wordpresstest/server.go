// Package wordpresstest is a WordPress site in memory, for tests and for `comptoir demo`: its REST API on loopback, with
// articles, comments and accounts of its own.
//
// It is strict where the real one is: it takes an application password and no other, tells drafts and addresses to
// those who may see them, refuses the same words twice, gives the second of two slugs another one, and judges files by
// looking at them. It is stricter in one thing: a parameter that nobody knows, which the real one passes over, is
// refused here, for it is a mistake. Its Mood is how it is set up; what goes wrong is its Trouble.
package wordpresstest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"comptoir/internal/network/wordpress"
)

// Mood is how a site is set up.
type Mood string

const (
	Pretty Mood = "pretty" // permalinks: /wp-json/; a wrong password makes a stranger of who gives it, as 6.1 does
	Plain  Mood = "plain"  // in a folder, ?rest_route=; a wrong password is told, as later ones do
	Hosted Mood = "hosted" // by WordPress.com, on a plan that takes no application passwords
)

// Trouble is what goes wrong at the site. The zero value is an honest, healthy one.
type Trouble struct {
	// Revoked knows the application passwords no more.
	Revoked bool
	// Stripped is a host that keeps the Authorization header from the site.
	Stripped bool
	// Throttled is a host that refuses everything for being too much, and says how long to wait.
	Throttled time.Duration
	// DropAfterPost breaks the connection when something was published, before the answer.
	DropAfterPost bool
	// Skew is how far the site's clock is ahead of ours.
	Skew time.Duration
	// Warnings are printed before every answer, as by a plug-in with a mistake.
	Warnings string
	// Blank keeps no programs of comments, as some do for privacy.
	Blank bool
	// Holds keeps every new comment for somebody to decide of, ours too.
	Holds bool
	// Empty is a plug-in that hides what there is from lists.
	Empty bool
	// NoBin removes at once.
	NoBin bool
	// Page answers everything with the page of a proxy, and this status.
	Page int
}

// Server is a running site. Its methods may be called from any goroutine.
type Server struct {
	mood     Mood
	listener net.Listener
	http     *http.Server
	running  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	trouble  Trouble
	last     map[string]int64 // number given, by what is counted
	users    []*User
	posts    []*Post    // articles, and files in the same list of slugs
	comments []*Comment // in order
	ledger   []*Entry
	asked    map[string]int // requests by route
	onAnswer func(Comment)
}

// User is somebody with an account on the site.
type User struct {
	ID       int64
	Login    string
	Name     string
	Email    string
	Editor   bool   // else a subscriber
	Password string // the application password
	uuid     string
}

// Post is an article or a file.
type Post struct {
	ID      int64
	Type    string // "post", "attachment"
	Slug    string
	Title   string // as it was typed
	Content string
	Status  string
	Closed  bool // to comments
	Author  int64
	At      time.Time

	Alt, Mime string // of a file
	Bytes     []byte
	featured  int64
}

// Comment is one, as the site keeps it.
type Comment struct {
	ID, Post, Parent int64
	User             *User // nil = a guest
	Name, Email, URL string
	Program          string
	Content          string // as it is stored
	Status           string // approved, hold, spam, trash
	Type             string // "comment" when empty
	At               time.Time

	raw     string // in place of all this: what cannot be read
	padding int
}

// Entry is something that a program published.
type Entry struct {
	Post    *Post
	Comment *Comment
	Gone    bool
}

// Start starts a site on a free port of 127.0.0.1, with one article. Close ends it.
func Start(mood Mood) (*Server, error) {
	s := &Server{mood: mood, last: map[string]int64{}, asked: map[string]int{}}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("wordpresstest: %w", err)
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.Write("La bande du jeudi", "Du soul, du boogie, et un peu de poussière.")
	s.running.Go(func() { s.http.Serve(s.listener) })
	return s, nil
}

// Close ends every connection and waits until the site is gone.
func (s *Server) Close() {
	s.http.Close()
	s.running.Wait()
}

// Title is what the site calls itself.
const Title = "Le blog du Zinc"

// URL is the front page.
func (s *Server) URL() string {
	if s.mood == Plain {
		return "http://" + s.listener.Addr().String() + "/blog"
	}
	return "http://" + s.listener.Addr().String()
}

// Host is where the site is: "127.0.0.1:40123".
func (s *Server) Host() string { return s.listener.Addr().String() }

// api is what routes begin with, before their namespace.
func (s *Server) api() string {
	if s.mood == Plain {
		return s.URL() + "/?rest_route=/"
	}
	return s.URL() + "/wp-json/"
}

func (s *Server) number(of string) int64 {
	s.last[of]++
	return s.last[of]
}

// Add makes an account: an editor, who may do what we need, or a subscriber.
func (s *Server) Add(login, name string, editor bool) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.number("user")
	u := &User{ID: n, Login: login, Name: name, Email: login + "@exemple.test", Editor: editor, Password: strings.Repeat(string(rune('a'+n%26)), 12) + fmt.Sprintf("%012d", n), uuid: fmt.Sprintf("00000000-0000-4000-8000-%012d", n)}
	s.users = append(s.users, u)
	return *u
}

func (s *Server) user(login string) *User {
	for _, u := range s.users {
		if u.Login == login {
			return u
		}
	}
	return nil
}

// Endpoint is an account as the driver opens it.
func (s *Server) Endpoint(login string) wordpress.Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wordpress.Endpoint{Site: s.URL(), API: s.api() + "wp/v2/", Title: Title, Login: login, User: s.user(login).ID}
}

// Write publishes an article as its people do, and returns its number.
func (s *Server) Write(title, content string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &Post{ID: s.number("post"), Type: "post", Title: title, Content: content, Status: "publish", Author: 1, At: s.now()}
	p.Slug = s.free(fmt.Sprintf("article-%d", p.ID), p)
	s.posts = append(s.posts, p)
	return p.ID
}

// Shut closes an article to comments, or puts it in the bin.
func (s *Server) Shut(post int64, closed, trashed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.post(post)
	p.Closed = closed
	if trashed {
		p.Status, p.Slug = "trash", p.Slug+"__trashed"
	}
}

// Say leaves a comment as a guest does by the page of an article; Content is what they
// mean to be read. A zero Post is the first article, a zero At is now. Holds keeps it waiting.
func (s *Server) Say(c Comment) (Comment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.say(c, 0)
}

// SayPadded is Say of a comment to which a plug-in adds so many bytes for whoever asks for all of it.
func (s *Server) SayPadded(c Comment, padding int) (Comment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.say(c, padding)
}

func (s *Server) say(c Comment, padding int) (Comment, error) {
	if c.Post == 0 {
		c.Post = 1
	}
	if c.Parent != 0 {
		parent := s.comment(c.Parent)
		if parent == nil {
			return c, errors.New("wordpresstest: nothing there to answer")
		}
		c.Post = parent.Post
	}
	c.Content, c.padding = filtered(c.Content), padding
	return *s.keep(&c), nil
}

// keep stores a comment.
func (s *Server) keep(c *Comment) *Comment {
	c.ID = s.number("comment")
	if c.At.IsZero() {
		c.At = s.now()
	}
	if c.Type == "" {
		c.Type = "comment"
	}
	if c.Status == "" {
		if c.Status = "approved"; s.trouble.Holds {
			c.Status = "hold"
		}
	}
	if s.trouble.Blank {
		c.Program = ""
	}
	s.comments = append(s.comments, c)
	return c
}

// Spoil leaves what cannot be read.
func (s *Server) Spoil() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.keep(&Comment{Post: 1})
	c.raw = fmt.Sprintf(`{"id":{"no":%d},"content":["?"]}`, c.ID)
}

// Edit changes the words of a comment, Decide its status, and Erase removes it for good, as people do on the site.
func (s *Server) Edit(id int64, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.comment(id).Content = filtered(content)
}

func (s *Server) Decide(id int64, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.comment(id).Status = status
}

func (s *Server) Erase(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase(id)
}

func (s *Server) erase(id int64) {
	for i, c := range s.comments {
		if c.ID == id {
			s.comments = append(s.comments[:i:i], s.comments[i+1:]...)
			return
		}
	}
}

// Find returns a comment as it is now.
func (s *Server) Find(id int64) (Comment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.comment(id)
	if c == nil {
		return Comment{}, false
	}
	return *c, true
}

// Ledger lists what programs published, in order, also what is gone.
func (s *Server) Ledger() (all []Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.ledger {
		c := Entry{Gone: e.Gone}
		if e.Post != nil {
			p := *e.Post
			c.Post = &p
		} else {
			m := *e.Comment
			c.Comment = &m
		}
		all = append(all, c)
	}
	return all
}

// Files lists the files that an article shows, in order.
func (s *Server) Files(article Post) (all []Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range Shown(article.Content) {
		if p := s.post(id); p != nil && p.Type == "attachment" {
			all = append(all, *p)
		}
	}
	return all
}

// Asked counts the requests of a route: "POST comments".
func (s *Server) Asked(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[route]
}

// OnAnswer calls f after each comment of a program: whoever plays the guests in a demonstration answers from here.
func (s *Server) OnAnswer(f func(Comment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAnswer = f
}

// Set replaces the site's trouble.
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

func (s *Server) now() time.Time { return time.Now().Add(s.trouble.Skew).UTC().Truncate(time.Second) }

func (s *Server) post(id int64) *Post {
	for _, p := range s.posts {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (s *Server) comment(id int64) *Comment {
	for _, c := range s.comments {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// free is a slug that no other has: the second gets a number.
func (s *Server) free(slug string, of *Post) string {
	for n := 1; ; n++ {
		try := slug
		if n > 1 {
			try = fmt.Sprintf("%s-%d", slug, n)
		}
		taken := false
		for _, p := range s.posts {
			taken = taken || p != of && p.Slug == try
		}
		if !taken {
			return try
		}
	}
}
