package app_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

// visitor is somebody who asks for something, and what they prove themselves with.
type visitor struct {
	member place.Member // zero for those who are not signed in
	cookie string       // of a session
	guest  string       // cookie of a guest
	bearer string
	addr   netip.Addr
	afar   bool // of another place: to them a thing of ours must not exist
}

// visitors are everybody who may stand at a door, as the columns of testdata/doors.txt call them. Each is
// made anew for a request, so that nobody is held up by what somebody else did before.
var visitors = []struct {
	name string
	make func(h *things) visitor
}{
	{"nobody", func(h *things) visitor { return visitor{} }},
	{"guest", func(h *things) visitor { h.get("call"); return visitor{guest: h.guest} }},
	{"nextby", (*things).nextBy},
	{"floor", func(h *things) visitor { return h.signedIn(h.member(place.Floor)) }},
	{"manager", func(h *things) visitor { return h.signedIn(h.member(place.Manager)) }},
	{"owner", func(h *things) visitor { return h.signedIn(h.member(place.Owner)) }},
	{"stale", (*things).stale},
	{"elsewh", func(h *things) visitor { return away(h.signedIn(h.w.other.member(place.Owner))) }},
	{"removed", (*things).removed},
	{"ended", (*things).ended},
	{"read", func(h *things) visitor { return h.holding(h.party, place.ScopeRead) }},
	{"reply", func(h *things) visitor { return h.holding(h.party, place.ScopeReply) }},
	{"calls", func(h *things) visitor { return h.holding(h.party, place.ScopeFloor) }},
	{"accts", func(h *things) visitor { return h.holding(h.party, place.ScopeAccounts) }},
	{"foreign", func(h *things) visitor { return away(h.holding(h.w.other, place.Scopes...)) }},
}

func away(v visitor) visitor { v.afar = true; return v }

func (h *things) signedIn(m place.Member) visitor { return visitor{member: m, cookie: h.w.session(m)} }

// nextBy is another guest at the same table.
func (h *things) nextBy() visitor {
	h.get("call")
	asked, err := h.ask(h.w.t.Context(), "water")
	if err != nil {
		h.w.t.Fatal(err)
	}
	return visitor{guest: asked.Cookie}
}

// stale is an owner who gave the password a while ago.
func (h *things) stale() visitor {
	v := h.signedIn(h.member(place.Owner))
	h.w.write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET authenticated_at = $2 WHERE member_id = $1", v.member.ID, db.Micros(time.Now().Add(-time.Hour)))
		return err
	})
	return v
}

// removed was an owner here and is one elsewhere still, signed in.
func (h *things) removed() visitor {
	m := h.member(place.Owner)
	h.w.write(func(ctx context.Context, tx db.Tx) error {
		if _, err := place.AddMember(ctx, tx, place.System(), h.w.other.place.ID, place.NewMember{Email: m.Email}, place.Owner); err != nil {
			return err
		}
		return place.RemoveMember(ctx, tx, place.System(), h.place.ID, m.ID)
	})
	return away(h.signedIn(m))
}

// ended is an owner whose session was ended from another browser.
func (h *things) ended() visitor {
	v := h.signedIn(h.member(place.Owner))
	h.w.write(func(ctx context.Context, tx db.Tx) error {
		all, err := place.Sessions(ctx, tx, v.member.ID)
		if err != nil {
			return err
		}
		return place.EndSession(ctx, tx, v.member, all[0].Handle)
	})
	return v
}

func (h *things) holding(p *party, scopes ...place.Scope) visitor {
	_, value := p.token(scopes...)
	return visitor{bearer: value}
}

// request is what is sent to a door.
type request struct {
	method, path, query string
	form                url.Values
	json                string
	header              http.Header
}

// answer is what comes back, and how long it took.
type answer struct {
	status int
	header http.Header
	body   string
}

// client speaks as a browser behind our own proxy does, so that visitors may come from any address by https.
var client = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 4, TLSClientConfig: &tls.Config{}},
}

// send sends a request as a visitor. Of a stream it reads nothing but the head.
func (w *world) send(v visitor, q request, stream bool) answer {
	w.t.Helper()
	ctx, done := context.WithCancel(w.t.Context())
	defer done()
	var body io.Reader
	switch {
	case q.json != "":
		body = strings.NewReader(q.json)
	case q.form != nil:
		body = strings.NewReader(q.form.Encode())
	}
	to := w.base + q.path
	if q.query != "" {
		to += "?" + q.query
	}
	r, err := http.NewRequestWithContext(ctx, q.method, to, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	if q.json != "" {
		r.Header.Set("Content-Type", "application/json")
	} else if q.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	v.dress(r)
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if stream && resp.StatusCode == http.StatusOK {
		return a
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", q.method, q.path, err)
	}
	a.body = string(text)
	return a
}

func (v visitor) dress(r *http.Request) {
	r.Header.Set("Accept-Language", "fr-CA")
	if r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-For", v.addr.String())
	if v.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-comptoir", Value: v.cookie})
	}
	if v.guest != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-guest", Value: v.guest})
	}
	if v.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+v.bearer)
	}
}

// class is what the table says of an answer: its status, or where somebody is sent who must prove who they are.
func (a answer) class() string {
	to := a.header.Get("Location")
	switch {
	case a.status != http.StatusSeeOther:
		return strconv.Itoa(a.status)
	case a.header.Get("Clear-Site-Data") != "":
		return "out"
	case strings.HasPrefix(to, "/sign-in/again"):
		return "again"
	case strings.HasPrefix(to, "/sign-in"):
		return "sign"
	}
	return "303"
}
