package main

import (
	"context"
	"fmt"

	"comptoir/internal/place"
)

type key struct {
	Rotate keyRotate `cmd:"" help:"Seal passwords and tokens of accounts, and members' authenticators, under a new key. The server may run. Printed codes stay good."`
}

type keyRotate struct {
	data
	Prepare bool `help:"Only put the new key into the file, to copy it to every machine that serves this installation first."`
}

func (c *keyRotate) Run(ctx context.Context, t terminal) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.Close()
	if c.Prepare {
		if err := place.PrepareKey(s.Keys); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "A new key waits in %s. Copy that file to every machine, then run key rotate once.\n", place.KeyFile)
		return nil
	}
	n, err := place.RotateKeys(ctx, s.DB, s.Keys, func(done, of int) {
		if done%1000 == 0 {
			fmt.Fprintf(t.err, "%d of %d\n", done, of)
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Sealed under the new key: %d. Keep a copy of %s where your backups are not, and forget the old one.\n", n, place.KeyFile)
	return nil
}
