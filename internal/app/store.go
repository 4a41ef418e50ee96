package app

import (
	"context"
	"os"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/jobs"
	"comptoir/internal/place"
)

// Store is the data of an installation, open: what a command line needs without a running server.
type Store struct {
	DB   *db.DB
	Keys place.Keys
}

// Open opens the data folder and database of cfg. With migrate it brings the schema up to date, else it
// refuses another one. It does not take the folder's lock: a command line works beside a server.
func Open(ctx context.Context, cfg Config, migrate bool) (*Store, error) {
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
	return &Store{DB: d, Keys: keys}, nil
}

func makeData(dir string) error {
	return fault.Wrap(os.MkdirAll(dir, 0o700), fault.Unavailable, "app.data", "data.unwritable", "dir", dir)
}

func (s *Store) ready(ctx context.Context, migrate bool) error {
	if migrate {
		if _, err := Migrate(ctx, s.DB); err != nil {
			return err
		}
	} else if err := s.DB.CheckVersion(ctx); err != nil {
		return err
	}
	return place.CheckKeys(ctx, s.DB, s.Keys)
}

// Close closes the database.
func (s *Store) Close() { s.DB.Close() }

// Migrate brings our schema and the job queue's to their newest version and returns how many steps of
// ours it took.
func Migrate(ctx context.Context, d *db.DB) (int, error) {
	n, err := d.Migrate(ctx)
	if err != nil {
		return n, err
	}
	return n, jobs.Migrate(ctx, d)
}
