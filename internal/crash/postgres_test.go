package crash

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db/dbtest"
	"comptoir/internal/db/dbtest/pgtest"
)

// Of two processes one reads the mailbox. It is killed while it does, with an answer half sent: the other takes over
// within the time that a lease runs, and nothing is doubled.
func TestAnotherProcessTakesOverFromOneThatIsKilled(t *testing.T) {
	t.Parallel()
	built(t)
	h := settle(t, dbtest.PostgresURL(t), 50)
	first := launch(t, h, freeAddress(t), []string{"COMPTOIR_FAULT=send.ended:3"})
	if !first.ready(t) {
		t.Fatal(first.Log())
	}
	c := newCrowd(h, nil)
	c.write(0)
	store := h.open(t)
	defer store.Close()
	stored := func() (n int) {
		if err := store.DB.QueryRow(t.Context(), "SELECT count(*) FROM message WHERE account_id = $1 AND direction = 'in'", h.account.ID).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	eventually(t, "the first process reads the mailbox", func() bool { return stored() == 1 })
	second := h.start(t)
	c.client = h.signIn(t) // they speak with the second
	c.speak(t)
	if !first.ended(60*time.Second) || !first.fired("send.ended") {
		t.Fatalf("it is not killed:\n%s", first.Log())
	}
	died := time.Now()
	before := stored()
	eventually(t, "the second process reads the mailbox", func() bool { return stored() > before })
	took := time.Since(died)
	if took > 30*time.Second {
		t.Errorf("taken over after %v", took)
	}
	time.Sleep(2 * time.Second)
	c.stop()
	t.Logf("taken over after %v: %s", took.Round(100*time.Millisecond), c.judge(t))
	second.end(t)
}

// PostgreSQL goes away for two seconds, twice, while two processes work. People are told, nothing acknowledged is lost,
// and open pages go on where they were.
func TestPostgreSQLRestartedInTheMiddleLosesNothingAndStreamsGoOn(t *testing.T) {
	t.Parallel()
	built(t)
	cluster, err := pgtest.Start(t.Context())
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	h := settle(t, cluster.URL, 50)
	first := h.start(t)
	other := launch(t, h, freeAddress(t), nil)
	if !other.ready(t) {
		t.Fatal(other.Log())
	}
	client := h.signIn(t)
	c := gather(t, h, client)
	// One page is open at the process that people speak with, one at the other.
	pages := []*openPage{watch(t, client, first.url), watch(t, client, other.url)}
	for range 2 {
		time.Sleep(2 * time.Second)
		if err := cluster.Restart(t.Context(), 2*time.Second); err != nil {
			t.Fatal(err)
		}
		back := time.Now()
		for _, s := range []*server{first, other} {
			eventually(t, "it is ready again", func() bool { return s.answers("/readyz") == http.StatusOK })
		}
		for _, p := range pages {
			seen := p.last()
			eventually(t, "an open page goes on", func() bool { return p.last() > seen })
		}
		if took := time.Since(back); took > 10*time.Second {
			t.Errorf("everything works again after %v", took)
		}
	}
	c.stop()
	t.Log(c.judge(t))
	for _, p := range pages {
		p.stop()
		if !slices.IsSorted(p.seen) || len(slices.Compact(slices.Clone(p.seen))) != len(p.seen) {
			t.Errorf("an open page saw events %v", p.seen)
		}
	}
	for _, s := range []*server{first, other} {
		s.end(t)
	}
}

// openPage is the stream of an open counter, as a browser keeps it: taken up again where it was.
type openPage struct {
	mu   sync.Mutex
	seen []int64
	stop func()
}

func watch(t *testing.T, signedIn *http.Client, base string) *openPage {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &openPage{}
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			p.follow(ctx, &http.Client{Jar: signedIn.Jar}, base+"/p/le-zinc/inbox/stream?from=0")
			time.Sleep(100 * time.Millisecond)
		}
	})
	p.stop = func() { cancel(); done.Wait() }
	t.Cleanup(p.stop)
	return p
}

func (p *openPage) follow(ctx context.Context, c *http.Client, address string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	req.Header.Set("Accept-Encoding", "identity")
	if n := p.last(); n > 0 {
		req.Header.Set("Last-Event-ID", strconv.FormatInt(n, 10))
	}
	resp, err := c.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			n, _ := strconv.ParseInt(id, 10, 64)
			p.mu.Lock()
			p.seen = append(p.seen, n)
			p.mu.Unlock()
		}
	}
}

func (p *openPage) last() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) == 0 {
		return 0
	}
	return p.seen[len(p.seen)-1]
}
