package inbox

import (
	"context"
	"hash/fnv"
	"slices"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Label is a word that a place puts on conversations.
type Label struct {
	ID   string
	Name string
	Tone string // one of Tones
}

// Tones are the colours of labels, as the stylesheet calls them.
var Tones = []string{"verre", "vin", "ardoise", "amber", ""}

const maxLabel = 40 // graphemes

func scanLabel(r db.Row) (l Label, err error) {
	err = r.Scan(&l.ID, &l.Name, &l.Tone)
	return l, err
}

// Labels lists a place's labels by name.
func (b *Inbox) Labels(ctx context.Context, placeID string) ([]Label, error) {
	return db.Collect(scanLabel)(b.DB.Query(ctx, "SELECT id, name, tone FROM label WHERE place_id = $1 ORDER BY folded", placeID))
}

// NewLabel makes a label, or returns the one of that name (accents and case aside).
func (b *Inbox) NewLabel(ctx context.Context, actor place.Actor, placeID, name string) (l Label, err error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return l, err
	}
	l = Label{ID: db.NewID(), Name: text.Line(name)}
	if l.Name == "" || text.Graphemes(l.Name) > maxLabel {
		return l, fault.InvalidFields("inbox.label", fault.Field{Name: "new", Key: "inbox.label_length", Args: []any{"max", maxLabel}})
	}
	folded := text.Fold(l.Name)
	h := fnv.New32a()
	h.Write([]byte(folded))
	l.Tone = Tones[h.Sum32()%uint32(len(Tones))]
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		known, err := scanLabel(tx.QueryRow(ctx, "SELECT id, name, tone FROM label WHERE place_id = $1 AND folded = $2", placeID, folded))
		if err != db.ErrNoRows {
			l = known
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO label (place_id, id, name, folded, tone) VALUES ($1, $2, $3, $4, $5)", placeID, l.ID, l.Name, folded, l.Tone); err != nil {
			return err
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "label.made", SubjectID: l.ID})
	})
	return l, err
}

// ChangeLabel gives a label another name or tone. It returns fault.Invalid for a name that another label has (accents
// and case aside) and for a tone that is none of Tones.
func (b *Inbox) ChangeLabel(ctx context.Context, actor place.Actor, placeID string, l Label) error {
	const op = "inbox.change_label"
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	l.Name = text.Line(l.Name)
	if l.Name == "" || text.Graphemes(l.Name) > maxLabel {
		return fault.InvalidFields(op, fault.Field{Name: "name", Key: "inbox.label_length", Args: []any{"max", maxLabel}})
	}
	if !slices.Contains(Tones, l.Tone) {
		return fault.InvalidFields(op, fault.Field{Name: "tone", Key: "inbox.label_tone"})
	}
	folded := text.Fold(l.Name)
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		var others int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM label WHERE place_id = $1 AND folded = $2 AND id <> $3", placeID, folded, l.ID).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			return fault.InvalidFields(op, fault.Field{Name: "name", Key: "inbox.label_taken"})
		}
		n, err := tx.Exec(ctx, "UPDATE label SET name = $3, folded = $4, tone = $5 WHERE place_id = $1 AND id = $2", placeID, l.ID, l.Name, folded, l.Tone)
		if err == nil && n == 0 {
			err = db.NotFound(db.ErrNoRows, op)
		}
		if err != nil {
			return err
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "label.changed", SubjectID: l.ID})
	})
}

// RemoveLabel takes a label off every conversation, and out of the list.
func (b *Inbox) RemoveLabel(ctx context.Context, actor place.Actor, placeID, id string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "DELETE FROM label WHERE place_id = $1 AND id = $2", placeID, id)
		if err == nil && n == 0 {
			err = db.NotFound(db.ErrNoRows, "inbox.remove_label")
		}
		if err != nil {
			return err
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "label.removed", SubjectID: id})
	})
}

// LabelUse counts the conversations that carry each label of a place.
func (b *Inbox) LabelUse(ctx context.Context, placeID string) (map[string]int, error) {
	use := map[string]int{}
	rows, err := b.DB.Query(ctx, "SELECT label_id, count(*) FROM conversation_label WHERE place_id = $1 GROUP BY label_id", placeID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		use[id] = n
	}
	return use, rows.Err()
}

// Label puts a label on conversations, or takes it off: all of them or, on any error, none. It returns the journal
// entries of those that it changed, for Undo.
func (b *Inbox) Label(ctx context.Context, actor place.Actor, placeID, labelID string, on bool, ids ...string) (seqs []int64, err error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return nil, err
	}
	if len(ids) > maxBulk {
		return nil, fault.New(fault.Invalid, "inbox.label", "inbox.bulk_many", "max", maxBulk)
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		seqs = nil
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		for _, id := range ids {
			seq, err := putLabel(ctx, tx, actor, placeID, id, labelID, on)
			if err != nil {
				return err
			}
			if seq > 0 {
				seqs = append(seqs, seq)
			}
		}
		return nil
	})
	return seqs, err
}

// putLabel is the writing part of Label. The caller holds place.Lock.
func putLabel(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id, labelID string, on bool) (seq int64, err error) {
	if err := knownLabel(ctx, tx, placeID, labelID); err != nil {
		return 0, err
	}
	if _, err := onScreen(ctx, tx, "inbox.label", placeID, id); err != nil {
		return 0, err
	}
	changed, err := setLabel(ctx, tx, placeID, id, labelID, on)
	if err != nil || !changed {
		return 0, err
	}
	return record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.labelled", SubjectID: id, Data: map[string]any{"label": labelID, "on": on}})
}

func setLabel(ctx context.Context, tx db.Tx, placeID, id, labelID string, on bool) (changed bool, err error) {
	q := "DELETE FROM conversation_label WHERE place_id = $1 AND conversation_id = $2 AND label_id = $3"
	if on {
		q = "INSERT INTO conversation_label (place_id, conversation_id, label_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
	}
	n, err := tx.Exec(ctx, q, placeID, id, labelID)
	return n > 0, err
}

// knownLabel returns fault.NotFound for a label that the place does not have.
func knownLabel(ctx context.Context, q db.Querier, placeID, id string) error {
	_, err := scanLabel(q.QueryRow(ctx, "SELECT id, name, tone FROM label WHERE place_id = $1 AND id = $2", placeID, id))
	return db.NotFound(err, "inbox.label")
}

// labelsOf returns the labels on conversations, by conversation.
func labelsOf(ctx context.Context, q db.Querier, placeID string, ids []string) (map[string][]Label, error) {
	all := map[string][]Label{}
	if len(ids) == 0 {
		return all, nil
	}
	list, args := db.In(2, ids, placeID)
	rows, err := q.Query(ctx, "SELECT cl.conversation_id, l.id, l.name, l.tone FROM conversation_label cl JOIN label l ON l.place_id = cl.place_id AND l.id = cl.label_id WHERE cl.place_id = $1 AND cl.conversation_id IN ("+list+") ORDER BY l.folded", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var l Label
		if err := rows.Scan(&id, &l.ID, &l.Name, &l.Tone); err != nil {
			return nil, err
		}
		all[id] = append(all[id], l)
	}
	return all, rows.Err()
}
