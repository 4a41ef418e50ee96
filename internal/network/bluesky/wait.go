package bluesky

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// How often is asked whether something is new. Servers bear some ten requests a second from one address, so those
// who wait at one of them share eight. The whole list is read now and then: what comes late stands deep in it.
const (
	lookEvery  = time.Second
	share      = time.Second / 8
	wholeEvery = time.Minute
)

// waiting counts who waits at a server, in this process.
var waiting struct {
	sync.Mutex
	at map[string]int
}

func waits(server string, more int) (now int) {
	waiting.Lock()
	defer waiting.Unlock()
	if waiting.at == nil {
		waiting.at = map[string]int{}
	}
	waiting.at[server] += more
	if now = waiting.at[server]; now == 0 {
		delete(waiting.at, server)
	}
	return now
}

// Wait implements network.Waiter: the network tells nobody, so it is asked for the newest items.
func (c *Client) Wait(ctx context.Context, cur network.Cursor) error {
	const op = "bluesky.Wait"
	waits(c.server, 1)
	defer waits(c.server, -1)
	m, begun := readMark(cur), time.Now()
	query := values("limit", strconv.Itoa(fewItems))
	query["reasons"] = reasons
	for {
		var newest struct {
			Notifications []json.RawMessage `json:"notifications"`
		}
		if err := c.get(ctx, op, "app.bsky.notification.listNotifications", query, &newest); err != nil {
			return err
		}
		for _, raw := range newest.Notifications {
			if i := readItem(raw); !m.knows(i) && !i.before(m.floor()) {
				return nil
			}
		}
		pause := max(lookEvery, time.Duration(waits(c.server, 0))*share)
		if time.Since(begun) > max(wholeEvery, 10*pause) {
			return nil
		}
		select {
		case <-ctx.Done():
			return c.unreached(op, ctx.Err(), fault.Unavailable)
		case <-time.After(pause):
		}
	}
}
