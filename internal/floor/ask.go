package floor

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Asking is what a guest sends from the page of a table.
type Asking struct {
	Place    place.Place // of Find
	Table    Table       // of Find
	Guest    Guest       // of Guest; the zero one is made known
	Address  netip.Addr  // where the request came from; only a hash of it is kept, for two days
	Kind     Kind
	Text     string // as typed
	Whom     string // of a kind word: one of Whoms, anything else is everybody
	Language string // of the page
}

// Asked is what became of it.
type Asked struct {
	Guest  Guest
	Cookie string // to give to the browser; "" = it has one
	Call   Call   // the zero Call for words that are no call
	Joined bool   // somebody had asked for the same; it is the same call now
}

// Ask stores what a guest asks for, or says kindly. What is refused is not stored and costs reads only:
// fault.Invalid for the words, fault.Unavailable with the key "floor.closed" or "floor.paused" when the
// pages do not answer (or the guest is blocked), fault.RateLimited with the time to wait.
func (f *Floor) Ask(ctx context.Context, a Asking) (Asked, error) {
	now := time.Now()
	if err := a.check(now); err != nil {
		return Asked{}, err
	}
	who := f.speaker(a, now)
	if err := who.allowed(ctx, f.DB, a.Place.ID, now); err != nil {
		return Asked{}, err
	}
	var done Asked
	err := f.DB.Write(ctx, func(tx db.Tx) (err error) {
		done, err = f.ask(ctx, tx, a, who, now)
		point.Reached(point.AskStored)
		return err
	})
	point.Reached(point.AskCommitted)
	return done, err
}

// check cleans the words and refuses what the page does not offer now.
func (a *Asking) check(now time.Time) error {
	switch OpeningOf(a.Place, now).State {
	case Shut:
		return fault.New(fault.Unavailable, "floor.ask", "floor.closed")
	case Paused:
		return fault.New(fault.Unavailable, "floor.ask", "floor.paused")
	}
	if a.Guest.Blocked(now) {
		return fault.New(fault.Unavailable, "floor.ask", "floor.closed")
	}
	if a.Kind == "" && a.Text != "" {
		a.Kind = Other
	}
	if !slices.Contains(a.Place.Settings.GuestKinds, string(a.Kind)) {
		return fault.InvalidFields("floor.ask", fault.Field{Name: "kind", Key: "floor.kind_unknown"})
	}
	a.Text = text.Plain(a.Text)
	switch n := text.Runes(a.Text); {
	case n > MaxText:
		return fault.InvalidFields("floor.ask", fault.Field{Name: "text", Key: "floor.text_long", Args: []any{"n", n, "max", MaxText}})
	case n == 0 && (a.Kind == Other || a.Kind == Kindly):
		return fault.InvalidFields("floor.ask", fault.Field{Name: "text", Key: "floor.text_missing"})
	}
	return nil
}

// ask is the writing part of Ask. The table's row is its lock: two phones of one table ask one after the
// other, so the same call is not made twice and the limits are exact.
func (f *Floor) ask(ctx context.Context, tx db.Tx, a Asking, who speaker, now time.Time) (done Asked, err error) {
	n, err := tx.Exec(ctx, "UPDATE floor_table SET asked_at = $3 WHERE place_id = $1 AND id = $2 AND version = $4 AND removed_at = 0", a.Place.ID, a.Table.ID, db.Micros(now), a.Table.Version)
	if err != nil {
		return done, err
	}
	if n == 0 {
		return done, unknownCode() // rotated this very moment
	}
	if err := who.allowed(ctx, tx, a.Place.ID, now); err != nil {
		return done, err
	}
	if done.Guest, done.Cookie, err = f.present(ctx, tx, a); err != nil {
		return done, err
	}
	who.guest = done.Guest.ID
	if err := who.count(ctx, tx, a.Place.ID, now); err != nil {
		return done, err
	}
	ask := Ask{ID: db.NewID(), GuestID: done.Guest.ID, Text: a.Text, Language: a.Language, At: now}
	if a.Kind != Kindly {
		if ask.CallID, done.Joined, err = ring(ctx, tx, a, now); err != nil {
			return done, err
		}
	}
	w := Words{ID: ask.ID, PlaceID: a.Place.ID, GuestID: done.Guest.ID, Table: a.Table.Name, Kind: a.Kind, Text: a.Text, Language: a.Language, CallID: ask.CallID, At: now}
	if a.Kind == Kindly {
		w.Whom = whom(a.Whom)
	}
	if ask.ConversationID, err = f.said(ctx, tx, w); err != nil {
		return done, err
	}
	done.Guest.ConversationID = ask.ConversationID
	if _, err := tx.Exec(ctx, "UPDATE guest SET table_id = $3, language = $4, conversation_id = $5 WHERE place_id = $1 AND id = $2",
		a.Place.ID, done.Guest.ID, a.Table.ID, a.Language, ask.ConversationID); err != nil {
		return done, err
	}
	actor := done.Guest.Actor()
	if a.Kind == Kindly {
		if err := keepKind(ctx, tx, a, w); err != nil {
			return done, err
		}
		return done, place.Record(ctx, tx, a.Place.ID, actor, place.Entry{Kind: "guest.said", SubjectID: done.Guest.ID, Data: map[string]any{"table": a.Table.ID}})
	}
	if err := insertAsk(ctx, tx, a.Place.ID, ask); err != nil {
		return done, err
	}
	if done.Call, err = Get(ctx, tx, a.Place.ID, ask.CallID); err != nil {
		return done, err
	}
	what := WasReceived
	if done.Joined {
		what = WasJoined
	}
	return done, f.changed(ctx, tx, actor, done.Call, what)
}

