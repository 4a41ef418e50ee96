package main

import (
	"context"
	"errors"
	"os"

	"comptoir/internal/app"
	copies "comptoir/internal/backup"
	"comptoir/internal/fault"
)

// errSeeAbove ends a verb that has said what is wrong line by line.
var errSeeAbove = errors.New("something needs you, see above")

type backup struct {
	data
	passphrase
	File string `arg:"" help:"Where the backup is written; one that is there is replaced once the new one is whole."`

	WithKey   bool     `help:"Include the key, sealed by the passphrase." name:"with-key"`
	Encrypt   bool     `help:"Encrypt all of it by the passphrase." xor:"how"`
	Recipient []string `help:"Encrypt all of it for the holder of this age key; more than once for several." xor:"how" placeholder:"age1…"`
	Drill     bool     `help:"Then try it: restore it beside the data, compare, check, remove."`
}

func (c *backup) Run(ctx context.Context, t terminal) error {
	secret, err := c.passphrase.read(t)
	if err != nil {
		return err
	}
	o := copies.Options{Encrypt: c.Encrypt, Recipients: c.Recipient, Key: c.WithKey, Passphrase: secret}
	return seeAbove(app.Backup(ctx, c.config(), c.File, o, c.Drill, t.out))
}

type restore struct {
	data
	secrets
	File   string `arg:"" help:"The backup." type:"existingfile"`
	Key    string `help:"A copy of the key that belongs with it; not needed when comptoir.key lies in the data folder." placeholder:"FILE"`
	NewKey bool   `help:"Do without the key: accounts are connected and cards printed again." name:"new-key"`
}

func (c *restore) Run(ctx context.Context, t terminal) error {
	s, err := c.secrets.open(t)
	if err != nil {
		return err
	}
	return seeAbove(app.Restore(ctx, c.config(), c.File, app.Restoring{Secrets: s, KeyFile: c.Key, NewKey: c.NewKey}, t.out))
}

type check struct {
	data
	secrets
	Deep   bool   `help:"Read everything: files, sealed values, journals, answers on their way."`
	Backup string `help:"Try this backup instead: restore it beside the data, compare, check all of it, remove it." type:"existingfile" placeholder:"FILE"`
}

func (c *check) Run(ctx context.Context, t terminal) error {
	if c.Backup == "" {
		return seeAbove(app.Check(ctx, c.config(), c.Deep, t.out))
	}
	s, err := c.secrets.open(t)
	if err != nil {
		return err
	}
	return seeAbove(app.CheckBackup(ctx, c.config(), c.Backup, s, t.out))
}

func seeAbove(ok bool, err error) error {
	if err == nil && !ok {
		return errSeeAbove
	}
	return err
}

// passphrase is asked for on the standard input or in a file: a flag could be read by others on the machine.
type passphrase struct {
	PassphraseStdin bool   `help:"Read the passphrase from the standard input." name:"passphrase-stdin" xor:"passphrase"`
	PassphraseFile  string `help:"Read the passphrase from a file." name:"passphrase-file" xor:"passphrase" placeholder:"FILE"`
}

func (p passphrase) read(t terminal) (string, error) {
	if p.PassphraseStdin {
		return readLine(t.in)
	}
	if p.PassphraseFile == "" {
		return "", nil
	}
	f, err := os.Open(p.PassphraseFile)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "cli.passphrase", "backup.unreadable", "path", p.PassphraseFile)
	}
	defer f.Close()
	return readLine(f)
}

// secrets open an encrypted backup.
type secrets struct {
	passphrase
	Identity string `help:"File with the age key that opens it." placeholder:"FILE"`
}

func (c secrets) open(t terminal) (s copies.Secrets, err error) {
	if s.Passphrase, err = c.passphrase.read(t); err != nil || c.Identity == "" {
		return s, err
	}
	s.Identities, err = copies.ReadIdentities(c.Identity)
	return s, err
}
