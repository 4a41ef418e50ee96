package place

import (
	"context"
	"time"

	"comptoir/internal/db"
)

// Page is a part of the journal that a person reads: the newest first.
type Page struct {
	Entries []Entry
	Older   int64 // ask with this as before for the next page, 0 = this is the end
}

// Audit returns what a person reads of a place's journal: up to limit entries below number before (0 = from
// the newest). access leaves out everything but who came in, who may do what, tokens and accounts.
func Audit(ctx context.Context, q db.Querier, placeID string, access bool, before int64, limit int) (Page, error) {
	where := ""
	if access {
		where = " AND (kind LIKE 'signin.%' OR kind LIKE 'session.%' OR kind LIKE 'member.%' OR kind LIKE 'token.%' OR kind LIKE 'account.%' OR kind LIKE 'place.%')"
	}
	if before <= 0 {
		before = 1 << 62
	}
	var p Page
	var err error
	p.Entries, err = db.Collect(scanEntry)(q.Query(ctx, "SELECT "+entryColumns+" FROM journal WHERE place_id = $1 AND seq < $2"+where+" ORDER BY seq DESC LIMIT $3", placeID, before, limit+1))
	if len(p.Entries) > limit {
		p.Entries = p.Entries[:limit]
		p.Older = p.Entries[limit-1].Seq
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
