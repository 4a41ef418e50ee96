package backup

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/media"
	"comptoir/internal/place"
)

// A drill is a restore that nobody needed: into a folder of its own, on SQLite whatever the backup comes
// from, and away with it afterwards.

const drillFolder = "drill-"

// Drill tries the archive: it is restored into a new folder inside dir, compared, checked as Check does, and
// removed. keys open what is sealed in it; when they are not the archive's own, that is said. ok tells
// whether all was well.
func (a *Archive) Drill(ctx context.Context, dir string, keys place.Keys, say Say) (ok bool, err error) {
	if err := a.fits(dir); err != nil {
		return false, err
	}
	if dir, err = os.MkdirTemp(dir, drillFolder); err != nil {
		return false, fault.Wrap(err, fault.Unavailable, "backup.drill", "data.unwritable", "dir", dir)
	}
	defer os.RemoveAll(dir)
	if len(a.Missing) > 0 {
		say("files were there", fault.New(fault.Internal, "backup.drill", "check.files_missing", "n", len(a.Missing), "first", a.Missing[0]))
	}
	d, err := db.Open(ctx, filepath.Join(dir, "comptoir.db"))
	if err != nil {
		return false, err
	}
	defer d.Close()
	files, err := media.Open(filepath.Join(dir, "files"))
	if err != nil {
		return false, err
	}
	defer files.Close()
	r, err := a.Restore(ctx, Installation{DB: d, Files: files, Keys: keys})
	if err != nil {
		return false, err
	}
	ok = true
	heard := func(what string, err error) {
		ok = ok && err == nil
		say(what, err)
	}
	heard("rows and files come back as they were", nil) // Restore has compared them
	heard("database is whole", d.Integrity(ctx))
	if keys.ID() != a.Key {
		heard("key", fault.New(fault.Conflict, "backup.drill", "key.of_another"))
	}
	return ok, Check(ctx, r.Installation, heard)
}

// fits tells whether a disk takes what the archive holds, twice over: the rows need more room in a database
// than in the archive.
func (a *Archive) fits(dir string) error {
	var need uint64 = Room + uint64(a.FileBytes)
	for _, f := range a.zip.File {
		need += 2 * f.UncompressedSize64
	}
	free, err := Free(dir)
	if err == nil && free < need {
		return fault.New(fault.Unavailable, "backup.drill", "backup.disk", "dir", dir)
	}
	return unwritable(err, dir)
}

// sweep removes what killed processes left: folders of drills, and archives that were never finished.
func sweep(patterns ...string) {
	for _, pattern := range patterns {
		left, _ := filepath.Glob(pattern) // only for a malformed pattern
		for _, path := range left {
			if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > 24*time.Hour {
				os.RemoveAll(path)
			}
		}
	}
}
