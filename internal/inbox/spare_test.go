package inbox

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Of what an account may ask, the past is read with the first half, news with all but the last tenth, and that is
// for answers.
func TestReadingLeavesWhatIsLeftToWhatIsMoreUrgent(t *testing.T) {
	for _, c := range []struct {
		name  string
		left  int
		pages int // of three that there are
	}{
		{"enough for everything", 51, 3},
		{"enough for news", 50, 1},
		{"enough for answers", 10, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *db.DB) {
				b := setUp(t, d)
				for i := range 3 {
					b.fake.pages = append(b.fake.pages, network.Page{Messages: []network.Message{from(fmt.Sprint("m", i), fmt.Sprint("Maude ", i), "Bonjour")}, Next: network.Cursor(fmt.Sprint(i + 1)), More: i < 2})
				}
				var over atomic.Bool // the period
				end := time.Now().Add(2 * time.Second)
				b.Inbox.Rate = func(context.Context, place.Account) (network.RateLimit, error) {
					if over.Load() {
						return network.RateLimit{Limit: 100, Left: 100, Reset: end.Add(time.Hour)}, nil
					}
					return network.RateLimit{Limit: 100, Left: c.left, Reset: end}, nil
				}
				collector := &Collector{Inbox: b.Inbox, Holder: "us", Poll: 50 * time.Millisecond}
				ctx, stop := context.WithCancel(t.Context())
				var done sync.WaitGroup
				done.Go(func() { collector.Run(ctx) })
				defer func() { stop(); done.Wait() }()
				arrived := func(want int, by time.Time) (n int) {
					for n = len(b.list(Query{})); n < want && time.Now().Before(by); n = len(b.list(Query{})) {
						time.Sleep(20 * time.Millisecond)
					}
					return n
				}
				arrived(c.pages, end)
				time.Sleep(time.Until(end.Add(-200 * time.Millisecond)))
				if n := arrived(0, end); n != c.pages {
					t.Errorf("%d pages were read, want %d", n, c.pages)
				}
				over.Store(true)
				if n := arrived(3, time.Now().Add(20*time.Second)); n != 3 {
					t.Errorf("%d pages once there is enough again, want all", n)
				}
			})
		})
	}
}
