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
	ResetFactor memberResetFactor `cmd:"" name:"reset-factor" help:"Take a member's app, passkeys and recovery codes away and sign them out. The password stays."`
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
	Email     string `help:"The member's address." required:"" placeholder:"E"`
	PublicURL string `help:"The address to print the link for." default:"http://localhost:8080" env:"COMPTOIR_PUBLIC_URL" name:"public-url" placeholder:"URL"`
}

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
	fmt.Fprintln(t.out, strings.TrimSuffix(c.PublicURL, "/")+path)
	return nil
}

type memberResetFactor struct {
	data
	Email string `help:"The member's address." required:"" placeholder:"E"`
}

func (c *memberResetFactor) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	return app.ResetFactors(ctx, s, c.Email)
}
