package app_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/place"
)

// insideWords are words that tell how it is built: none belongs on a page. PGX in capitals can be part of a reference.
var insideWords = regexp.MustCompile(`goroutine|panic|\.go:\d|/internal/|comptoir/|(?i:sqlite|postgres|sqlstate|modernc)|pgx|no such table|relation "|constraint|SELECT |INSERT INTO|gone_|runtime error`)

var shownRef = regexp.MustCompile(`\b[A-Z2-7]{8}\b`)

// without takes a table away, so that whatever needs it fails, and gives it back when do has returned.
func (w *world) without(table string, do func()) {
	w.t.Helper()
	rename := func(from, to string) {
		w.write(func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, "ALTER TABLE "+from+" RENAME TO "+to)
			return err
		})
	}
	rename(table, "gone_"+table)
	defer rename("gone_"+table, table)
	do()
}

// Every route is driven while the database fails under it, table by table: the answer is a sentence and a reference,
// by which the operator finds the cause in the log; of how the house is built it says nothing.
func TestEveryDoorFailsWithASentenceAndAReference(t *testing.T) {
	takesMinutes(t)
	each(t, func(t *testing.T, cfg app.Config) {
		w := newWorld(t, cfg)
		h := w.here.things(place.Member{})
		visitors := map[string]visitor{
			"owner": h.signedIn(h.member(place.Owner)), "token": h.holding(w.here, place.Scopes...), "guest": h.nextBy(),
		}
		failed := map[string]bool{}
		for _, table := range []string{"place", "member", "session", "token", "membership", "conversation", "message", "floor_table", "call", "guest", "account", "journal", "link", "signin_failure", "label", "saved_reply"} {
			at := len(w.log.String())
			var refs []string
			w.without(table, func() {
				for _, v := range visitors {
					w.knockOnEverything(t, v, func(r row, a answer) {
						if word := insideWords.FindString(a.body); word != "" && !strings.HasPrefix(r.pattern, "/static/") && r.pattern != "/metrics" {
							t.Errorf("%s without %s tells %q", r.name(), table, word)
						}
						if a.status < 500 || a.status == 501 || strings.HasPrefix(r.pattern, "/readyz") {
							return
						}
						failed[r.name()] = true
						ref := shownRef.FindString(a.body)
						if ref == "" || !strings.Contains(a.header.Get("Content-Type"), "charset=utf-8") && !strings.Contains(a.header.Get("Content-Type"), "json") {
							t.Errorf("%s without %s: %d without a reference: %.300s", r.name(), table, a.status, a.body)
						}
						refs = append(refs, ref)
					})
				}
			})
			log := w.log.String()[at:]
			for _, ref := range refs {
				if !strings.Contains(log, `"ref":"`+ref+`"`) {
					t.Errorf("%q was shown and is not in the log", ref)
				}
			}
		}
		if len(failed) < 60 {
			t.Errorf("only %d routes were seen to fail", len(failed))
		}
	})
}
