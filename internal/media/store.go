// Package media keeps files that came from people, each place's apart from the others', and makes
// pictures fit to be shown.
//
// A file's name on disk is the hash of its content; the sender's name is never part of a path. Nothing
// that came from outside is shown as it came: Preview decodes a picture within strict budgets and
// writes a new one.
package media

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
)

// File is a stored file.
type File struct {
	Hash    string // SHA-256 of the content, hexadecimal
	Size    int64  // bytes
	Type    string // decided by looking at the content
	Picture bool   // within the budgets of Preview, as far as its header tells
}

// Store is a folder of files. It is safe for concurrent use, also by several processes.
type Store struct {
	root    *os.Root
	decodes chan struct{}
}

// Open opens the folder dir, making it when it does not exist.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "media.open", "media.folder")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "media.open", "media.folder")
	}
	return &Store{root: root, decodes: make(chan struct{}, maxDecodes)}, nil
}

// Close closes the folder.
func (s *Store) Close() error { return s.root.Close() }

// Put stores what r holds, at most limit bytes, for one place. When it returns nil the content is on
// disk. The same content stored twice takes room once, and looks new both times. It returns
// fault.Rejected ("media.too_large") for more than limit bytes and fault.Unavailable when the disk does
// not take it.
func (s *Store) Put(ctx context.Context, placeID string, r io.Reader, limit int64) (File, error) {
	const op = "media.put"
	if !isPlace(placeID) {
		return File{}, fault.New(fault.Internal, op, "")
	}
	if err := s.root.MkdirAll(placeID, 0o700); err != nil {
		return File{}, fault.Wrap(err, fault.Unavailable, op, "media.disk")
	}
	temp := path.Join(placeID, "new-"+rand.Text())
	f, err := s.root.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return File{}, fault.Wrap(err, fault.Unavailable, op, "media.disk")
	}
	defer s.root.Remove(temp) // gone already when all went well
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(canceller{ctx, r}, limit+1))
	point.Reached(point.FileWritten)
	switch {
	case err != nil:
		return File{}, fault.Wrap(err, fault.Unavailable, op, "media.disk")
	case n > limit:
		return File{}, fault.New(fault.Rejected, op, "media.too_large", "limit", limit)
	}
	file := File{Hash: hex.EncodeToString(sum.Sum(nil)), Size: n}
	if file.Type, err = sniff(f); err != nil {
		return File{}, fault.Wrap(err, fault.Unavailable, op, "media.disk")
	}
	_, err = measure(f, n)
	file.Picture = err == nil
	return file, fault.Wrap(s.keep(f, temp, placeID, file.Hash), fault.Unavailable, op, "media.disk")
}

// PutBytes is Put for content in memory.
func (s *Store) PutBytes(ctx context.Context, placeID string, content []byte) (File, error) {
	return s.Put(ctx, placeID, bytes.NewReader(content), int64(len(content)))
}

// keep makes the written file the stored one: its bytes and then its name reach the disk.
func (s *Store) keep(f *os.File, temp, placeID, name string) error {
	final := path.Join(placeID, name[:2], name)
	if _, err := s.root.Stat(final); err == nil {
		return nil
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := s.root.MkdirAll(path.Dir(final), 0o700); err != nil {
		return err
	}
	if err := s.root.Rename(temp, final); err != nil {
		return err
	}
	for _, dir := range []string{path.Dir(final), placeID} {
		d, err := s.root.Open(dir)
		if err != nil {
			return err
		}
		err = d.Sync()
		d.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// Get opens a stored file of a place; the caller closes it. It returns fault.NotFound for a file that
// the place does not have.
func (s *Store) Get(placeID, hash string) (*os.File, error) {
	if !isPlace(placeID) || !isHash(hash) {
		return nil, fault.New(fault.NotFound, "media.get", "")
	}
	return s.open(path.Join(placeID, hash[:2], hash))
}

// Whole is Get for whoever must know that the file is what its hash says: it has been read, and stands at its
// beginning. It returns fault.Rejected ("media.changed") for a file that is not.
func (s *Store) Whole(placeID, hash string) (*os.File, error) {
	f, err := s.Get(placeID, hash)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	switch {
	case err != nil:
		err = fault.Wrap(err, fault.Unavailable, "media.whole", "media.disk")
	case hex.EncodeToString(sum.Sum(nil)) != hash:
		err = fault.New(fault.Rejected, "media.whole", "media.changed")
	default:
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (s *Store) open(name string) (*os.File, error) {
	f, err := s.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "media.get", "")
	}
	return f, fault.Wrap(err, fault.Unavailable, "media.get", "media.disk")
}

// isPlace tells whether an id can be a folder's name: our ids are letters, digits and dashes.
func isPlace(id string) bool {
	return id != "" && len(id) <= 64 && id[0] != '-' && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == ""
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// sniff decides the type of a file by its first bytes.
func sniff(f *os.File) (string, error) {
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	kind, _, _ := strings.Cut(http.DetectContentType(head[:n]), ";")
	return kind, nil
}

// canceller stops reading when its context ends.
type canceller struct {
	ctx context.Context
	r   io.Reader
}

func (c canceller) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
