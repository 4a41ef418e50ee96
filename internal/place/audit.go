package place

import (
	"context"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Subject is a part of what happens in a place, as a person asks for it.
type Subject string

const (
	AboutAccess   Subject = "access"   // who came in, who may do what, tokens, what the place asks of them
	AboutFloor    Subject = "floor"    // tables and their calls
	AboutCounter  Subject = "counter"  // conversations and answers
	AboutSettings Subject = "settings" // the place, its networks, its address, its backups
)

// families are the first words of the kinds of entries that belong to a subject.
var families = map[Subject][]string{
	AboutAccess:   {"signin", "session", "member", "token", "isolation", "account", "place"},
	AboutFloor:    {"call", "guest", "table", "tables", "zone", "cards"},
	AboutCounter:  {"conversation", "reply", "saved_reply", "label"},
	AboutSettings: {"place", "account", "address", "backup"},
}

// Question is what a person wants to read of a journal.
type Question struct {
	About   Subject   // "" = everything
	Actor   ActorKind // "" = whoever it was
	ActorID string    // "" = any of them
	Before  int64     // entries below this number, 0 = from the newest
	Limit   int
}

// Page is a part of the journal that a person reads: the newest first.
type Page struct {
	Entries []Entry
	Older   int64 // ask with this as Before for the next page, 0 = this is the end
}

// Audit returns what a person reads of a place's journal. fault.Invalid for a subject that is none.
func Audit(ctx context.Context, q db.Querier, placeID string, ask Question) (Page, error) {
	where := ""
	for _, family := range families[ask.About] {
		where += " OR kind LIKE '" + family + ".%'"
	}
	switch {
	case ask.About == "":
	case where == "":
		return Page{}, fault.New(fault.Invalid, "place.audit", "")
	default:
		where = " AND (" + strings.TrimPrefix(where, " OR ") + ")"
	}
	if ask.Before <= 0 {
		ask.Before = 1 << 62
	}
	var p Page
	var err error
	p.Entries, err = db.Collect(scanEntry)(q.Query(ctx, "SELECT "+entryColumns+" FROM journal WHERE place_id = $1 AND seq < $2 AND ($4 = '' OR actor = $4) AND ($5 = '' OR actor_id = $5)"+where+" ORDER BY seq DESC LIMIT $3",
		placeID, ask.Before, ask.Limit+1, string(ask.Actor), ask.ActorID))
	if len(p.Entries) > ask.Limit {
		p.Entries = p.Entries[:ask.Limit]
		p.Older = p.Entries[ask.Limit-1].Seq
	}
	return p, err
}

// Names returns how the actors of entries are called: members by name, tokens by theirs.
func Names(ctx context.Context, q db.Querier, placeID string) (map[string]string, error) {
	names := map[string]string{}
	type pair struct {
		id, name string
		token    bool
	}
	// Who has left the place is still called by name.
	pairs, err := db.Collect(func(r db.Row) (p pair, err error) { err = r.Scan(&p.id, &p.name, &p.token); return })(
		q.Query(ctx, `SELECT id, name, FALSE FROM member WHERE id IN (SELECT actor_id FROM journal WHERE place_id = $1 AND actor = 'member') OR id IN (SELECT subject_id FROM journal WHERE place_id = $1 AND kind LIKE 'member.%')
			UNION ALL SELECT id, name, TRUE FROM token WHERE place_id = $1`, placeID))
	for _, p := range pairs {
		if p.token {
			p.name = oneWord(p.name)
		}
		names[p.id] = p.name
	}
	return names, err
}

// Prune forgets what is past keeping: sign-in failures after a day, sessions and links that have ended.
func Prune(ctx context.Context, tx db.Tx, now time.Time) error {
	for sql, before := range map[string]time.Time{
		"DELETE FROM signin_failure WHERE at < $1":  now.Add(-failuresKept),
		"DELETE FROM notice WHERE at < $1":          now.Add(-noticeKept),
		"DELETE FROM session WHERE expires_at < $1": now,
		"DELETE FROM session WHERE used_at < $1":    now.Add(-SessionIdle),
		// across places: what is past keeping is so everywhere
		"DELETE FROM link WHERE expires_at < $1": now.Add(-30 * 24 * time.Hour), // until then it says kindly that it is over
	} {
		if _, err := tx.Exec(ctx, sql, db.Micros(before)); err != nil {
			return err
		}
	}
	return nil
}
