package crash

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
)

// limit is how long after the last fault everything must be where it belongs: an attempt that was killed is looked
// for after 19 seconds, a lease runs out after 20, and what the queue lost is done within 30 of the other two. A slow
// machine is given as much again.
const limit = 90 * time.Second

var (
	word = regexp.MustCompile(`\b(?:guest|mail|answer)-\d+-\d+\b`)
	ours = regexp.MustCompile(`\banswer-\d+-\d+\b`)
)

// answerRow is one answer of ours as the store has it.
type answerRow struct {
	word, state, in string
	looks           int
}

// row is one conversation.
type row struct {
	state, into string
	unread      bool
}

// judge waits until a running house is quiet, and holds what it kept against the lists of the crowd and the ledger of
// the mail server. It returns a line for the report.
func (c *crowd) judge(t *testing.T) string {
	t.Helper()
	s := c.h.open(t)
	defer s.Close()
	began := time.Now()
	for !c.quiet(t, s) {
		if time.Since(began) > limit {
			t.Errorf("something is stuck longer than %v: %s", limit, c.unfinished(t, s))
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	quiet := time.Since(began)
	kept := words(t, s, "SELECT text FROM message WHERE direction = 'in'")
	rung := words(t, s, "SELECT text FROM call_ask")
	c.guests.holds(t, "the counter", kept)
	c.guests.holds(t, "the floor", rung)
	c.mails.holds(t, "the counter", kept)
	sent := map[string]int{}
	for _, m := range c.h.mail.Ledger() {
		sent[ours.FindString(string(m.Data))]++ // a mail names what it answers, too
	}
	uncertain := c.sentOnce(t, s, sent)
	c.files(t, s)
	c.whole(t, s)
	g, _, gm := c.guests.of3()
	m, _, _ := c.mails.of3()
	a, _, am := c.answers.of3()
	return fmt.Sprintf("%d guests' words (%d more unknown to them), %d mails, %d answers (%d unknown), %d sent, %d that ask a person; quiet after %v",
		g, gm, m, a, am, len(sent), uncertain, quiet.Round(100*time.Millisecond))
}

// holds complains of words that were taken and are not there exactly once, refused and there, or unknown and twice.
func (l *list) holds(t *testing.T, where string, kept map[string]int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for w, o := range l.by {
		n := kept[w]
		if o == taken && n != 1 || o == unknown && n > 1 || (o == refused || o == unsent) && n != 0 {
			t.Errorf("%s: %s is there %d times at %s", [...]string{"not sent", "refused", "acknowledged", "unknown"}[o], w, n, where)
		}
	}
}

// words counts the crowd's words in the texts that a statement gives.
func words(t *testing.T, s *app.Store, sql string) map[string]int {
	t.Helper()
	n := map[string]int{}
	collect(t, s, sql, func(r db.Row) error {
		var text string
		err := r.Scan(&text)
		n[word.FindString(text)]++
		return err
	})
	return n
}

// asked tells whether the conversation on screen of a thread waits for somebody to look at it.
func asked(rows map[string]row, id string) bool {
	for rows[id].into != "" {
		id = rows[id].into
	}
	return rows[id].state == "open" && rows[id].unread
}

// sentOnce judges the answers by the ledger: what was taken is a row, left once or not at all, and where nobody can
// know a person is asked.
func (c *crowd) sentOnce(t *testing.T, s *app.Store, sent map[string]int) (uncertain int) {
	t.Helper()
	conversations := map[string]row{}
	collect(t, s, "SELECT id, state, merged_into, unread FROM conversation", func(r db.Row) error {
		var id string
		var x row
		err := r.Scan(&id, &x.state, &x.into, &x.unread)
		conversations[id] = x
		return err
	})
	stored := map[string]int{}
	collect(t, s, "SELECT m.text, r.state, r.looks, m.conversation_id FROM reply r JOIN message m ON m.id = r.message_id", func(r db.Row) error {
		var a answerRow
		err := r.Scan(&a.word, &a.state, &a.looks, &a.in)
		a.word = word.FindString(a.word)
		stored[a.word]++
		n := sent[a.word]
		switch {
		case n > 1:
			t.Errorf("%s was sent %d times", a.word, n)
		case a.state == "sent" && n != 1:
			t.Errorf("%s is said to be sent, and was not", a.word)
		case a.state == "uncertain":
			uncertain++
			if !asked(conversations, a.in) || a.looks == 0 {
				t.Errorf("nobody is asked about %s: %+v in %+v", a.word, a, conversations[a.in])
			}
		case c.late && a.state == "failed" && n == 0 && asked(conversations, a.in):
			uncertain++
		case a.state != "sent":
			t.Errorf("%s is %s, and left %d times", a.word, a.state, n)
		}
		return err
	})
	c.answers.holds(t, "the counter", stored)
	for w := range sent {
		if stored[w] == 0 {
			t.Errorf("%s left, and nobody knows of it", w)
		}
	}
	return uncertain
}

// collect reads every row of a statement.
func collect(t *testing.T, s *app.Store, sql string, scan func(db.Row) error) {
	t.Helper()
	_, err := db.Collect(func(r db.Row) (struct{}, error) { return struct{}{}, scan(r) })(s.DB.Query(t.Context(), sql))
	if err != nil {
		t.Fatal(err)
	}
}

// quiet tells whether everything that arrived is stored and every answer has an end.
func (c *crowd) quiet(t *testing.T, s *app.Store) bool { return c.unfinished(t, s) == "" }

func (c *crowd) unfinished(t *testing.T, s *app.Store) string {
	t.Helper()
	var waiting, sending, mails int
	err := s.DB.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM reply WHERE state = 'waiting'), (SELECT count(*) FROM reply WHERE state = 'sending' OR state = 'uncertain' AND looks = 0), (SELECT count(*) FROM message WHERE account_id = $1 AND direction = 'in')", c.h.account.ID).Scan(&waiting, &sending, &mails)
	if err != nil {
		t.Fatal(err)
	}
	all, _, _ := c.mails.of3()
	if waiting+sending > 0 || mails < all {
		return fmt.Sprintf("%d answers wait, %d are under way, %d of %d mails are stored", waiting, sending, mails, all)
	}
	return ""
}

// files checks that every file that a row names is on disk, whole.
func (c *crowd) files(t *testing.T, s *app.Store) {
	t.Helper()
	collect(t, s, "SELECT DISTINCT hash FROM attachment WHERE hash <> ''", func(r db.Row) error {
		var h string
		if err := r.Scan(&h); err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(c.h.data, "files", c.h.place.ID, h[:2], h))
		if sum := sha256.Sum256(b); err != nil || hex.EncodeToString(sum[:]) != h {
			t.Errorf("the file %s is not what it was: %v", h, err)
		}
		return nil
	})
}

// whole has the program look at itself.
func (c *crowd) whole(t *testing.T, s *app.Store) {
	t.Helper()
	var said strings.Builder
	ok, err := app.Check(t.Context(), app.Config{Data: c.h.data, Database: c.h.database, Listen: ":0"}, true, &said)
	if err != nil || !ok {
		t.Errorf("comptoir check: %v\n%s", err, said.String())
	}
}
