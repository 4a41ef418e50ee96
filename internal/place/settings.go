package place

import (
	"slices"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// Settings is what a place decides. It is stored as JSON; a field that an older row lacks has its
// default, so every default must be the private and the careful one.
type Settings struct {
	Hours              Hours         `json:"hours"`
	GuestPaused        bool          `json:"guest_paused"`         // the table pages say "back soon"
	GuestClosed        time.Time     `json:"guest_closed"`         // the table pages are closed until then, by hand
	GuestKinds         []string      `json:"guest_kinds"`          // which calls the table page offers, in order
	ShowFirstName      bool          `json:"show_name"`            // tell guests the first name of who comes
	UndoSeconds        int           `json:"undo_seconds"`         // how long a reply can be taken back
	LongWait           time.Duration `json:"long_wait"`            // when a call's waiting time turns brick, ns
	JoinWithin         time.Duration `json:"join_within"`          // the same call of a table within this is one call, ns
	PerGuest           int           `json:"per_guest"`            // what one phone may say in ten minutes
	PerTable           int           `json:"per_table"`            // and one table
	KeepGuestDays      int           `json:"keep_guest"`           // days before guests' texts are emptied
	Masked             []string      `json:"masked"`               // words that the floor sees masked
	FloorHalfDay       bool          `json:"floor_half_day"`       // floor sessions end after 12 h
	OwnersSecondFactor bool          `json:"owners_second_factor"` // owners come in with a second factor only
	FirstStepsDone     bool          `json:"first_steps_done"`
	NextDone           bool          `json:"next_done"` // what the counter proposed after the first steps was put away
}

const (
	maxMasked     = 200
	maxMaskedWord = 40 // characters
)

// GuestKinds are the calls that a table page can offer.
var GuestKinds = []string{"hungry", "bill", "water", "loud", "kind", "other"}

// DefaultSettings is what a new place starts with.
func DefaultSettings() Settings {
	return Settings{
		// A copy: what is read from the database is decoded into it.
		GuestKinds: slices.Clone(GuestKinds), ShowFirstName: true, UndoSeconds: 10,
		LongWait: 5 * time.Minute, JoinWithin: time.Minute, PerGuest: 5, PerTable: 20, KeepGuestDays: 30,
	}
}

func (s Settings) check(op string) error {
	var wrong []fault.Field
	if s.UndoSeconds < 0 || s.UndoSeconds > 120 {
		wrong = append(wrong, fault.Field{Name: "undo_seconds", Key: "place.undo_range"})
	}
	if s.KeepGuestDays < 1 || s.KeepGuestDays > 365 {
		wrong = append(wrong, fault.Field{Name: "keep_guest", Key: "place.keep_range"})
	}
	if s.LongWait < time.Minute || s.LongWait > time.Hour {
		wrong = append(wrong, fault.Field{Name: "long_wait", Key: "place.wait_range"})
	}
	if s.JoinWithin < time.Minute || s.JoinWithin > time.Hour {
		wrong = append(wrong, fault.Field{Name: "join_within", Key: "place.join_range"})
	}
	if s.PerGuest < 1 || s.PerGuest > 60 {
		wrong = append(wrong, fault.Field{Name: "per_guest", Key: "place.guest_range"})
	}
	if s.PerTable < 1 || s.PerTable > 200 {
		wrong = append(wrong, fault.Field{Name: "per_table", Key: "place.table_range"})
	}
	if len(s.Masked) > maxMasked || slices.ContainsFunc(s.Masked, func(w string) bool { return w == "" || text.Runes(w) > maxMaskedWord }) {
		wrong = append(wrong, fault.Field{Name: "masked", Key: "place.masked_range"})
	}
	if !s.Hours.valid() {
		wrong = append(wrong, fault.Field{Name: "hours", Key: "place.hours_invalid"})
	}
	return fault.InvalidFields(op, wrong...)
}

// Hours are the opening hours of a week, by weekday from Sunday (time.Sunday = 0), in the place's time.
// A place without hours is always open.
type Hours struct {
	Days [7][]Span `json:"days"`
}

// Span is an opening of one day, in minutes after that day's midnight. To may pass 24 × 60: a bar that
// closes at 3 h has To = 27 × 60.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

func (h Hours) valid() bool {
	for _, day := range h.Days {
		for _, s := range day {
			if s.From < 0 || s.From >= 24*60 || s.To <= s.From || s.To > s.From+24*60 {
				return false
			}
		}
	}
	return true
}

// Always tells whether no hours are set.
func (h Hours) Always() bool {
	for _, day := range h.Days {
		if len(day) > 0 {
			return false
		}
	}
	return true
}

// Open tells whether the place is open at t (in the place's own zone: t.In(p.Location())), until when it
// is open, or when it opens next. Both are zero for a place without hours. Hours are wall-clock times:
// a night when clocks change is an hour shorter or longer.
func (h Hours) Open(t time.Time) (open bool, until, next time.Time) {
	if h.Always() {
		return true, time.Time{}, time.Time{}
	}
	at := func(day time.Time, minutes int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, minutes, 0, 0, t.Location())
	}
	noon := time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, t.Location())
	for back := -1; back <= 7; back++ {
		day := noon.AddDate(0, 0, back)
		for _, s := range h.Days[day.Weekday()] {
			from, to := at(day, s.From), at(day, s.To)
			switch {
			case !t.Before(from) && t.Before(to):
				if to.After(until) {
					open, until = true, to
				}
			case from.After(t) && (next.IsZero() || from.Before(next)):
				next = from
			}
		}
	}
	if open {
		next = time.Time{}
	}
	return open, until, next
}
