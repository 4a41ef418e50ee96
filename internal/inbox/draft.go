package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// SaveDraft keeps what a member has typed in a conversation, and so tells colleagues that somebody
// writes. It is nobody else's business and gives no journal entry.
func (b *Inbox) SaveDraft(ctx context.Context, actor place.Actor, placeID, id, words string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	words = text.Clip(cut(text.Plain(words), maxText), maxOurs)
	return b.DB.Write(ctx, func(tx db.Tx) error {
		c, err := shownOf(ctx, tx, placeID, id) // a page may be older than a merge
		if err != nil {
			return err
		}
		if err := saveDraft(ctx, tx, placeID, c.ID, actor.ID, words); err != nil {
			return err
		}
		return seeing(ctx, tx, placeID, c.ID, actor.ID, words != "")
	})
}

func saveDraft(ctx context.Context, tx db.Tx, placeID, id, memberID, words string) error {
	if words == "" {
		return dropDraft(ctx, tx, placeID, id, memberID)
	}
	_, err := tx.Exec(ctx, "INSERT INTO draft (place_id, conversation_id, member_id, text, updated_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (place_id, conversation_id, member_id) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at",
		placeID, id, memberID, words, db.Micros(time.Now()))
	return err
}

// moveDrafts takes what members have typed from one conversation to another; who typed in both keeps both.
func moveDrafts(ctx context.Context, tx db.Tx, placeID, from, to string) error {
	if _, err := tx.Exec(ctx, `INSERT INTO draft (place_id, conversation_id, member_id, text, updated_at)
		SELECT place_id, $3, member_id, text, updated_at FROM draft WHERE place_id = $1 AND conversation_id = $2
		ON CONFLICT (place_id, conversation_id, member_id) DO UPDATE SET text = draft.text || $4 || excluded.text`, placeID, from, to, "\n\n"); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM draft WHERE place_id = $1 AND conversation_id = $2", placeID, from)
	return err
}

func dropDraft(ctx context.Context, tx db.Tx, placeID, id, memberID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM draft WHERE place_id = $1 AND conversation_id = $2 AND member_id = $3", placeID, id, memberID)
	return err
}

// Draft returns what a member has typed in a conversation, "" for nothing.
func (b *Inbox) Draft(ctx context.Context, placeID, id, memberID string) (string, error) {
	var words string
	err := b.DB.QueryRow(ctx, "SELECT text FROM draft WHERE place_id = $1 AND conversation_id = $2 AND member_id = $3", placeID, id, memberID).Scan(&words)
	if err == db.ErrNoRows {
		return "", nil
	}
	return words, err
}

// draftsOf tells in which of these conversations a member has typed something.
func draftsOf(ctx context.Context, q db.Querier, placeID, memberID string, ids []string) (map[string]bool, error) {
	all := map[string]bool{}
	if len(ids) == 0 {
		return all, nil
	}
	list, args := db.In(3, ids, placeID, memberID)
	found, err := db.Collect(func(r db.Row) (id string, err error) { err = r.Scan(&id); return })(
		q.Query(ctx, "SELECT conversation_id FROM draft WHERE place_id = $1 AND member_id = $2 AND conversation_id IN ("+list+")", args...))
	for _, id := range found {
		all[id] = true
	}
	return all, err
}
