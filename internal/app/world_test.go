package app_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/place"
	"comptoir/internal/web/static"
)

// world is an installation with two places, of which neither may see the other.
type world struct {
	*app.App
	t       *testing.T
	base    string // "http://127.0.0.1:…"
	here    *party
	other   *party
	strange *things // of the other place

	log    logbook
	guests atomic.Uint32
	names  atomic.Uint32
}

// logger tells everything, and all of it is kept.
func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// logbook is the program's log, kept.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// party is one place of the world and who runs it.
type party struct {
	w     *world
	place place.Place
	owner place.Actor
}

// takesMinutes leaves a walk through every door to the full run of the tests: it is about who may come in, and the race
// detector makes a quarter of an hour of it.
func takesMinutes(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a walk through every door")
	}
}

func newWorld(t *testing.T, cfg app.Config) *world {
	t.Helper()
	w := &world{t: t}
	w.App = startTelling(t, cfg, w.logger())
	w.base = "http://" + w.Addr().String()
	// Answers of ours do not leave while a test looks at what it changes itself, see hold; those of the others have left.
	w.here, w.other = w.party("Le Zinc", 120), w.party("La Tonne", 1)
	// A phone can open it: cards are printed.
	owner := w.here.things(place.Member{}).signedIn(w.here.member(place.Owner))
	set := request{method: "POST", path: "/p/le-zinc/settings/address", form: url.Values{"address": {"https://zinc.example"}}}
	if a := w.send(owner, set, false); a.status != 303 {
		t.Fatalf("the public address: %d", a.status)
	}
	return w
}

