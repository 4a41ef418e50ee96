package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"net/netip"
)

const (
	events   = 10 // one a second
	settling = 3 * time.Second
	waiters  = 20 // whose sessions keep the streams open: each member may ask 900 times in five minutes
)

// fanned is what one run of many streams showed.
type fanned struct{ late, memory, cpu float64 } // ms at the 99th percentile, kB a client, µs a delivery

// streams opens many event streams on the room of one place and has something happen there once a second. The
// ceiling is a server that does nothing but send 300 bytes to as many.
func streams(ctx context.Context, w *work) ([]figure, error) {
	h, calls, err := busyRoom(ctx, w)
	if err != nil {
		return nil, err
	}
	defer h.close()
	n := strconv.Itoa(w.clients)
	late := figure{what: n + " streams, one event a second: commit to client, p99", unit: "ms", goal: goal{timesMost: 1.5}}
	memory := figure{what: "… memory a client", unit: "kB", goal: goal{most: 40, timesMost: 1.3}}
	cpu := figure{what: "… CPU a delivery", unit: "µs", goal: goal{timesMost: 1.3}}
	for range w.runs {
		ours, err := fanOut(ctx, w, h, calls)
		if err != nil {
			return nil, err
		}
		late.ours, memory.ours, cpu.ours = append(late.ours, ours.late), append(memory.ours, ours.memory), append(cpu.ours, ours.cpu)
		if w.limits == "" {
			continue
		}
		ceiling, err := fanOutCeiling(ctx, w)
		if err != nil {
			return nil, err
		}
		late.ceiling, memory.ceiling, cpu.ceiling = append(late.ceiling, ceiling.late), append(memory.ceiling, ceiling.memory), append(cpu.ceiling, ceiling.cpu)
	}
	return []figure{late, memory, cpu}, nil
}

// room is what the streams of one place need.
type room struct {
	cookies []string // of sessions; a session may hold eight streams
	waiter  string   // cookie of who works
	call    string   // a call that is taken and handed back
}

// busyRoom makes a place with a table that calls, and signs its people in on as many phones as it takes.
func busyRoom(ctx context.Context, w *work) (*house, room, error) {
	var r room
	h, err := newHouse(ctx, w, "")
	if err != nil {
		return nil, r, err
	}
	boss := h.owner.As(h.place.ID, place.Owner)
	phones := (w.clients+7)/8/waiters + 1
	for i := range waiters {
		var m place.Member
		err := h.store.DB.Write(ctx, func(tx db.Tx) (err error) {
			m, err = place.AddMember(ctx, tx, boss, h.place.ID, place.NewMember{Name: fmt.Sprintf("Noémie %d", i), Email: fmt.Sprintf("noemie%d@lezinc.example", i)}, place.Floor)
			return err
		})
		if err != nil {
			return h, r, err
		}
		cookies, err := h.sessions(ctx, m.ID, phones)
		if err != nil {
			return h, r, err
		}
		r.cookies = append(r.cookies, cookies...)
	}
	mine, err := h.sessions(ctx, h.owner.ID, 1)
	if err != nil {
		return h, r, err
	}
	r.waiter = mine[0]
	r.call, err = h.ring(ctx)
	return h, r, err
}

// ring has a guest at a new table ask for the bill, and returns the call.
func (h *house) ring(ctx context.Context) (string, error) {
	err := h.store.DB.Write(ctx, func(tx db.Tx) error {
		_, err := floor.AddTables(ctx, tx, place.System(), h.place.ID, 12, "")
		return err
	})
	if err != nil {
		return "", err
	}
	tables, err := floor.Tables(ctx, h.store.DB, h.place.ID)
	if err != nil {
		return "", err
	}
	asked, err := floor.New(h.store.DB, h.store.Keys).Ask(ctx, floor.Asking{Place: h.place, Table: tables[0], Address: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Kind: floor.Bill, Language: "fr"})
	return asked.Call.ID, err
}

