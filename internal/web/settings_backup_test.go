package web_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/backup"
	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

// kept is a house whose backups are kept, in a folder of their own.
func kept(t *testing.T, change func(*backup.Keeper)) (h *webtest.House, dir string) {
	t.Helper()
	data := t.TempDir()
	dir = filepath.Join(data, "backups")
	h = webtest.New(t, func(s *web.Server) {
		k := backup.Keeper{Installation: backup.Installation{DB: s.DB, Files: s.Inbox.Files, Keys: s.Keys, Version: "test"}, Data: data, Dir: dir, Keep: 7, Log: slog.New(slog.DiscardHandler)}
		if change != nil {
			change(&k)
		}
		s.Backups = backup.NewKeeper(k)
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { s.Backups.Run(ctx) })
		t.Cleanup(func() { stop(); wg.Wait() })
	})
	if err := place.CheckKeys(t.Context(), h.DB, h.Keys); err != nil {
		t.Fatal(err)
	}
	return h, dir
}

func older(h *webtest.House, by time.Duration) {
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE place SET created_at = created_at - $1", by.Microseconds())
		return err
	})
}

func TestABackupIsMadeAndTriedFromItsPage(t *testing.T) {
	h, dir := kept(t, nil)
	b := h.As(h.Owner)
	p := b.Get("/p/le-zinc/settings/backups").Want(200)
	if !strings.Contains(p.Text("main"), "Pas encore") || p.Has(".banner--brique") || p.Has("form[action=/p/le-zinc/settings/backups/drill]") || p.Has(".tag--brique") || p.Has(".tag--verre") {
		t.Errorf("a place that was set up just now sees %s", p.Text("main"))
	}
	b.Post("/p/le-zinc/settings/backups").Want(303)
	p = b.Get("/p/le-zinc/settings/backups").Want(200)
	if !strings.Contains(p.Text("#avis"), "La sauvegarde est faite.") || !strings.Contains(p.Text("section[aria-labelledby=gardees]"), "demandée") || !strings.Contains(p.Text("section[aria-labelledby=gardees] .line p"), "ko") {
		t.Errorf("the page says %s", p.Text("main"))
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("%d files, %v", len(all), err)
	}
	b.Post("/p/le-zinc/settings/backups/drill").Want(303)
	p = b.Get("/p/le-zinc/settings/backups").Want(200)
	if !strings.Contains(p.Text("#avis"), "Elle est revenue entière.") || strings.Contains(p.Text("section[aria-labelledby=sauvegardes]"), "Pas encore") {
		t.Errorf("the page says %s", p.Text("main"))
	}
	if strings.Contains(p.Body, dir) {
		t.Error("a path of the machine is on the page")
	}
	if p := b.Get("/p/le-zinc/settings/journal?about=all").Want(200); !strings.Contains(p.Text("main"), "Marc-Antoine A fait une sauvegarde") {
		t.Errorf("the journal says %s", p.Text("main"))
	}
}

func TestWhatIsWrongWithBackupsStandsOnTheirPage(t *testing.T) {
	h, dir := kept(t, nil)
	b := h.As(h.Owner)
	older(h, 30*24*time.Hour)
	p := b.Get("/p/le-zinc/settings/backups").Want(200)
	if p.Count(".banner--brique") != 1 || !strings.Contains(p.Text(".banner--brique"), "Aucune sauvegarde n’a été faite depuis plus de huit jours") || p.Count(".tag--brique") != 2 {
		t.Errorf("after a month without any: %s", p.Text("main"))
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	b.Post("/p/le-zinc/settings/backups").Want(303)
	p = b.Get("/p/le-zinc/settings/backups").Want(200)
	for _, want := range []string{"Une sauvegarde a échoué", "On ne peut pas écrire dans le dossier des sauvegardes", "On ne peut pas lire le dossier des sauvegardes"} {
		if !strings.Contains(p.Text("main"), want) {
			t.Errorf("no %q in %s", want, p.Text("main"))
		}
	}
	if strings.Contains(p.Body, dir) {
		t.Error("a path of the machine is on the page")
	}
}

func TestBackupsOfAMachineThatCannotOpenThemAreTriedElsewhere(t *testing.T) {
	h, _ := kept(t, func(k *backup.Keeper) {
		k.Recipients = []string{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}
	})
	b := h.As(h.Owner)
	b.Post("/p/le-zinc/settings/backups").Want(303)
	p := b.Get("/p/le-zinc/settings/backups").Want(200)
	if p.Has("form[action=/p/le-zinc/settings/backups/drill]") || !strings.Contains(p.Text("main"), "comptoir check --deep --backup") {
		t.Errorf("the page says %s", p.Text("main"))
	}
}

func TestHowMuchThereIsOfOtherPlacesIsNotTold(t *testing.T) {
	h, _ := kept(t, nil)
	if _, _, err := place.SetUp(t.Context(), h.DB, place.First{Place: place.New{Name: "Le Cuivre", Language: "fr", TimeZone: "UTC"}, Owner: place.NewMember{Name: "Ève", Email: "eve@cuivre.example", Password: webtest.Password}}); err != nil {
		t.Fatal(err)
	}
	b := h.As(h.Owner)
	b.Post("/p/le-zinc/settings/backups").Want(303)
	p := b.Get("/p/le-zinc/settings/backups").Want(200)
	others, err := place.BySlug(t.Context(), h.DB, "le-cuivre")
	if err != nil {
		t.Fatal(err)
	}
	if journal, err := place.Audit(t.Context(), h.DB, others.ID, place.Question{Limit: 1}); err != nil || journal.Entries[0].Kind == place.EventBackedUp {
		t.Errorf("the other place's journal says %+v, %v", journal.Entries, err)
	}
	if p.Count("section[aria-labelledby=gardees] .line") != 1 || p.Has("section[aria-labelledby=gardees] .line p") {
		t.Errorf("it says %s", p.Text("section[aria-labelledby=gardees]"))
	}
}

func TestThePageOfBackupsHoldsOnEveryScreen(t *testing.T) {
	for name, screen := range map[string]browsertest.View{"desk": browsertest.Desk, "phone": browsertest.Phone, "evening": browsertest.Desk.Evening(), "english": browsertest.Phone.English()} {
		t.Run(name, func(t *testing.T) {
			h, dir := kept(t, nil)
			older(h, 30*24*time.Hour)
			asked := "demandée"
			if name == "english" {
				asked = "asked for"
				h.As(h.Owner).Post("/me", "name", h.Owner.Name, "language", "en-CA", "theme", "").Want(303)
			}
			d := signedIn(t, h, screen, "/sign-in", h.Owner)
			look := func(shot string) {
				d.Fits()
				d.Axe()
				d.Screenshot("backups-" + shot + "-" + name)
			}
			d.Goto(h.URL + "/p/le-zinc/settings/backups")
			look("late")
			for day := range 3 {
				file := time.Now().UTC().Add(time.Duration(-24*day-20) * time.Hour).Format("comptoir-nightly-20060102-150405.zip")
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, file), make([]byte, 1_234_567), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d.Click("main button.btn--lit")
			d.WaitForText("#gardees ~ div", asked)
			look("made")
		})
	}
}
