package main

import (
	"context"
	"fmt"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/place"
)

type token struct {
	Create tokenCreate `cmd:"" help:"Make a token; prints it alone, once."`
}

type tokenCreate struct {
	data
	Place  string        `help:"The place's address word; not needed when there is one place." placeholder:"SLUG"`
	Name   string        `help:"What the token is for." required:""`
	Scopes []place.Scope `help:"What it may do: read, reply, floor, accounts." default:"read,reply,floor,accounts"`
	Life   time.Duration `help:"How long it lives." default:"8760h"`
}

func (c *tokenCreate) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	value, err := app.CreateToken(ctx, s, c.Place, c.Name, c.Scopes, c.Life)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.out, value)
	return nil
}