// fanOut measures our program with w.clients streams open.
func fanOut(ctx context.Context, w *work, h *house, r room) (fanned, error) {
	p, err := serve(ctx, w, h.cfg.Data)
	if err != nil {
		return fanned{}, err
	}
	defer p.stop()
	from, err := place.Last(ctx, h.store.DB, h.place.ID)
	if err != nil {
		return fanned{}, err
	}
	request := func(i int) string {
		return fmt.Sprintf("GET /p/%s/floor/stream?from=%d HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\nCookie: %s\r\n\r\n", h.place.Slug, from, p.addr, r.cookies[i/8])
	}
	taken := false
	happen := func() error {
		gesture := "take"
		if taken {
			gesture = "back"
		}
		taken = !taken
		return post(ctx, "http://"+p.addr+"/p/"+h.place.Slug+"/floor/calls/"+r.call+"/"+gesture, r.waiter)
	}
	out, all, err := p.fan(ctx, w.clients, request, packed(), happen)
	if err != nil {
		return out, err
	}
	// The journal tells when each event was committed, or rather a moment before: its row was still being written.
	committed := map[int64]time.Time{}
	entries, err := place.Since(ctx, h.store.DB, h.place.ID, from, 10*events)
	if err != nil {
		return out, err
	}
	for _, e := range entries {
		committed[e.Seq] = e.At
	}
	return out, out.lateness(all, func(mark int64) time.Time { return committed[mark] })
}

// fanOutCeiling measures the trivial server in the same way. Its events carry when they were sent.
func fanOutCeiling(ctx context.Context, w *work) (fanned, error) {
	sse, err := w.tool(ctx, "sse")
	if err != nil {
		return fanned{}, err
	}
	addr, err := freeAddress()
	if err != nil {
		return fanned{}, err
	}
	p, err := run(ctx, addr, "/gc", exec.CommandContext(ctx, sse, "serve", addr))
	if err != nil {
		return fanned{}, err
	}
	defer p.stop()
	request := func(int) string { return "GET /ev HTTP/1.1\r\nHost: x\r\n\r\n" }
	out, all, err := p.fan(ctx, w.clients, request, trivial, func() error { return nil })
	if err != nil {
		return out, err
	}
	return out, out.lateness(all, func(mark int64) time.Time { return time.Unix(0, mark) })
}

// fan opens the streams, has something happen once a second, and returns what it cost and what was heard.
func (p *program) fan(ctx context.Context, n int, request func(int) string, d dialect, happen func() error) (out fanned, all [][]heard, err error) {
	alone, err := p.memory()
	if err != nil {
		return out, nil, err
	}
	l, err := listen(ctx, p.addr, n, request, d)
	if err != nil {
		return out, nil, err
	}
	defer l.close()
	time.Sleep(settling)
	before, err := p.cpu()
	if err != nil {
		return out, nil, err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	began := time.Now()
	for range events {
		if err := happen(); err != nil {
			return out, nil, err
		}
		<-tick.C
	}
	after, err := p.cpu()
	if err != nil {
		return out, nil, err
	}
	ended := time.Now()
	full, err := p.memory()
	if err != nil {
		return out, nil, err
	}
	time.Sleep(settling)
	all = l.close()
	for i := range all { // what came after the last measured second was not paid for in it
		for len(all[i]) > 0 && all[i][len(all[i])-1].at.After(ended) {
			all[i] = all[i][:len(all[i])-1]
		}
		for len(all[i]) > 0 && all[i][0].at.Before(began) {
			all[i] = all[i][1:]
		}
	}
	deliveries := 0
	for _, one := range all {
		if len(one) < events-1 { // the trivial server's own clock may put one event outside
			return out, nil, fmt.Errorf("a stream heard %d events of %d", len(one), events)
		}
		deliveries += len(one)
	}
	out.memory = (full - alone) / 1000 / float64(n)
	out.cpu = float64((after - before).Microseconds()) / float64(deliveries)
	return out, all, nil
}

// lateness fills in how late the hundredth that came last was.
func (f *fanned) lateness(all [][]heard, sent func(mark int64) time.Time) error {
	var late []float64
	for _, one := range all {
		for _, e := range one {
			at := sent(e.mark)
			if at.IsZero() {
				return fmt.Errorf("event %d is not in the journal", e.mark)
			}
			late = append(late, float64(e.at.Sub(at).Microseconds())/1000)
		}
	}
	f.late = percentile(late, 99)
	return nil
}

// post sends an empty form as a signed-in browser does.
func post(ctx context.Context, address, cookie string) error {
	r, err := http.NewRequestWithContext(ctx, "POST", address, strings.NewReader(url.Values{}.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", cookie)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("%s: %s", r.URL.Path, resp.Status)
	}
	return nil
}
