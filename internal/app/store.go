package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/jobs"
	"comptoir/internal/place"
)

// Store is the data of an installation, open: what a command line needs without a running server.
type Store struct {
	DB     *db.DB
	Keys   place.Keys
	Copied string // where the database lies as it was before Open brought it up to date; "" = it was not changed
	cfg    Config
}

// Open opens the data folder and database of cfg. With migrate it brings the schema up to date, else it
// refuses another one. It does not take the folder's lock: a command line works beside a server.
func Open(ctx context.Context, cfg Config, migrate bool) (*Store, error) {
	if err := cfg.wholeBeside(); err != nil {
		return nil, err
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.ready(ctx, migrate); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// open opens without looking at the schema.
func open(ctx context.Context, cfg Config) (*Store, error) {
	if err := makeData(cfg.Data); err != nil {
		return nil, err
	}
	keys, err := place.LoadKeys(cfg.Data)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, cfg.databaseURL())
	if err != nil {
		return nil, err
	}
	return &Store{DB: d, Keys: keys, cfg: cfg}, nil
}

// openOnly is open for verbs that must not make what is not there: "data.nothing".
func openOnly(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Database == "" {
		if _, err := os.Stat(cfg.databaseURL()); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "app.open", "data.nothing", "dir", cfg.Data)
		}
	}
	return open(ctx, cfg)
}

func makeData(dir string) error {
	return fault.Wrap(os.MkdirAll(dir, 0o700), fault.Unavailable, "app.data", "data.unwritable", "dir", dir)
}

func (s *Store) ready(ctx context.Context, migrate bool) error {
	if migrate {
		if _, err := s.migrate(ctx, true); err != nil {
			return err
		}
	} else if err := s.DB.CheckVersion(ctx); err != nil {
		return err
	}
	return s.tie(ctx)
}

// tie refuses a database that does not belong with this folder and its key.
func (s *Store) tie(ctx context.Context) error {
	if err := place.CheckFolder(ctx, s.DB, s.cfg.Data); err != nil {
		return err
	}
	return place.CheckKeys(ctx, s.DB, s.Keys)
}

// Close closes the database.
func (s *Store) Close() { s.DB.Close() }

// migrate brings our schema and the job queue's to their newest version and returns how many steps of ours it
// took. With keep, a SQLite database that holds something is copied first.
func (s *Store) migrate(ctx context.Context, keep bool) (steps int, err error) {
	if keep {
		if err := s.copyBefore(ctx); err != nil {
			return 0, err
		}
	}
	if steps, err = s.DB.Migrate(ctx); err != nil {
		return steps, err
	}
	return steps, jobs.Migrate(ctx, s.DB)
}

// keepBefore is how many of these copies are kept.
const keepBefore = 3

// copyBefore keeps the database as it is before its schema changes: there is no way back but a copy. On
// PostgreSQL that is the operator's, with pg_dump.
func (s *Store) copyBefore(ctx context.Context) error {
	have, err := s.DB.Version(ctx)
	if err != nil || have == 0 || have >= len(db.Migrations()) || s.DB.Engine() != db.SQLite {
		return err
	}
	dir := s.cfg.backups()
	if err := makeData(dir); err != nil {
		return err
	}
	st, err := os.Stat(s.cfg.databaseURL())
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.migrate", "db.unwritable")
	}
	if free, err := backup.Free(dir); err == nil && free < uint64(st.Size())+backup.Room {
		return fault.New(fault.Unavailable, "app.migrate", "migrate.no_room", "dir", dir)
	}
	path := filepath.Join(dir, fmt.Sprintf("before-schema-%d-%s.db", len(db.Migrations()), time.Now().UTC().Format("20060102-150405")))
	if err := s.DB.CopyTo(ctx, path); err != nil {
		return err
	}
	s.Copied = path
	older, _ := filepath.Glob(filepath.Join(dir, "before-schema-*.db")) // only for a malformed pattern
	slices.SortFunc(older, func(a, b string) int { return strings.Compare(b[len(b)-18:], a[len(a)-18:]) })
	for _, path := range older[min(keepBefore, len(older)):] {
		os.Remove(path)
	}
	return nil
}
