package app_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/app"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// inside are targets that nobody's word may lead to, in the forms that people try: loopback, private, shared,
// link-local, metadata, translated, mapped, with a zone, and names of the house.
var inside = []string{
	"127.0.0.1", "127.1.2.3", "0.0.0.0", "localhost", "localhost.", "LOCALHOST", "zinc.localhost", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
	"169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
	"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[::7f00:1]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[2001:db8::1]", "[3fff::1]",
	"127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "①②⑦.⓪.⓪.①", "１２７．０．０．１", "nas.local", "router.internal", "box.home.arpa", "hidden.onion",
}

// trap listens on loopback wherever a way out might knock, as far as the machine lets it, and counts who comes.
func trap(t *testing.T) *atomic.Int32 {
	t.Helper()
	var came atomic.Int32
	open := 0
	for _, port := range []int{25, 80, 143, 443, 465, 587, 993, 8080, 8443} {
		for _, host := range []string{"127.0.0.1", "::1"} {
			l, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
			if err != nil {
				continue // taken, or not ours to take
			}
			open++
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					came.Add(1)
					c.Close()
				}
			}()
		}
	}
	t.Logf("%d traps are set", open)
	return &came
}

// Every place where somebody's word names a server: the form of a mailbox, the interface for programs, the search for a
// mailbox's settings, the address of the house. Whatever the target, the answer is the same, nothing is connected, and the
// operator is told.
func TestNoWayOutLeadsInside(t *testing.T) {
	if testing.Short() {
		t.Skip("each refusal takes a quarter of a second, on purpose")
	}
	t.Parallel()
	came := trap(t)
	w := newWorld(t, app.Config{})
	h := w.here.things(place.Member{})
	owner := h.signedIn(h.member(place.Owner))
	program := h.holding(w.here, place.ScopeAccounts)
	mail := func(host string) url.Values {
		return url.Values{
			"address": {"bar@zinc.example"}, "imap.host": {host}, "imap.port": {"993"}, "imap.security": {"tls"}, "imap.user": {"bar"},
			"smtp.host": {host}, "smtp.port": {"465"}, "smtp.security": {"tls"}, "smtp.user": {"bar"}, "imap_password": {"s3cret"},
		}
	}
	ways := map[string]func(host string) request{
		"form": func(host string) request {
			return request{method: "POST", path: "/p/le-zinc/settings/accounts/new/email/settings", form: mail(strings.Trim(host, "[]"))}
		},
		"program": func(host string) request {
			host = strings.Trim(host, "[]")
			return request{method: "POST", path: "/api/v1/accounts", json: fmt.Sprintf(`{"network":"email","credential":{"imap_password":"s3cret"},"endpoint":{"address":"bar@zinc.example",
				"imap":{"host":%q,"port":993,"security":"tls","user":"bar"},"smtp":{"host":%q,"port":465,"security":"tls"}}}`, host, host)}
		},
		"search": func(host string) request {
			return request{method: "GET", path: "/p/le-zinc/settings/accounts/new/email/settings", query: "address=" + url.QueryEscape("bar@"+strings.Trim(host, "[]"))}
		},
		"address": func(host string) request {
			return request{method: "POST", path: "/p/le-zinc/settings/address", form: url.Values{"address": {"http://" + host + ":8080"}, "do": {"test"}, "from": {"cards"}}}
		},
	}
	for name, way := range ways {
		said := map[string][]string{}
		var mu sync.Mutex
		var all errgroup.Group
		all.SetLimit(12)
		for _, target := range inside {
			all.Go(func() error {
				v := owner
				if name == "program" {
					v = program
				}
				v.addr = w.from()
				a := w.send(v, way(target), false)
				if a.status != 422 && (a.status != 200 || name == "form" || name == "program") {
					t.Errorf("%s, %s: %d", name, target, a.status)
				}
				plain := strings.Trim(target, "[]")
				text := strings.NewReplacer(target, "…", plain, "…", strings.ToLower(plain), "…", url.QueryEscape(plain), "…").Replace(a.body)
				mu.Lock()
				defer mu.Unlock()
				text = refField.ReplaceAllString(text, "")
				said[text] = append(said[text], target)
				return nil
			})
		}
		all.Wait()
		// One answer for what could never be a server's name, one for what must not be reached (for the address of the
		// house: one for names that look public, one for the rest). None of them tells what is there.
		if len(said) > 2 {
			t.Errorf("%s tells targets apart: %v", name, slices.Collect(maps.Values(said)))
		}
	}
	if n := came.Load(); n > 0 {
		t.Errorf("%d connections were made", n)
	}
	_, told := w.metrics(t)
	if account, self := told[`comptoir_outgoing_refused_total{kind="account"}`], told[`comptoir_outgoing_refused_total{kind="self"}`]; account < 60 || self < 30 {
		t.Errorf("the operator was told of %v and %v refusals", account, self)
	}
	if rows := w.rows("SELECT DISTINCT actor FROM journal WHERE kind = $1 AND place_id = $2 ORDER BY actor", place.EventAddressRefused, w.here.place.ID); !slices.Equal(rows, []string{"member", "token"}) {
		t.Errorf("the journal tells of refusals to %v", rows)
	}
}

var refField = regexp.MustCompile(`"ref":"[A-Z0-9]+",?`)

// Behind a router, the address at which the world reaches this installation is on none of its interfaces: it is where
// the public name leads.
func TestTheHousesOwnAddressOnTheInternetIsNoTarget(t *testing.T) {
	a := start(t, app.Config{PublicURL: "https://8.8.4.4"})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := a.Networks.Wire("any").Dial(ctx, "tcp", "8.8.4.4:993"); fault.As(err) == nil || fault.As(err).Key != "outgoing.refused" {
		t.Errorf("connected to: %v", err)
	}
}
