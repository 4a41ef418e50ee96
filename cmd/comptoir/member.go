package main

import (
	"context"
	"fmt"
	"strings"

	"comptoir/internal/app"
)

type member struct {
	List        memberList        `cmd:"" help:"List the members with their roles."`
	Link        memberLink        `cmd:"" help:"Print a link, good for 30 minutes, by which a member chooses a new password. A second factor stays."`
	ResetFactor memberResetFactor `cmd:"" name:"reset-factor" help:"Take a member's app, passkeys and recovery codes away and sign them out. The password stays; whoever has none is given a link to choose one."`
}

type memberList struct{ data }

func (c *memberList) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	lines, err := app.ListMembers(ctx, s)
	for _, line := range lines {
		fmt.Fprintln(t.out, line)
	}
	return err
}

type memberLink struct {
	data
	Email string `help:"The member's address." required:"" placeholder:"E"`
	printed
}

// printed is a link on the terminal.
type printed struct {
	PublicURL string `help:"The address to print the link for." default:"http://localhost:8080" env:"COMPTOIR_PUBLIC_URL" name:"public-url" placeholder:"URL"`
}

func (p printed) url(path string) string { return strings.TrimSuffix(p.PublicURL, "/") + path }

func (c *memberLink) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	path, err := app.ResetLink(ctx, s, c.Email)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, c.url(path))
	return nil
}

type memberResetFactor struct {
	data
	Email string `help:"The member's address." required:"" placeholder:"E"`
	printed
}

func (c *memberResetFactor) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	path, err := app.ResetFactors(ctx, s, c.Email)
	if err == nil && path != "" {
		fmt.Fprintf(t.out, "%s has no password. By this link, good for 30 minutes, they choose one:\n%s\n", c.Email, c.url(path))
	}
	return err
}