func (w *world) party(name string, undo int) *party {
	w.t.Helper()
	p, m, err := place.SetUp(w.t.Context(), w.DB, place.First{
		Place: place.New{Name: name, Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie", Email: w.address(), Password: ownersPassword},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	by := m.As(p.ID, place.Owner)
	w.write(func(ctx context.Context, tx db.Tx) error {
		_, err := place.Change(ctx, tx, by, p.ID, func(p *place.Place) error { p.Settings.UndoSeconds = undo; return nil })
		return err
	})
	return &party{w: w, place: p, owner: by}
}

const ownersPassword = "quatre chaises autour du poêle"

func (w *world) address() string {
	return fmt.Sprintf("n%d@zinc.example", w.names.Add(1))
}

// from is an address that nobody has come from yet.
func (w *world) from() netip.Addr {
	n := w.guests.Add(1)
	return netip.AddrFrom4([4]byte{100, byte(n >> 16), byte(n >> 8), byte(n)})
}

// hold puts answers of ours that wait off for years: a walk through every door takes longer than a member may think
// again, and what the program sends by itself meanwhile is nothing that a request changed.
func (w *world) hold() {
	w.write(func(ctx context.Context, tx db.Tx) error {
		never := db.Micros(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
		_, err := tx.Exec(ctx, "UPDATE reply SET due_at = $2, late_at = $2 WHERE place_id = $1 AND state = 'waiting'", w.here.place.ID, never)
		return err
	})
}

func (w *world) write(fn func(context.Context, db.Tx) error) {
	w.t.Helper()
	if err := w.DB.Write(w.t.Context(), func(tx db.Tx) error { return fn(w.t.Context(), tx) }); err != nil {
		w.t.Fatal(err)
	}
}

// member is somebody new, with a role here.
func (p *party) member(role place.Role) (m place.Member) {
	p.w.t.Helper()
	p.w.write(func(ctx context.Context, tx db.Tx) (err error) {
		m, err = place.AddMember(ctx, tx, place.System(), p.place.ID, place.NewMember{Name: "Noémie", Email: p.w.address()}, role)
		if err == nil { // a password that nobody knows
			_, err = tx.Exec(ctx, "UPDATE member SET password = 'set' WHERE id = $1", m.ID)
		}
		return err
	})
	return m
}

// last is the number of the last entry of a place's journal.
func (w *world) last(p *party) int64 {
	w.t.Helper()
	n, err := place.Last(w.t.Context(), w.DB, p.place.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) session(m place.Member) (cookie string) {
	w.t.Helper()
	w.write(func(ctx context.Context, tx db.Tx) (err error) {
		cookie, err = place.StartSession(ctx, tx, m.ID, "Firefox, Linux")
		return err
	})
	return cookie
}

func (p *party) token(scopes ...place.Scope) (id, value string) {
	p.w.t.Helper()
	p.w.write(func(ctx context.Context, tx db.Tx) error {
		t, v, err := place.CreateToken(ctx, tx, place.System(), p.place.ID, "essai", scopes, 0)
		id, value = t.ID, v
		return err
	})
	return id, value
}

// things are what one request may name: each is made when it is first asked for, in one place.
type things struct {
	*party
	visitor place.Member // whose sessions, drafts … they are
	table   floor.Table
	guest   string // the cookie of who called
	made    map[string]string
}

func (p *party) things(visitor place.Member) *things {
	return &things{party: p, visitor: visitor, made: map[string]string{}}
}

// get is a thing's id, as an address or a form names it.
func (h *things) get(name string) string {
	h.w.t.Helper()
	if v, ok := h.made[name]; ok {
		return v
	}
	make, ok := makers()[name]
	if !ok {
		h.w.t.Fatalf("nobody knows how to make a {%s}: say it in makers", name)
	}
	v, err := make(h, h.w.t.Context())
	if err != nil {
		h.w.t.Fatalf("{%s}: %v", name, err)
	}
	if !oneOff[name] {
		h.made[name] = v
	}
	return v
}

// oneOff are words of the visitor's own, new each time: there is nothing to find under them.
var oneOff = map[string]bool{"once": true, "address": true, "word": true, "nonce": true}

func makers() map[string]func(h *things, ctx context.Context) (string, error) {
	return map[string]func(h *things, ctx context.Context) (string, error){
		"place":   func(h *things, _ context.Context) (string, error) { return h.place.Slug, nil },
		"table":   func(h *things, ctx context.Context) (string, error) { return h.atTable().ID, nil },
		"t":       func(h *things, ctx context.Context) (string, error) { return h.w.Floor.Code(h.place, h.atTable()), nil },
		"rotated": (*things).rotated,
		"program": func(h *things, _ context.Context) (string, error) { // with the base point of its curve as its key
			return h.place.Slug + ".axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li_hp_m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q", nil
		},
		"zone":         (*things).zone,
		"call":         (*things).call,
		"guest":        (*things).guestID,
		"conversation": (*things).conversation,
		"second":       (*things).conversation,
		"merged":       (*things).merged,
		"message":      (*things).waiting,
		"attachment":   (*things).attachment,
		"picture":      (*things).picture,
		"once":         func(*things, context.Context) (string, error) { return db.NewID(), nil },
		"label":        (*things).label,
		"kept":         (*things).kept,
		"account":      (*things).account,
		"member":       func(h *things, ctx context.Context) (string, error) { return h.member(place.Manager).ID, nil },
		"token": func(h *things, ctx context.Context) (string, error) {
			id, _ := h.token(place.ScopeRead)
			return id, nil
		},
		"session":    (*things).session,
		"passkey":    (*things).passkey,
		"invitation": (*things).invitation,
		"invite":     (*things).invite,
		"reset":      (*things).reset,
		"enter":      (*things).enter,
		"setup":      func(*things, context.Context) (string, error) { return place.Secret(), nil },
		"undo":       (*things).undo,
		"address":    func(h *things, _ context.Context) (string, error) { return h.w.address(), nil },
		"word":       func(h *things, _ context.Context) (string, error) { return fmt.Sprint("mot ", h.w.names.Add(1)), nil },
		"nonce":      func(h *things, _ context.Context) (string, error) { return fmt.Sprint(h.w.names.Add(1)), nil },
		"path":       func(*things, context.Context) (string, error) { return "nulle-part", nil },
		"problem":    func(*things, context.Context) (string, error) { return string(fault.Conflict), nil },
		"file": func(*things, context.Context) (string, error) {
			return strings.TrimPrefix(static.URL("brand.svg"), static.Prefix), nil
		},
	}
}

func (h *things) atTable() floor.Table {
	if h.table.ID == "" {
		h.w.write(func(ctx context.Context, tx db.Tx) error {
			all, err := floor.AddTables(ctx, tx, h.owner, h.place.ID, 1, "")
			if err == nil {
				h.table = all[0]
			}
			return err
		})
	}
	return h.table
}

// rotated is a code that led to a table once.
func (h *things) rotated(ctx context.Context) (string, error) {
	table := h.w.here.things(place.Member{}).atTable()
	code := h.w.Floor.Code(h.w.here.place, table)
	return code, h.w.DB.Write(ctx, func(tx db.Tx) error {
		return floor.Rotate(ctx, tx, h.w.here.owner, h.w.here.place.ID, time.Time{}, table.ID)
	})
}

func (h *things) zone(ctx context.Context) (id string, err error) {
	err = h.w.DB.Write(ctx, func(tx db.Tx) error {
		z, err := floor.AddZone(ctx, tx, h.owner, h.place.ID, fmt.Sprint("Salle ", h.w.names.Add(1)))
		id = z.ID
		return err
	})
	return id, err
}

// ask has a new guest say something at the table, and returns what became of it.
func (h *things) ask(ctx context.Context, kind floor.Kind) (floor.Asked, error) {
	return h.w.Floor.Ask(ctx, floor.Asking{Place: h.place, Table: h.atTable(), Address: h.w.from(), Kind: kind, Text: "On a faim", Language: "fr"})
}

func (h *things) call(ctx context.Context) (string, error) {
	asked, err := h.ask(ctx, floor.Hungry)
	h.guest = asked.Cookie
	h.made["guest"] = asked.Guest.ID
	return asked.Call.ID, err
}

func (h *things) guestID(ctx context.Context) (string, error) {
	h.get("call")
	return h.made["guest"], nil
}

func (h *things) conversation(ctx context.Context) (id string, err error) {
	who := network.RemoteID(db.NewID())
	err = h.w.DB.Write(ctx, func(tx db.Tx) error {
		house, err := place.House(ctx, tx, h.place.ID)
		if err != nil {
			return err
		}
		news, err := h.w.Inbox.Accept(ctx, tx, house, network.Message{
			ID: network.RemoteID(db.NewID()), Thread: who, Author: network.Author{ID: who, Name: "Maude"},
			Text: "Vous servez encore?", SentAt: time.Now(), Visibility: network.Private,
		})
		if err == nil {
			id = news[0].ConversationID
		}
		return err
	})
	return id, err
}

// merged is a conversation that was joined to another.
func (h *things) merged(ctx context.Context) (string, error) {
	gone := h.get("second")
	_, err := h.w.Inbox.Merge(ctx, h.owner, h.place.ID, h.get("conversation"), gone)
	return gone, err
}

func (h *things) attachment(ctx context.Context) (string, error) {
	return h.joined(ctx, network.Attachment{Name: "liste.txt", Type: "text/plain", Content: func() io.Reader { return strings.NewReader("douze couverts") }})
}

func (h *things) picture(ctx context.Context) (string, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		return "", err
	}
	return h.joined(ctx, network.Attachment{Name: "salle.png", Type: "image/png", Content: func() io.Reader { return bytes.NewReader(b.Bytes()) }})
}

// joined is a file that somebody joined to a message.
func (h *things) joined(ctx context.Context, file network.Attachment) (string, error) {
	house, err := place.House(ctx, h.w.DB, h.place.ID)
	if err != nil {
		return "", err
	}
	who, word := network.RemoteID(db.NewID()), fmt.Sprint("fichier", h.w.names.Add(1))
	err = h.w.Inbox.Receive(ctx, house, network.Page{Messages: []network.Message{{
		ID: who, Thread: who, Author: network.Author{ID: who, Name: "Maude"}, Text: word, SentAt: time.Now(), Visibility: network.Private, Attachments: []network.Attachment{file},
	}}})
	if err != nil {
		return "", err
	}
	page, err := h.w.Inbox.List(ctx, h.place.ID, inbox.Query{Search: word})
	if err != nil {
		return "", err
	}
	t, err := h.w.Inbox.Thread(ctx, h.place.ID, page.Rows[0].ID, "")
	if err != nil {
		return "", err
	}
	return t.Messages[0].Attachments[0].ID, nil
}

// waiting is an answer of ours that has not left yet.
func (h *things) waiting(ctx context.Context) (string, error) {
	done, err := h.w.Inbox.Reply(ctx, h.owner, h.place.ID, inbox.Answer{ConversationID: h.get("conversation"), Text: "On arrive!"})
	return done.MessageID, err
}

func (h *things) label(ctx context.Context) (string, error) {
	l, err := h.w.Inbox.NewLabel(ctx, h.owner, h.place.ID, fmt.Sprint("étiquette ", h.w.names.Add(1)))
	return l.ID, err
}

func (h *things) kept(ctx context.Context) (string, error) {
	s, err := h.w.Inbox.Save(ctx, h.owner, h.place.ID, inbox.Saved{Title: "Merci", Text: "Merci et à bientôt"})
	return s.ID, err
}

// account is a mailbox that waits for a person, so that nothing collects it meanwhile.
func (h *things) account(ctx context.Context) (id string, err error) {
	err = h.w.DB.Write(ctx, func(tx db.Tx) error {
		a, err := place.AddAccount(ctx, tx, h.w.Keys, h.owner, h.place.ID, place.NewAccount{
			Kind: email.Kind, Name: "Le Zinc", Handle: h.w.address(), Endpoint: `{"address":"bar@zinc.example"}`,
			Credential: network.NewCredential(map[string]string{"imap_password": "s3cret"}),
		})
		id = a.ID
		if err != nil {
			return err
		}
		return place.Trouble(ctx, tx, a, fault.New(fault.Unauthenticated, "test", "email.password"))
	})
	return id, err
}

func (h *things) session(ctx context.Context) (string, error) {
	whose := h.visitor
	if whose.ID == "" || h.party == h.w.other {
		whose = h.member(place.Floor)
	}
	h.w.session(whose)
	all, err := place.Sessions(ctx, h.w.DB, whose.ID)
	if err != nil {
		return "", err
	}
	return all[0].Handle, nil
}

func (h *things) passkey(ctx context.Context) (string, error) {
	id, whose := db.NewID(), h.visitor
	if whose.ID == "" || h.party == h.w.other {
		whose = h.member(place.Floor)
	}
	return id, h.w.DB.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO passkey (id, member_id, credential, public_key, host, name, transports, synced, counter, created_at) VALUES ($1, $2, $1, $3, '', '', '', FALSE, 0, 0)", id, whose.ID, []byte{})
		return err
	})
}

func (h *things) invite(ctx context.Context) (code string, err error) {
	err = h.w.DB.Write(ctx, func(tx db.Tx) error {
		l, c, err := place.Invite(ctx, tx, h.owner, h.place.ID, h.w.address(), place.Floor)
		code, h.made["invitation"] = c, l.ID
		return err
	})
	return code, err
}

func (h *things) invitation(ctx context.Context) (string, error) {
	_, err := h.invite(ctx)
	return h.made["invitation"], err
}

func (h *things) reset(ctx context.Context) (code string, err error) {
	m := h.member(place.Floor)
	err = h.w.DB.Write(ctx, func(tx db.Tx) error {
		code, err = place.ResetLink(ctx, tx, place.System(), "", m.ID)
		return err
	})
	return code, err
}

func (h *things) enter(ctx context.Context) (code string, err error) {
	m := h.member(place.Floor)
	err = h.w.DB.Write(ctx, func(tx db.Tx) error {
		code, err = place.SignInLink(ctx, tx, m.ID)
		return err
	})
	return code, err
}

// undo is the number of a gesture that can be taken back.
func (h *things) undo(ctx context.Context) (string, error) {
	by := h.owner
	if h.visitor.ID != "" {
		by = h.visitor.As(h.place.ID, place.Manager)
	}
	seqs, err := h.w.Inbox.Do(ctx, by, h.place.ID, inbox.Settle(), h.get("conversation"))
	return strings.Trim(fmt.Sprint(seqs), "[]"), err
}
