// Package place holds what belongs to an installation and its places: the places themselves, their
// members and roles, sessions, one-time links, API tokens, accounts on networks with their sealed
// credentials, and the journal.
//
// Whoever does something is an Actor, given explicitly. Every change that somebody may want to see
// live, be told of or look up later is one journal row, written by Record in the transaction of the
// change; a change without its row is a mistake.
package place

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// Place is a bar, a café, a club, a museum.
type Place struct {
	ID        string
	N         int64  // short number, unique in the installation, never reused
	Slug      string // in addresses: /p/le-zinc/…
	Name      string
	Language  string // BCP 47: "fr-CA"
	TimeZone  string // IANA: "America/Montreal"
	Settings  Settings
	CreatedAt time.Time
}

// Location is the place's time zone; UTC when this machine does not know it.
func (p Place) Location() *time.Location {
	if loc, err := time.LoadLocation(p.TimeZone); err == nil {
		return loc
	}
	return time.UTC
}

const placeColumns = "id, n, slug, name, language, timezone, settings, created_at"

func scanPlace(r db.Row) (Place, error) { return scanPlaceAnd(r) }

// scanPlaceAnd scans a place and then whatever more the query selects.
func scanPlaceAnd(r db.Row, more ...any) (p Place, err error) {
	var settings string
	var created int64
	if err = r.Scan(append([]any{&p.ID, &p.N, &p.Slug, &p.Name, &p.Language, &p.TimeZone, &settings, &created}, more...)...); err != nil {
		return p, err
	}
	p.CreatedAt = db.Time(created)
	p.Settings = DefaultSettings()
	return p, json.Unmarshal([]byte(settings), &p.Settings)
}

// Get returns a place by its id.
func Get(ctx context.Context, q db.Querier, id string) (Place, error) {
	p, err := scanPlace(q.QueryRow(ctx, "SELECT "+placeColumns+" FROM place WHERE id = $1", id))
	return p, db.NotFound(err, "place.get")
}

// BySlug returns a place by the word in its addresses.
func BySlug(ctx context.Context, q db.Querier, slug string) (Place, error) {
	p, err := scanPlace(q.QueryRow(ctx, "SELECT "+placeColumns+" FROM place WHERE slug = $1", slug))
	return p, db.NotFound(err, "place.by_slug")
}

// ByNumber returns a place by its short number.
func ByNumber(ctx context.Context, q db.Querier, n int64) (Place, error) {
	p, err := scanPlace(q.QueryRow(ctx, "SELECT "+placeColumns+" FROM place WHERE n = $1", n))
	return p, db.NotFound(err, "place.by_number")
}

// All returns every place of the installation, the oldest first. It is for the operator and for the
// program's own upkeep, never for a member's screen.
func All(ctx context.Context, q db.Querier) ([]Place, error) {
	return db.Collect(scanPlace)(q.Query(ctx, "SELECT "+placeColumns+" FROM place ORDER BY n"))
}

// New is what a new place needs.
type New struct {
	Name     string
	Language string // BCP 47
	TimeZone string // IANA
}

// check returns a fault that names every wrong field.
func (n *New) check(op string) error {
	n.Name = text.Line(n.Name)
	var wrong []fault.Field
	if l := len([]rune(n.Name)); l == 0 || l > 80 {
		wrong = append(wrong, fault.Field{Name: "place", Key: "place.name_length"})
	}
	if !KnownLanguage(n.Language) {
		wrong = append(wrong, fault.Field{Name: "language", Key: "place.language_unknown"})
	}
	if _, err := time.LoadLocation(n.TimeZone); err != nil || n.TimeZone == "" || n.TimeZone == "Local" {
		wrong = append(wrong, fault.Field{Name: "timezone", Key: "place.timezone_unknown", Args: []any{"zone", text.Clip(text.Line(n.TimeZone), 60)}})
	}
	return fault.InvalidFields(op, wrong...)
}

