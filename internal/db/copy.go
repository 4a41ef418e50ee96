package db

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"

	"comptoir/internal/fault"
)

// CopyTo writes this SQLite database, as it is at one moment, to a new file while it is in use. The file
// appears under its name when it is whole, checked and on the disk. It returns fault.Unsupported on
// PostgreSQL, and fault.Unavailable ("db.disk") when there is no room.
func (d *DB) CopyTo(ctx context.Context, path string) error {
	if d.kind != SQLite {
		return fault.New(fault.Unsupported, "db.copy", "")
	}
	part := path + ".part"
	os.Remove(part)
	defer os.Remove(part) // gone already when all went well
	// Made by us first: what SQLite makes, others could read.
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "db.copy", "data.unwritable", "dir", filepath.Dir(path))
	}
	defer f.Close()
	if err := vacuumInto(ctx, d.url, part); err != nil {
		return err
	}
	if err := checkFile(ctx, part); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fault.Wrap(err, fault.Unavailable, "db.copy", "db.disk")
	}
	if err := os.Rename(part, path); err != nil {
		return fault.Wrap(err, fault.Unavailable, "db.copy", "data.unwritable", "dir", filepath.Dir(path))
	}
	return SyncDir(filepath.Dir(path))
}

// vacuumInto reads on a connection of its own: the writer's and the readers' go on.
func vacuumInto(ctx context.Context, from, to string) error {
	c, err := sql.Open("sqlite", sqliteDSN(from, false))
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.ExecContext(ctx, "VACUUM INTO $1", to)
	return classifySQLite(err)
}

// checkFile reads a copy back.
func checkFile(ctx context.Context, path string) error {
	c, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return err
	}
	defer c.Close()
	return integrity(ctx, c)
}

// SyncDir has the names in a folder reach the disk.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	return fault.Wrap(err, fault.Unavailable, "db.sync", "data.unwritable", "dir", dir)
}
