package app

import (
	"context"
	"os"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// onePlace returns the place a command line means: the one named by its address word, or the only one.
func onePlace(ctx context.Context, s *Store, slug string) (place.Place, error) {
	if slug != "" {
		return place.BySlug(ctx, s.DB, slug)
	}
	all, err := place.All(ctx, s.DB)
	switch {
	case err != nil:
		return place.Place{}, err
	case len(all) == 0:
		return place.Place{}, fault.New(fault.NotFound, "app.place", "cli.no_place")
	case len(all) > 1:
		return place.Place{}, fault.New(fault.Invalid, "app.place", "cli.which_place")
	}
	return all[0], nil
}

// SetUp makes a place and its owner. Without a time zone it takes this machine's.
func SetUp(ctx context.Context, s *Store, f place.First) (place.Place, error) {
	if f.Place.TimeZone == "" {
		f.Place.TimeZone = machineZone()
	}
	p, _, err := place.SetUp(ctx, s.DB, f)
	return p, err
}

// machineZone is this machine's time zone by name, UTC when it has none that a place could have.
func machineZone() string {
	if zone := os.Getenv("TZ"); zone != "" {
		return zone
	}
	if path, err := os.Readlink("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(path, "/zoneinfo/"); ok {
			return zone
		}
	}
	return "UTC"
}

// SetUpLink makes the link by which the first place is made in a browser, and returns its path.
func SetUpLink(ctx context.Context, s *Store) (path string, err error) {
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		code, err := place.SetupLink(ctx, tx)
		path = "/setup/" + code
		return err
	})
	return path, err
}

// CreateToken makes an API token for a place and returns its value.
func CreateToken(ctx context.Context, s *Store, slug, name string, scopes []place.Scope, life time.Duration) (string, error) {
	p, err := onePlace(ctx, s, slug)
	if err != nil {
		return "", err
	}
	var value string
	err = s.DB.Write(ctx, func(tx db.Tx) (err error) {
		_, value, err = place.CreateToken(ctx, tx, place.System(), p.ID, name, scopes, life)
		return err
	})
	return value, err
}

// TableCode is a table that a command line added: its number and where its card leads, "/t/…".
type TableCode struct {
	Number int64
	Path   string
}

// AddTables adds tables to a place and returns their codes.
func AddTables(ctx context.Context, s *Store, slug string, count int) ([]TableCode, error) {
	p, err := onePlace(ctx, s, slug)
	if err != nil {
		return nil, err
	}
	var tables []floor.Table
	err = s.DB.Write(ctx, func(tx db.Tx) (err error) {
		tables, err = floor.AddTables(ctx, tx, place.System(), p.ID, count, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	room := floor.New(s.DB, s.Keys)
	var codes []TableCode
	for _, t := range tables {
		codes = append(codes, TableCode{Number: t.N, Path: "/t/" + room.Code(p, t)})
	}
	return codes, nil
}

// LocalBase is where a program that was told nothing is found, on its own machine.
const LocalBase = "http://localhost:8080"

// GuestBase is the address that a command line prints before a path: the one given, else the one chosen
// on the address screen, else this machine's own.
func GuestBase(ctx context.Context, s *Store, given string) (string, error) {
	if given == "" {
		var err error
		if given, err = place.InstanceValue(ctx, s.DB, place.InstancePublicURL); err != nil {
			return "", err
		}
	}
	if given == "" {
		return LocalBase, nil
	}
	u, err := door.ParsePublic(given)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host, nil
}
