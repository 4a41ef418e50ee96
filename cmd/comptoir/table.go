package main

import (
	"context"
	"fmt"

	"comptoir/internal/app"
)

type table struct {
	Add tableAdd `cmd:"" help:"Add tables; prints the number and the address of each, a line a table."`
}

type tableAdd struct {
	data
	Place     string `help:"The place's address word; not needed when there is one place." placeholder:"SLUG"`
	Count     int    `help:"How many tables, 1 to 100." default:"1"`
	PublicURL string `help:"What the addresses begin with; without it the one in force, else http://localhost:8080." name:"public-url" env:"COMPTOIR_PUBLIC_URL" placeholder:"URL"`
}

func (c *tableAdd) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	base, err := app.GuestBase(ctx, s, c.PublicURL)
	if err != nil {
		return err
	}
	tables, err := app.AddTables(ctx, s, c.Place, c.Count)
	if err != nil {
		return err
	}
	for _, table := range tables {
		fmt.Fprintf(t.out, "%d %s%s\n", table.Number, base, table.Path)
	}
	return nil
}
