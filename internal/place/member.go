package place

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"comptoir/internal/db"
)

// Member is somebody who signs in. Members belong to the installation; roles to each place.
type Member struct {
	ID        string
	Email     string
	Name      string
	Language  string // BCP 47; "" = the place's
	Theme     string // "matin", "soir"; "" = the system's
	Settings  MemberSettings
	CreatedAt time.Time
	password  string // PHC
}

// HasPassword tells whether a member has one. Who joined with a passkey has none until they choose it.
func (m Member) HasPassword() bool { return m.password != "" }

// MemberSettings is what a member decides for themselves.
type MemberSettings struct {
	KeysOff bool `json:"keys_off"` // single-letter shortcuts do nothing
}

const memberColumns = "member.id, member.email, member.name, member.password, member.language, member.theme, member.settings, member.created_at"

func scanMember(r db.Row) (m Member, err error) {
	return scanMemberAnd(r)
}

// scanMemberAnd scans a member and then whatever more the query selects.
func scanMemberAnd(r db.Row, more ...any) (m Member, err error) {
	var settings string
	var created int64
	dest := append([]any{&m.ID, &m.Email, &m.Name, &m.password, &m.Language, &m.Theme, &settings, &created}, more...)
	if err = r.Scan(dest...); err != nil {
		return m, err
	}
	m.CreatedAt = db.Time(created)
	return m, json.Unmarshal([]byte(settings), &m.Settings)
}

// Membership is a member's role in a place.
type Membership struct {
	Place Place
	Role  Role
}

// RoleIn returns a member's role in a place, "" for none.
func RoleIn(ctx context.Context, q db.Querier, memberID, placeID string) (Role, error) {
	var r Role
	err := q.QueryRow(ctx, "SELECT role FROM membership WHERE place_id = $1 AND member_id = $2", placeID, memberID).Scan(&r)
	if err == db.ErrNoRows {
		return "", nil
	}
	return r, err
}

// MembershipOf returns a member's role in the place with an address word. A place without the member and one that
// does not exist are one fault.NotFound, found by one statement: neither answer nor time tells them apart.
func MembershipOf(ctx context.Context, q db.Querier, memberID, slug string) (Membership, error) {
	var role Role
	p, err := scanPlaceAnd(q.QueryRow(ctx, "SELECT "+placeColumns+", role FROM place JOIN (SELECT place_id, role FROM membership WHERE member_id = $1) AS own ON own.place_id = place.id WHERE slug = $2", memberID, slug), &role)
	return Membership{Place: p, Role: role}, db.NotFound(err, "place.membership")
}

// PlacesOf returns the places of a member, by name.
func PlacesOf(ctx context.Context, q db.Querier, memberID string) ([]Membership, error) {
	// across places: those of one member
	rows, err := q.Query(ctx, "SELECT role, p.id FROM membership m JOIN place p ON p.id = m.place_id WHERE m.member_id = $1 ORDER BY p.name, p.n", memberID)
	type pair struct {
		role Role
		id   string
	}
	pairs, err := db.Collect(func(r db.Row) (p pair, err error) { err = r.Scan(&p.role, &p.id); return })(rows, err)
	if err != nil {
		return nil, err
	}
	var all []Membership
	for _, p := range pairs {
		pl, err := Get(ctx, q, p.id)
		if err != nil {
			return nil, err
		}
		all = append(all, Membership{Place: pl, Role: p.role})
	}
	return all, nil
}

// Strayed journals that a member sent a form to a place that is not theirs, or that does not exist. The row is in their own
// places: written in the other one it would tell the two apart, by the time that it takes.
func Strayed(ctx context.Context, tx db.Tx, m Member, from netip.Addr) error {
	return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventStrayed, SubjectID: m.ID, Data: map[string]any{"from": AddressClass(from)}})
}

// As is a member acting in a place.
func (m Member) As(placeID string, role Role) Actor {
	return Actor{Kind: MemberActor, ID: m.ID, PlaceID: placeID, Role: role, Name: m.Name}
}