// KnownLanguage tells whether the interface speaks a language: French or English, of any country.
func KnownLanguage(tag string) bool {
	t, err := language.Parse(tag)
	if err != nil {
		return false
	}
	base, _ := t.Base()
	return base.String() == "fr" || base.String() == "en"
}

// Create makes a place and the account of its tables. The caller adds its owner in the same transaction.
func Create(ctx context.Context, tx db.Tx, actor Actor, n New) (Place, error) {
	if err := n.check("place.create"); err != nil {
		return Place{}, err
	}
	if n.Language == "fr" {
		n.Language = "fr-CA"
	}
	p := Place{ID: db.NewID(), Name: n.Name, Language: n.Language, TimeZone: n.TimeZone, Settings: DefaultSettings(), CreatedAt: time.Now()}
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(n), 0) + 1 FROM place").Scan(&p.N); err != nil {
		return p, err
	}
	var err error
	if p.Slug, err = freeSlug(ctx, tx, p.Name); err != nil {
		return p, err
	}
	settings, err := json.Marshal(p.Settings)
	if err != nil {
		return p, err
	}
	_, err = tx.Exec(ctx, "INSERT INTO place ("+placeColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		p.ID, p.N, p.Slug, p.Name, p.Language, p.TimeZone, string(settings), db.Micros(p.CreatedAt))
	if err != nil {
		return p, err
	}
	house := Account{ID: db.NewID(), PlaceID: p.ID, Kind: HouseKind, Name: p.Name, State: AccountOK, CreatedAt: p.CreatedAt}
	if err := insertAccount(ctx, tx, house); err != nil {
		return p, err
	}
	return p, Record(ctx, tx, p.ID, actor, Entry{Kind: "place.created", SubjectID: p.ID})
}

// freeSlug makes an address word of a name, with a number behind it when it is taken.
func freeSlug(ctx context.Context, tx db.Tx, name string) (string, error) {
	base := slug(name)
	for i := 1; ; i++ {
		s := base
		if i > 1 {
			s += "-" + strconv.Itoa(i)
		}
		var n int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM place WHERE slug = $1", s).Scan(&n); err != nil || n == 0 {
			return s, err
		}
	}
}

func slug(name string) string {
	words := strings.FieldsFunc(text.Fold(name), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
	s := strings.Join(words, "-")
	if len(s) > 40 {
		s = strings.Trim(s[:40], "-")
	}
	if s == "" {
		s = "lieu"
	}
	return s
}

// Change edits a place's own fields and settings: fn changes the copy it is given. What owners must prove is
// for owners to decide.
func Change(ctx context.Context, tx db.Tx, actor Actor, placeID string, fn func(*Place) error) (Place, error) {
	if err := actor.Needs(Manager, placeID); err != nil {
		return Place{}, err
	}
	p, err := Get(ctx, tx, placeID)
	if err != nil {
		return p, err
	}
	asked := p.Settings.OwnersSecondFactor
	if err := fn(&p); err != nil {
		return p, err
	}
	what := Entry{Kind: "place.changed", SubjectID: p.ID}
	if p.Settings.OwnersSecondFactor != asked {
		if err := actor.Needs(Owner, placeID); err != nil {
			return p, err
		}
		what.Data = map[string]any{"owners_second_factor": p.Settings.OwnersSecondFactor}
	}
	n := New{Name: p.Name, Language: p.Language, TimeZone: p.TimeZone}
	if err := n.check("place.change"); err != nil {
		return p, err
	}
	if err := p.Settings.check("place.change"); err != nil {
		return p, err
	}
	settings, err := json.Marshal(p.Settings)
	if err != nil {
		return p, err
	}
	if _, err := tx.Exec(ctx, "UPDATE place SET name = $2, language = $3, timezone = $4, settings = $5 WHERE id = $1",
		p.ID, n.Name, p.Language, p.TimeZone, string(settings)); err != nil {
		return p, err
	}
	return p, Record(ctx, tx, p.ID, actor, what)
}
