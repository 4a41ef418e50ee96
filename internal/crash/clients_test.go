package crash

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"comptoir/internal/db"
)

// outcome is what a client knows of something that it sent.
type outcome int

const (
	unsent  outcome = iota // nobody listened: nothing of it left
	refused                // the answer says that it was not taken
	taken                  // the answer says that it was
	unknown                // the connection broke before an answer
)

// list is what clients of one kind keep of what they said, by a word that is in nothing else.
type list struct {
	mu sync.Mutex
	by map[string]outcome
	n  int
	of string
}

func newList(of string) *list { return &list{by: map[string]outcome{}, of: of} }

func (l *list) word() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	return fmt.Sprintf("%s-%d-%d", l.of, *seed, l.n)
}

func (l *list) note(word string, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by[word] = o
}

func (l *list) of3() (took, no, maybe int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.by {
		switch o {
		case taken:
			took++
		case refused:
			no++
		case unknown:
			maybe++
		}
	}
	return
}

// send makes one request and tells what is known of it.
func send(c *http.Client, req *http.Request) outcome {
	resp, err := c.Do(req)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return unsent
		}
		return unknown
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	switch {
	case strings.HasPrefix(resp.Header.Get("Location"), "/sign-in"): // the session is over
		return refused
	case resp.StatusCode < 400:
		return taken
	case resp.StatusCode == http.StatusBadGateway: // "look before you do it again"
		return unknown
	}
	return refused
}

func post(ctx context.Context, url string, form url.Values) *http.Request {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // our own addresses
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

// crowd is everybody who says something to a house, until stop.
type crowd struct {
	h       *house
	guests  *list
	mails   *list
	answers *list
	client  *http.Client    // of the member
	late    bool            // an answer may be too late, and then asks a person
	known   map[string]bool // conversations that the member has answered
	stop    func()
}

func newCrowd(h *house, client *http.Client) *crowd {
	return &crowd{h: h, guests: newList("guest"), mails: newList("mail"), answers: newList("answer"), client: client, known: map[string]bool{}}
}

// gather lets people speak: guests as many as are wanted, ten correspondents in a second, and a member who answers.
func gather(t *testing.T, h *house, client *http.Client) *crowd {
	t.Helper()
	c := newCrowd(h, client)
	c.speak(t)
	return c
}

func (c *crowd) speak(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	c.stop = func() { cancel(); all.Wait() }
	t.Cleanup(c.stop)
	for i := range phones {
		all.Go(func() { c.guest(ctx, i) })
	}
	all.Go(func() { c.correspondents(ctx, 10) })
	all.Go(func() { c.member(ctx) })
}

// phones are how many guests may wait for an answer at once.
const phones = 20

// guest plays phones that scan one card after the other.
func (c *crowd) guest(ctx context.Context, i int) {
	pace := rate.NewLimiter(rate.Limit(float64(*flood)/phones), 1)
	for n := i; pace.Wait(ctx) == nil; n += phones {
		c.ask(n)
	}
}

// ask is one guest's wish, from an address of their own.
func (c *crowd) ask(n int) outcome {
	word := c.guests.word()
	req := post(context.Background(), "http://"+c.h.addr+c.h.tables[n%len(c.h.tables)], url.Values{"kind": {"other"}, "text": {"On voudrait " + word}})
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", rand.IntN(256), rand.IntN(256), rand.IntN(256)))
	phone := &http.Client{Timeout: 15 * time.Second, CheckRedirect: c.client.CheckRedirect}
	o := send(phone, req)
	c.guests.note(word, o)
	return o
}

// correspondents write mails; a few are long, some carry a file.
func (c *crowd) correspondents(ctx context.Context, perSecond int) {
	pace := rate.NewLimiter(rate.Limit(perSecond), max(1, perSecond/10))
	for n := 0; pace.Wait(ctx) == nil; n++ {
		c.write(n)
	}
}

// write is one mail, known by the word it returns. What the mail server has is acknowledged.
func (c *crowd) write(n int) string {
	word := c.mails.word()
	if err := c.h.mail.Deliver(barAddress, letter(word, n), time.Time{}); err != nil {
		panic(err)
	}
	c.mails.note(word, taken)
	return word
}

// letter is a mail whose text holds word.
func letter(word string, n int) []byte {
	head := fmt.Sprintf("From: Maude <maude%d@exemple.test>\r\nTo: <%s>\r\nSubject: Question %s\r\nDate: %s\r\nMessage-ID: <%s@exemple.test>\r\nMIME-Version: 1.0\r\n",
		n%500, barAddress, word, time.Now().Format(time.RFC1123Z), word)
	text := "Bonjour, " + word + "\r\n"
	if n%20 == 0 {
		text += strings.Repeat("On est nombreux et on parle longtemps de la soiree.\r\n", 400)
	}
	if n%3 != 0 {
		return []byte(head + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text)
	}
	file := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(word+" ", 200)))
	return []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text +
		"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"menu.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(file) + "--b--\r\n")
}

func wrapped(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	return b.String() + s + "\r\n"
}

var conversation = regexp.MustCompile(`/inbox/c/([0-9a-f-]{36})`)

// member answers what the list shows, each conversation once. An answer whose fate is unknown is sent again as a
// browser does it, the same form: it must be taken once.
func (c *crowd) member(ctx context.Context) {
	pace := rate.NewLimiter(5, 1)
	for pace.Wait(ctx) == nil {
		ids := c.listed("")
		for _, id := range ids {
			if ctx.Err() != nil {
				return
			}
			if c.known[id] {
				continue
			}
			c.known[id] = true
			c.answer(ctx, id)
			if len(c.known)%2 == 0 && !c.late {
				c.merge(ctx, ids[0], id)
			}
			if pace.Wait(ctx) != nil {
				return
			}
		}
	}
}

func (c *crowd) answer(ctx context.Context, id string) {
	word := c.answers.word()
	form := url.Values{"once": {db.NewID()}, "text": {word + "\n" + strings.Repeat("Avec plaisir, a samedi.\n", c.answers.n%400)}}
	for {
		o := send(c.client, post(context.WithoutCancel(ctx), "http://"+c.h.addr+"/p/le-zinc/inbox/c/"+id+"/reply", form))
		c.answers.note(word, o)
		if o != unsent && o != unknown {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// merge joins two conversations. Its fate shows in their messages, which are all to stay.
func (c *crowd) merge(ctx context.Context, kept, gone string) {
	send(c.client, post(context.WithoutCancel(ctx), "http://"+c.h.addr+"/p/le-zinc/inbox/c/"+kept+"/merge", url.Values{"other": {gone}}))
}

// listed are the first conversations that the counter shows of the mailbox; more narrows them.
func (c *crowd) listed(more string) (ids []string) {
	resp, err := c.client.Get("http://" + c.h.addr + "/p/le-zinc/inbox?hide=house" + more)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(resp.Body)
	for _, m := range conversation.FindAllStringSubmatch(string(page), -1) {
		ids = append(ids, m[1])
	}
	return ids
}
