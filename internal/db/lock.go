package db

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"comptoir/internal/fault"
)

// Lock takes the data folder for this process alone, until the returned function is called or the
// process ends, however it ends. It returns fault.Conflict with the key "data.locked" when another
// process holds it.
func Lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "data.lock", "data.unwritable", "dir", dir)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.New(fault.Conflict, "data.lock", "data.locked", "dir", dir)
		}
		return nil, fault.Wrap(err, fault.Unavailable, "data.lock", "data.unwritable", "dir", dir)
	}
	return func() { f.Close() }, nil
}