// present makes a new guest known, and asks again whether a known one was blocked meanwhile.
func (f *Floor) present(ctx context.Context, tx db.Tx, a Asking) (Guest, string, error) {
	if !a.Guest.Known() {
		return f.meet(ctx, tx, a.Place.ID, a.Table.ID, a.Language)
	}
	g, err := scanGuest(tx.QueryRow(ctx, "SELECT "+guestColumns+" FROM guest WHERE place_id = $1 AND id = $2", a.Place.ID, a.Guest.ID))
	if err == nil && g.Blocked(time.Now()) {
		err = fault.New(fault.Unavailable, "floor.ask", "floor.closed")
	}
	return g, "", db.NotFound(err, "floor.ask")
}

// ring finds the call that this one joins, or makes one. The same call of a table is joined while nobody
// took it, and in any case within the time that the place chose.
func ring(ctx context.Context, tx db.Tx, a Asking, now time.Time) (id string, joined bool, err error) {
	err = tx.QueryRow(ctx, "SELECT id FROM call WHERE place_id = $1 AND table_id = $2 AND kind = $3 AND (state = 'received' OR state = 'taken' AND last_at > $4) ORDER BY last_at DESC, id DESC LIMIT 1",
		a.Place.ID, a.Table.ID, string(a.Kind), db.Micros(now.Add(-a.Place.Settings.JoinWithin))).Scan(&id)
	if err == nil {
		_, err = tx.Exec(ctx, "UPDATE call SET last_at = $3 WHERE place_id = $1 AND id = $2", a.Place.ID, id, db.Micros(now))
		return id, true, err
	}
	if err != db.ErrNoRows {
		return "", false, err
	}
	id = db.NewID()
	return id, false, insertCall(ctx, tx, Call{ID: id, PlaceID: a.Place.ID, TableID: a.Table.ID, Network: string(place.HouseKind), Kind: a.Kind, ReceivedAt: now})
}

func insertCall(ctx context.Context, tx db.Tx, c Call) error {
	_, err := tx.Exec(ctx, "INSERT INTO call (place_id, id, table_id, network, kind, state, received_at, last_at) VALUES ($1, $2, $3, $4, $5, 'received', $6, $6)",
		c.PlaceID, c.ID, orNull(c.TableID), c.Network, string(c.Kind), db.Micros(c.ReceivedAt))
	return err
}

func insertAsk(ctx context.Context, tx db.Tx, placeID string, a Ask) error {
	_, err := tx.Exec(ctx, "INSERT INTO call_ask (place_id, id, call_id, guest_id, conversation_id, author, text, language, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		placeID, a.ID, a.CallID, a.GuestID, a.ConversationID, a.Author, a.Text, a.Language, db.Micros(a.At))
	return err
}

// Actor is the guest, acting.
func (g Guest) Actor() place.Actor {
	return place.Actor{Kind: place.GuestActor, ID: g.ID, PlaceID: g.PlaceID}
}
