// Package demo plays an evening at « Le Zinc », a place that lives, so that somebody can see Comptoir at
// work before giving it anything of theirs.
//
// It runs the product itself, on a folder of its own that is removed afterwards: the guests are browsers
// that open a table's address and send its form; the mails lie on a mail server faked in memory, and the mentions on a
// Mastodon server, on one of Bluesky and under a blog, which the product reads over the loopback as it reads any;
// colleagues use the same gestures as members do. Nothing leaves the machine, and nothing in the product knows that it is a demonstration.
package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/network/wordpress/wordpresstest"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
)

// Config is how the evening is played.
type Config struct {
	Listen string
	Seed   uint64  // the same seed plays the same evening
	Speed  float64 // 2 = twice as fast
}

// The place's own mailbox.
const mailbox, mailPassword = "bonjour@lezinc.test", "le zinc brille"

// stage is everything that the evening needs.
type stage struct {
	cfg  Config
	dir  string
	rand *rand.Rand
	app  *app.App
	mail *emailtest.Server
	// fediverse is the Mastodon server where the place has its account, and everybody else.
	fediverse *mastodontest.Server
	// sky is Bluesky: the place's own server there, and everybody else.
	sky *blueskytest.Server
	// blog is the place's own.
	blog         *wordpresstest.Server
	blogPassword string
	phones       *outgoing.Door
	place        place.Place
	staff        []place.Actor // who goes to the tables
	tables       map[int]string
	owner        place.Member
}

// Run plays until ctx ends. It prints one line, "ready http://…", with a link that signs in once.
func Run(ctx context.Context, cfg Config, log *slog.Logger, out io.Writer) error {
	s, err := open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer s.close()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.app.Serve(gctx) })
	g.Go(func() error {
		link, err := s.build(gctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "ready http://%s%s\n", address(s.app), link)
		return s.play(gctx)
	})
	return g.Wait()
}

// open sets the stage: a folder, a mail server, the program itself, not yet serving.
func open(ctx context.Context, cfg Config, log *slog.Logger) (*stage, error) {
	s := &stage{cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, 21)), tables: map[int]string{}}
	if err := s.open(ctx, log); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) open(ctx context.Context, log *slog.Logger) (err error) {
	if s.dir, err = os.MkdirTemp("", "comptoir-demo-"); err != nil {
		return err
	}
	if s.mail, err = emailtest.Start(); err != nil {
		return err
	}
	s.mail.Add(mailbox, mailPassword)
	if s.fediverse, err = mastodontest.Start(mastodontest.Mastodon); err != nil {
		return err
	}
	s.fediverse.Add(bar, "Le Zinc")
	if s.sky, err = blueskytest.Start(); err != nil {
		return err
	}
	s.sky.Add(skyName, "Le Zinc", skyPassword)
	if err := s.openBlog(); err != nil {
		return err
	}
	// The guests' phones are on this machine too: they go out by the operator's door, which may.
	if s.phones, err = outgoing.New(outgoing.Config{}); err != nil {
		return err
	}
	s.app, err = app.New(ctx, app.Config{Data: filepath.Join(s.dir, "data"), Listen: s.cfg.Listen, AllowPrivate: append(mailAddresses(s.mail), s.fediverse.Host(), s.sky.Host(), s.blog.Host())}, log)
	if err == nil { // names are looked up here, as nothing leaves the machine
		s.app.Networks.Drivers[bluesky.Kind] = s.sky.Driver()
	}
	return err
}

// close takes everything away, the folder too.
func (s *stage) close() {
	if s.app != nil {
		s.app.Close()
	}
	if s.phones != nil {
		s.phones.Close()
	}
	if s.mail != nil {
		s.mail.Close()
	}
	if s.fediverse != nil {
		s.fediverse.Close()
	}
	if s.sky != nil {
		s.sky.Close()
	}
	if s.blog != nil {
		s.blog.Close()
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

func mailAddresses(m *emailtest.Server) []string {
	e := m.Endpoint(mailbox, "")
	return []string{fmt.Sprintf("%s:%d", e.IMAP.Host, e.IMAP.Port), fmt.Sprintf("%s:%d", e.SMTP.Host, e.SMTP.Port)}
}

// address is where a browser on this machine opens the demonstration.
func address(a *app.App) string {
	addr := a.Addr().String()
	if port, ok := strings.CutPrefix(addr, "[::]:"); ok {
		return "localhost:" + port
	}
	return addr
}

// build makes the place, its people, its room and its mailbox, and returns the path of a sign-in link.
func (s *stage) build(ctx context.Context) (link string, err error) {
	d := s.app.DB
	s.place, s.owner, err = place.SetUp(ctx, d, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr-CA", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie Moreau", Email: "elie@lezinc.test", Password: place.Secret()},
	})
	if err != nil {
		return "", err
	}
	boss := s.owner.As(s.place.ID, place.Owner)
	for _, l := range letters {
		if l.after == 0 {
			if err := s.deliver(l, time.Now().Add(-l.ago)); err != nil {
				return "", err
			}
		}
	}
	for _, t := range toots {
		if t.after == 0 {
			if err := s.toot(t, "", time.Now().Add(-t.ago)); err != nil {
				return "", err
			}
		}
	}
	for _, t := range skyToots {
		if t.after == 0 {
			if err := s.skySay(t, "", time.Now().Add(-t.ago)); err != nil {
				return "", err
			}
		}
	}
	for _, t := range remarks {
		if t.after == 0 {
			if err := s.blogSay(t, 0, time.Now().Add(-t.ago)); err != nil {
				return "", err
			}
		}
	}
	if err := s.hire(ctx, boss); err != nil {
		return "", err
	}
	if err := s.furnish(ctx, boss); err != nil {
		return "", err
	}
	if err := s.settle(ctx, boss); err != nil {
		return "", err
	}
	_, err = s.app.Networks.Connect(ctx, d, s.app.Keys, boss, s.place.ID, place.NewAccount{
		Kind: email.Kind, Name: "Le Zinc", Endpoint: s.mail.Endpoint(mailbox, "Le Zinc").String(),
		Credential: network.NewCredential(map[string]string{"imap_password": mailPassword, "smtp_password": mailPassword}),
	})
	if err != nil {
		return "", err
	}
	if err := s.connect(ctx, boss); err != nil {
		return "", err
	}
	if err := s.enroll(ctx, boss); err != nil {
		return "", err
	}
	if err := s.joinBlog(ctx, boss); err != nil {
		return "", err
	}
	if _, err := place.TakeNotices(ctx, d, s.owner.ID); err != nil { // what the evening began with is no news
		return "", err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		code, err := place.DemoLink(ctx, tx, s.owner.ID)
		link = "/enter/" + code
		return err
	})
	return link, err
}

// hire brings the colleagues in.
func (s *stage) hire(ctx context.Context, boss place.Actor) error {
	for _, m := range []struct {
		name, email string
		role        place.Role
	}{
		{"Noémie Gagnon", "noemie@lezinc.test", place.Manager},
		{"Marc-Antoine Hébert", "marc@lezinc.test", place.Floor},
	} {
		var done place.Member
		err := s.app.DB.Write(ctx, func(tx db.Tx) (err error) {
			done, err = place.AddMember(ctx, tx, boss, s.place.ID, place.NewMember{Name: m.name, Email: m.email, Password: place.Secret()}, m.role)
			return err
		})
		if err != nil {
			return err
		}
		s.staff = append(s.staff, done.As(s.place.ID, m.role))
	}
	return nil
}
