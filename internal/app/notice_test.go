package app_test

import (
	"context"
	"mime/quotedprintable"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

// Whoever changes the address of an account cannot keep its owner from hearing of it: the mail goes to the address that
// was, once, and holds no link.
func TestAMemberIsToldAtTheAddressThatWas(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		server, allowed := mailServer(t)
		cfg.AllowPrivate = allowed
		h := open(t, cfg)
		h.mail(t, server)
		server.Add("elie@zinc.example", "x")
		server.Add("intrus@exemple.test", "x")
		now := place.Notice{MemberID: h.owner.ID, At: time.Now()}
		if _, _, err := place.Carrier(t.Context(), h.DB, now, email.Kind); err != db.ErrNoRows {
			t.Errorf("the mailbox that was connected just now tells of its own connection: %v", err)
		}
		h.write(t, func(tx db.Tx) error {
			if _, err := tx.Exec(t.Context(), "UPDATE account SET created_at = created_at - $1", (2 * time.Hour).Microseconds()); err != nil {
				return err
			}
			return place.ChangeEmail(t.Context(), tx, h.owner.ID, "intrus@exemple.test")
		})
		changed := func() []string {
			return slices.DeleteFunc(words(t, server, "elie@zinc.example"), func(mail string) bool { return strings.Contains(mail, "réseau") })
		}
		eventually(t, "the mail arrives", func() bool { return len(changed()) > 0 })
		time.Sleep(300 * time.Millisecond)
		mails := changed()
		if len(mails) != 1 {
			t.Fatalf("%d mails: %v", len(mails), mails)
		}
		last := mails[0]
		for _, want := range []string{"Bonjour Élie", "l’adresse avec laquelle vous entrez a été changée", "prévenez un propriétaire de Le Zinc"} {
			if !strings.Contains(last, want) {
				t.Errorf("no %q in\n%s", want, last)
			}
		}
		if strings.Contains(last, "http") || strings.Contains(last, "intrus") || len(words(t, server, "intrus@exemple.test")) > 0 {
			t.Errorf("it tells too much, or to whom it should not:\n%s", last)
		}
	})
}

// words are the texts of the mails in a mailbox.
func words(t *testing.T, server *emailtest.Server, address string) (all []string) {
	t.Helper()
	for _, raw := range server.Inbox(address) {
		_, body, _ := strings.Cut(string(raw), "\r\n\r\n")
		all = append(all, readAll(t, quotedprintable.NewReader(strings.NewReader(body))))
	}
	return all
}

// A mailbox that refuses is tried three times and then left alone; a day later nobody is frightened any more.
func TestANoticeThatCannotBeMailedIsTriedThreeTimes(t *testing.T) {
	w := newWorld(t, app.Config{})
	m := w.here.member(place.Manager)
	w.write(func(ctx context.Context, tx db.Tx) error { return place.ChangeEmail(ctx, tx, m.ID, w.address()) })
	now := time.Now().Add(time.Minute)
	tries := 0
	for range 10 {
		n, err := place.DueNotice(t.Context(), w.DB, now)
		if err != nil {
			t.Fatal(err)
		}
		if n.ID != "" {
			tries++
			if err := place.NoticeTried(t.Context(), w.DB, n, false, now); err != nil {
				t.Fatal(err)
			}
			if again, err := place.DueNotice(t.Context(), w.DB, now); err != nil || again.ID != "" {
				t.Errorf("another process takes it too: %v %v", again, err)
			}
		}
		now = now.Add(time.Hour)
	}
	if tries == 0 || tries > 3 {
		t.Errorf("tried %d times", tries)
	}
}
