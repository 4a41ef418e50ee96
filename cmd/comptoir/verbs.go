package main

import (
	"context"
	"fmt"
	"runtime"

	"comptoir/internal/app"
)

type serve struct {
	app.Config
}

func (s *serve) Run(ctx context.Context, t terminal) error {
	return app.Run(ctx, s.Config, logger(s.Config, t.err), t.out)
}

type data struct {
	Data     string `help:"Data folder." default:"comptoir-data" env:"COMPTOIR_DATA" placeholder:"DIR"`
	Database string `help:"PostgreSQL address; without it, SQLite in the data folder." env:"COMPTOIR_DATABASE" placeholder:"postgres://…"`
}

func (d data) config() app.Config {
	return app.Config{Data: d.Data, Database: d.Database, Listen: ":0", LogFormat: "auto", LogLevel: "info"}
}

// open opens the store for a verb that works beside a server, and on a fresh folder makes it.
func (d data) open(ctx context.Context, t terminal) (*app.Store, error) {
	s, err := app.Open(ctx, d.config(), true)
	if err == nil {
		app.TellCopied(t.err, s.Copied)
	}
	return s, err
}

type migrate struct {
	data
	WithoutCopy bool `help:"Do not keep the database as it was. Only with a backup at hand." name:"without-copy"`
}

func (m *migrate) Run(ctx context.Context, t terminal) error {
	n, copied, err := app.RunMigrate(ctx, m.config(), !m.WithoutCopy)
	app.TellCopied(t.out, copied)
	if err != nil {
		return err
	}
	if n == 0 {
		fmt.Fprintln(t.out, "The database is up to date.")
	} else {
		fmt.Fprintf(t.out, "The database is up to date: %d steps taken.\n", n)
	}
	return nil
}

type health struct {
	URL string `arg:"" optional:"" default:"http://127.0.0.1:8080" help:"Where the server is."`
}

func (h *health) Run(ctx context.Context, t terminal) error {
	return app.AskReady(ctx, h.URL)
}

type version struct{}

func (version) Run(t terminal) error {
	fmt.Fprintf(t.out, "comptoir %s %s %s/%s\n", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
