package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// part is an archive being written, under a name of its own until it is whole. A process that is killed
// leaves it behind; the next one writes over it.
type part struct {
	*os.File
	path  string // the name that it will have
	pace  *pace
	since int64 // bytes written since the disk was looked at
	kept  bool
}

// Room is what a backup leaves free on its disk: it must never be what stops the place.
const Room = 128 << 20

// lookEvery is after how many bytes we wait for the disk to have them, and look at the room on it. Gigabytes that wait to be
// written would all go before the few bytes of a message that somebody is to be told is kept.
const lookEvery = 8 << 20

func begin(path string) (*part, error) {
	const op = "backup.begin"
	name := path + ".part"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unwritable(err, path)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.Wrap(err, fault.Conflict, op, "backup.busy")
	}
	p := &part{File: f, path: path, pace: newPace()}
	if err := errors.Join(f.Truncate(0), f.Chmod(0o600)); err != nil {
		p.end()
		return nil, unwritable(err, path)
	}
	if err := p.room(); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

func (p *part) Write(b []byte) (int, error) {
	if p.since += int64(len(b)); p.since > lookEvery {
		p.since = 0
		if err := p.Sync(); err != nil {
			return 0, unwritable(err, p.path)
		}
		if err := p.room(); err != nil {
			return 0, err
		}
	}
	p.pace.Write(b)
	n, err := p.File.Write(b)
	return n, unwritable(err, p.path)
}

// room stops before the disk is full.
func (p *part) room() error {
	free, err := Free(filepath.Dir(p.path))
	if err == nil && free < Room {
		return fault.New(fault.Unavailable, "backup.write", "backup.disk", "dir", filepath.Dir(p.path))
	}
	return unwritable(err, p.path)
}

// Free is how many bytes a disk still takes.
func Free(dir string) (uint64, error) {
	var st syscall.Statfs_t
	err := syscall.Statfs(dir, &st)
	return st.Bavail * uint64(st.Bsize), err
}

// keep gives the archive its name: its bytes, and then its name, are on the disk.
func (p *part) keep() error {
	if err := p.Sync(); err != nil {
		return unwritable(err, p.path)
	}
	if err := os.Rename(p.Name(), p.path); err != nil {
		return unwritable(err, p.path)
	}
	p.kept = true
	return db.SyncDir(filepath.Dir(p.path))
}

// end closes the file, and removes what did not become an archive.
func (p *part) end() {
	if !p.kept {
		os.Remove(p.Name())
	}
	p.Close()
}

// unwritable gives an error of the disk its sentence.
func unwritable(err error, path string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fault.Wrap(err, fault.Unavailable, "backup.write", "backup.disk", "dir", filepath.Dir(path))
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(err, fault.Invalid, "backup.write", "backup.no_folder", "dir", filepath.Dir(path))
	}
	return fault.Wrap(err, fault.Unavailable, "backup.write", "backup.unwritable", "path", path)
}
