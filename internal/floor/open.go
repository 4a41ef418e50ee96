package floor

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

// Opening says whether the table pages answer.
type Opening struct {
	State OpeningState
	Until time.Time // when the place closes, for Answering; zero = not known
	Next  time.Time // when the pages answer again, for Shut; zero = not known
}

// OpeningState is one of the three states of the table pages.
type OpeningState string

const (
	Answering OpeningState = "open"
	Shut      OpeningState = "closed" // outside the hours, or closed by hand
	Paused    OpeningState = "paused" // the staff is there, in person
)

// OpeningOf tells whether the table pages of a place answer at a time.
func OpeningOf(p place.Place, now time.Time) Opening {
	open, until, next := p.Settings.Hours.Open(now.In(p.Location()))
	switch {
	case !open:
		return Opening{State: Shut, Next: next}
	case p.Settings.GuestClosed.After(now):
		return Opening{State: Shut, Next: p.Settings.GuestClosed}
	case p.Settings.GuestPaused:
		return Opening{State: Paused, Until: until}
	}
	return Opening{State: Answering, Until: until}
}

// Closing is when a place closes next; for one without hours, the next morning at six.
func Closing(p place.Place, now time.Time) time.Time {
	now = now.In(p.Location())
	open, until, next := p.Settings.Hours.Open(now)
	if !open {
		_, until, _ = p.Settings.Hours.Open(next)
	}
	if !until.IsZero() {
		return until
	}
	morning := time.Date(now.Year(), now.Month(), now.Day(), 6, 0, 0, 0, now.Location())
	if !morning.After(now) {
		morning = morning.AddDate(0, 0, 1)
	}
	return morning
}

// SetOpening opens, pauses or closes the table pages by hand. Closed lasts until the next opening, or
// for an Evening in a place without hours.
func SetOpening(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, to OpeningState) (place.Place, error) {
	return place.ChangeGuestPages(ctx, tx, actor, placeID, func(p place.Place) (paused bool, closed time.Time) {
		if to != Shut {
			return to == Paused, time.Time{}
		}
		now := time.Now()
		open, until, next := p.Settings.Hours.Open(now.In(p.Location()))
		if open && !until.IsZero() {
			_, _, next = p.Settings.Hours.Open(until)
		}
		if next.IsZero() {
			next = now.Add(Evening)
		}
		return false, next
	})
}
