package demo

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
)

// settle gives Le Zinc the habits of a place that has been open for years: its hours, the answers it keeps at hand,
// the words it sorts by, and where its tables stand.
func (s *stage) settle(ctx context.Context, boss place.Actor) error {
	err := s.app.DB.Write(ctx, func(tx db.Tx) (err error) {
		s.place, err = place.Change(ctx, tx, boss, s.place.ID, func(p *place.Place) error {
			p.Settings.Hours = hours(time.Now().In(p.Location()))
			p.Settings.LongWait = 5 * time.Minute
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	for _, kept := range keptAnswers {
		if _, err := s.app.Inbox.Save(ctx, boss, s.place.ID, kept); err != nil {
			return err
		}
	}
	for _, name := range []string{"Réservation", "Objet perdu", "Musique", "Merci"} {
		if _, err := s.app.Inbox.NewLabel(ctx, boss, s.place.ID, name); err != nil {
			return err
		}
	}
	return nil
}

// hours has the evening go on until three, or until seven for whoever looks in the small hours: nobody comes to a
// closed bar.
func hours(now time.Time) (h place.Hours) {
	closing := 3
	if now.Hour() < 5 {
		closing = 7
	}
	for day := range h.Days {
		h.Days[day] = []place.Span{{From: closing * 60, To: (24 + closing) * 60}}
	}
	return h
}

var keptAnswers = []inbox.Saved{
	{Title: "On arrive", Text: "On arrive tout de suite, {prénom}.", Other: "On our way, {first_name}."},
	{Title: "Cuisine jusqu’à 23 h", Text: "La cuisine sert jusqu’à 23 h. On vous garde quelque chose?", Other: "The kitchen serves until 11 pm. Shall we keep something for you?"},
	{Title: "Merci du fond du cœur", Text: "Merci du fond du cœur, {prénom}. On se revoit bientôt au {lieu}.\n{moi}"},
	{Title: "Réservations", Text: "C’est noté, {prénom}. On vous attend au {lieu}; en cas de retard, un mot ici suffit."},
}

// spots are where the tables stand: the room above the counter, the terrace along the window.
var spots = [][2]int{{3, 5}, {3, 11}, {3, 17}, {9, 5}, {9, 11}, {9, 17}, {15, 5}, {15, 11}, {21, 4}, {21, 8}, {21, 13}, {21, 17}}

// furnish sets the tables where they stand.
func (s *stage) furnish(ctx context.Context, boss place.Actor) error {
	return s.app.DB.Write(ctx, func(tx db.Tx) error {
		for _, zone := range []struct {
			name   string
			tables int
		}{{"Salle", 8}, {"Terrasse", 4}} {
			z, err := floor.AddZone(ctx, tx, boss, s.place.ID, zone.name)
			if err != nil {
				return err
			}
			tables, err := floor.AddTables(ctx, tx, boss, s.place.ID, zone.tables, z.ID)
			if err != nil {
				return err
			}
			for _, t := range tables {
				spot := spots[len(s.tables)]
				t, err := floor.ChangeTable(ctx, tx, boss, s.place.ID, t.ID, func(t *floor.Table) { t.X, t.Y = spot[0], spot[1] })
				if err != nil {
					return err
				}
				s.tables[len(s.tables)+1] = s.app.Floor.Code(s.place, t)
			}
		}
		return nil
	})
}
