package backup

import (
	"context"
	"testing"
)

// Tests try passphrases; they do not pay for it.
func init() { workFactor = 10 }

// HoldPart begins a backup at path, as another process would, until release is called.
func HoldPart(t testing.TB, path string) (release func()) {
	t.Helper()
	p, err := begin(path)
	if err != nil {
		t.Fatal(err)
	}
	return p.end
}

// Due tells whether a backup should be made now.
var Due = due

// Hold is a task that takes until the second receive from held.
func (k *Keeper) Hold(held chan struct{}) {
	k.begin(func(context.Context) error {
		held <- struct{}{}
		held <- struct{}{}
		return nil
	})
}
