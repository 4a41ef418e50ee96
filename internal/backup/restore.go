package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"

	"comptoir/internal/db"
	"comptoir/internal/inbox"
	"comptoir/internal/jobs"
	"comptoir/internal/media"
	"comptoir/internal/place"
)

// Restored is an installation that was filled from a backup.
type Restored struct {
	Installation
	Held int // answers that wait for a person to release them
}

// Restore fills an empty database and a folder of files with what the archive holds, compares both with what
// was written, and makes of it an installation of its own: nobody is signed in, no token and no link opens
// anything, and no answer leaves before a person releases it. to.Keys are kept with it; when they are not the
// archive's, what those sealed is lost.
//
// Until it is done, no program starts on the database. It returns fault.Conflict ("db.not_empty") for one that
// is not empty, and what Verify returns.
func (a *Archive) Restore(ctx context.Context, to Installation) (r Restored, err error) {
	r.Installation = to
	if err := a.fill(ctx, to); err != nil {
		return r, err
	}
	if err := to.DB.MigrateLoaded(ctx); err != nil {
		return r, err
	}
	if err := jobs.Migrate(ctx, to.DB); err != nil {
		return r, err
	}
	if r.Held, err = to.counter().Restored(ctx); err != nil {
		return r, err
	}
	return r, to.DB.Write(ctx, func(tx db.Tx) error {
		if err := place.Restored(ctx, tx, to.Keys, a.Made); err != nil {
			return err
		}
		return to.DB.EndLoad(ctx, tx)
	})
}

// fill copies rows and files, and compares them with the archive's.
func (a *Archive) fill(ctx context.Context, to Installation) error {
	if err := to.DB.BeginLoad(ctx, a.Schema); err != nil {
		return err
	}
	tables, err := to.DB.Tables(ctx)
	if err != nil {
		return err
	}
	if len(tables) != len(a.Tables) {
		return damaged(fmt.Errorf("%d tables, the schema has %d", len(a.Tables), len(tables)))
	}
	loaded := make([]db.Content, len(tables))
	for i, t := range tables {
		if loaded[i], err = a.load(ctx, to.DB, t, a.Tables[i]); err != nil {
			return err
		}
	}
	if err := compare(ctx, to.DB, tables, loaded); err != nil {
		return err
	}
	return a.fillFiles(ctx, to.Files)
}

// load fills a table, and holds the text that it read against what the archive says of it.
func (a *Archive) load(ctx context.Context, d *db.DB, t db.Table, want Part) (c db.Content, err error) {
	r, err := a.zip.Open(tablesFolder + t.Name + ".jsonl")
	if err != nil {
		return c, damaged(err)
	}
	defer r.Close()
	sum := sha256.New()
	if c, err = d.Load(ctx, t, io.TeeReader(r, sum)); err != nil {
		return c, err
	}
	if got := (Part{t.Name, c.Rows, hex.EncodeToString(sum.Sum(nil))}); got != want {
		return c, damaged(fmt.Errorf("%s is %d rows, %.8s; it was %d rows, %.8s", t.Name, got.Rows, got.SHA256, want.Rows, want.SHA256))
	}
	return c, nil
}

// compare holds what the tables hold now against what was loaded into them.
func compare(ctx context.Context, d *db.DB, tables []db.Table, loaded []db.Content) error {
	return d.Read(ctx, func(q db.Querier) error {
		for i, t := range tables {
			got, err := d.Dump(ctx, q, t, io.Discard)
			if err != nil {
				return err
			}
			if want := loaded[i]; got != want {
				return damaged(fmt.Errorf("%s came back otherwise: %d rows; it was %d", t.Name, got.Rows, want.Rows))
			}
		}
		return nil
	})
}

func (a *Archive) fillFiles(ctx context.Context, store *media.Store) error {
	for _, entry := range a.zip.File {
		name, isFile := strings.CutPrefix(entry.Name, filesFolder)
		if !isFile {
			continue
		}
		r, err := entry.Open()
		if err != nil {
			return damaged(err)
		}
		f, err := store.Put(ctx, path.Dir(name), r, int64(entry.UncompressedSize64))
		r.Close()
		if err != nil {
			return err
		}
		if f.Hash != path.Base(name) {
			return damaged(fmt.Errorf("%s is another file", entry.Name))
		}
	}
	return nil
}

// counter is the counter of an installation, as far as it needs no queue.
func (in Installation) counter() *inbox.Inbox {
	return &inbox.Inbox{DB: in.DB, Files: in.Files, Log: slog.New(slog.DiscardHandler)}
}
