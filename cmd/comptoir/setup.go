package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"comptoir/internal/app"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

type setup struct {
	data
	Link bool `help:"Print a new link, good for 30 minutes, to make the first place in a browser." xor:"how"`

	Place         string `help:"The place's name." placeholder:"NAME"`
	Email         string `help:"The owner's address." placeholder:"E"`
	Name          string `help:"The owner's name; without it, what stands before the @." placeholder:"NAME"`
	PasswordStdin bool   `help:"Read the owner's password from the standard input." name:"password-stdin"`
	Language      string `help:"The place's language: fr, fr-FR, en, en-US …" default:"fr"`
	Timezone      string `help:"The place's time zone, such as America/Montreal; without it, this machine's." placeholder:"ZONE"`
	PublicURL     string `help:"With --link: the address to print it for." env:"COMPTOIR_PUBLIC_URL" name:"public-url" placeholder:"URL"`
}

func (c *setup) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	if c.Link {
		return c.printLink(ctx, s, t)
	}
	if c.Place == "" || c.Email == "" || !c.PasswordStdin {
		return fault.New(fault.Invalid, "setup", "cli.setup_needs")
	}
	password, err := readLine(t.in)
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name, _, _ = strings.Cut(c.Email, "@")
	}
	p, err := app.SetUp(ctx, s, place.First{
		Place: place.New{Name: c.Place, Language: c.Language, TimeZone: c.Timezone},
		Owner: place.NewMember{Email: c.Email, Name: name, Password: password},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s is ready: start comptoir serve, then sign in as %s.\n", p.Name, c.Email)
	return nil
}

func (c *setup) printLink(ctx context.Context, s *app.Store, t terminal) error {
	path, err := app.SetUpLink(ctx, s)
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(c.PublicURL, "/")
	if base == "" {
		base = app.LocalBase
	}
	fmt.Fprintln(t.out, base+path)
	return nil
}

// readLine reads a secret that was piped in: everything up to the first line's end.
func readLine(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, 4096))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}
