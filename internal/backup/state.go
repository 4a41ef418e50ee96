package backup

import (
	"context"
	"encoding/json"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Late is how old the last backup, or the last drill, may be before somebody is told.
const Late = 8 * 24 * time.Hour

// State is what is known of the backups of an installation, wherever they were made.
type State struct {
	Since  time.Time // when the first place was set up; zero = there is none yet
	Backup Outcome
	Drill  Outcome
}

// Outcome is how something went the last times.
type Outcome struct {
	At       time.Time `json:"at"`        // the last success, zero = never
	FailedAt time.Time `json:"failed_at"` // the last failure since, zero = none
	Key      string    `json:"key"`       // the sentence of that failure
	Missing  int       `json:"missing"`   // files that the backup could not take along
}

// Late tells whether nothing succeeded for too long.
func (s State) Late(o Outcome, now time.Time) bool {
	if s.Since.IsZero() {
		return false
	}
	last := s.Since
	if o.At.After(last) {
		last = o.At
	}
	return now.Sub(last) > Late
}

// Names of the outcomes in the table instance.
const (
	backupFact = "backup"
	drillFact  = "drill"
)

// StateOf reads what is known.
func StateOf(ctx context.Context, q db.Querier) (s State, err error) {
	places, err := place.All(ctx, q)
	if err != nil {
		return s, err
	}
	if len(places) > 0 {
		s.Since = places[0].CreatedAt
	}
	if s.Backup, err = outcome(ctx, q, backupFact); err != nil {
		return s, err
	}
	s.Drill, err = outcome(ctx, q, drillFact)
	return s, err
}

func outcome(ctx context.Context, q db.Querier, name string) (o Outcome, err error) {
	v, err := place.InstanceValue(ctx, q, name)
	if err != nil || v == "" {
		return o, err
	}
	return o, json.Unmarshal([]byte(v), &o)
}

// NoteMade keeps that a backup was made. What a member asked for stands in the journal of their place, what the
// program or the operator did in that of every place.
func NoteMade(ctx context.Context, d *db.DB, actor place.Actor, m Made) error {
	return note(ctx, d, actor, backupFact, Outcome{At: m.Made, Missing: len(m.Missing)}, place.EventBackedUp)
}

// NoteDrilled keeps that a backup was tried, and was whole.
func NoteDrilled(ctx context.Context, d *db.DB, actor place.Actor) error {
	return note(ctx, d, actor, drillFact, Outcome{At: time.Now().UTC()}, place.EventDrilled)
}

// noteFailed keeps why a backup or a drill failed. What fails again in the same way is journalled once.
func noteFailed(ctx context.Context, d *db.DB, actor place.Actor, name string, why error) error {
	o, err := outcome(ctx, d, name)
	if err != nil {
		return err
	}
	event := place.EventBackupFailed
	if !o.FailedAt.IsZero() && o.Key == fault.As(why).Key {
		event = ""
	}
	o.FailedAt, o.Key = time.Now().UTC(), fault.As(why).Key
	return note(ctx, d, actor, name, o, event)
}

func note(ctx context.Context, d *db.DB, actor place.Actor, name string, o Outcome, event string) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return d.Write(ctx, func(tx db.Tx) error {
		if err := place.SetInstanceValue(ctx, tx, name, string(text)); err != nil || event == "" {
			return err
		}
		if actor.PlaceID != "" {
			return place.Record(ctx, tx, actor.PlaceID, actor, place.Entry{Kind: event})
		}
		return place.RecordEverywhere(ctx, tx, actor, place.Entry{Kind: event})
	})
}
