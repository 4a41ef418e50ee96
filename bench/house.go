package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/inbox"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/place"
)

// house is an installation with one place, on disk, before the program starts on it.
type house struct {
	cfg   app.Config
	store *app.Store
	files *media.Store
	inbox *inbox.Inbox
	place place.Place
	owner place.Member
	house place.Account // of the place's own tables: nobody needs to connect it
}

// newHouse makes « Le Zinc » in a fresh data folder, on SQLite unless database says otherwise.
func newHouse(ctx context.Context, w *work, database string) (*house, error) {
	dir, err := os.MkdirTemp(w.dir, "house-")
	if err != nil {
		return nil, err
	}
	h := &house{cfg: app.Config{Data: dir, Database: database}}
	if err := h.open(ctx); err != nil {
		return nil, err
	}
	h.place, h.owner, err = place.SetUp(ctx, h.store.DB, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr-CA", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie Moreau", Email: "elie@lezinc.example", Password: place.Secret()},
	})
	if err != nil {
		return nil, err
	}
	h.house, err = place.House(ctx, h.store.DB, h.place.ID)
	return h, err
}

// open opens the store, for the first time or again.
func (h *house) open(ctx context.Context) (err error) {
	if h.store, err = app.Open(ctx, h.cfg, true); err != nil {
		return err
	}
	if h.files, err = media.Open(filepath.Join(h.cfg.Data, "files")); err != nil {
		h.store.Close()
		return err
	}
	h.inbox = &inbox.Inbox{DB: h.store.DB, Files: h.files, Log: slog.New(slog.DiscardHandler)}
	return nil
}

// close closes the store; the data stays until the bench ends.
func (h *house) close() {
	h.files.Close()
	h.store.Close()
}

const password = "le zinc brille" // of every mailbox

// mailbox gives the place an account of e-mail.
func (h *house) mailbox(ctx context.Context, address, endpoint string) (a place.Account, err error) {
	err = h.store.DB.Write(ctx, func(tx db.Tx) error {
		a, err = place.AddAccount(ctx, tx, h.store.Keys, h.owner.As(h.place.ID, place.Owner), h.place.ID, place.NewAccount{
			Kind: email.Kind, Name: "Le Zinc", Handle: address, Endpoint: endpoint,
			Credential: network.NewCredential(map[string]string{"imap_password": password, "smtp_password": password}),
		})
		return err
	})
	return a, err
}

// sessions signs a member in several times and returns the cookies.
func (h *house) sessions(ctx context.Context, memberID string, n int) (cookies []string, err error) {
	err = h.store.DB.Write(ctx, func(tx db.Tx) error {
		for range n {
			value, err := place.StartSession(ctx, tx, memberID, "bench")
			if err != nil {
				return err
			}
			cookies = append(cookies, "comptoir="+value)
		}
		return nil
	})
	return cookies, err
}

// regulars write at the counter: so many people, each in a conversation of their own.
const regulars = 5000

// pageOf makes a page of messages, the first of them number from, written at the times that at gives.
func pageOf(texts []string, from int, at func(n int) time.Time) network.Page {
	p := network.Page{Next: network.Cursor(strconv.Itoa(from + len(texts)))}
	for i, s := range texts {
		who := strconv.Itoa((from + i) % regulars)
		p.Messages = append(p.Messages, network.Message{
			ID: network.RemoteID("m" + strconv.Itoa(from+i)), Thread: network.RemoteID("t" + who),
			Author: network.Author{ID: network.RemoteID("p" + who), Handle: "p" + who + "@exemple.test", Name: "Personne " + who},
			Text:   s, SentAt: at(from + i),
		})
	}
	return p
}

func now(int) time.Time { return time.Now() }

// posts returns n short texts: those of the ceilings' generator when it is there, else our own.
func (w *work) posts(ctx context.Context, n int) ([]string, error) {
	if len(w.texts) >= n {
		return w.texts[:n], nil
	}
	w.texts = nil
	if w.limits == "" {
		for i := range n {
			w.texts = append(w.texts, fmt.Sprintf("On a faim à la table %d, mais on ne voit personne! Vous servez encore la cuisine? Merci, à tantôt, numéro %d du soir.", i%40, i))
		}
		return w.texts, nil
	}
	path, err := w.postsFile(ctx)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan() && len(w.texts) < n; {
		w.texts = append(w.texts, s.Text())
	}
	for i := 0; len(w.texts) < n; i++ { // the generator makes 100 MB; a million posts say some of it again
		w.texts = append(w.texts, w.texts[i])
	}
	return w.texts, nil
}

// postsFile runs the ceilings' generator once and returns its file.
func (w *work) postsFile(ctx context.Context) (string, error) {
	path := filepath.Join(w.dir, "posts.txt")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	gen, err := w.tool(ctx, "genposts")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, gen, w.dir)
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
}
