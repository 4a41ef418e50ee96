package backup

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Archive is a backup, open.
type Archive struct {
	Manifest
	zip   *zip.Reader
	close func() error
}

// Open opens the backup at path. It returns fault.Invalid when it is encrypted and the secrets do not open it
// ("backup.locked_passphrase", "backup.locked_key", "backup.wrong_secret") or it is no backup
// ("backup.none"), fault.Rejected ("backup.damaged") when it is not what was written, and fault.Conflict
// ("backup.newer") when a newer program made it.
func Open(path string, s Secrets) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "backup.open", "backup.unreadable", "path", path)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fault.Wrap(err, fault.Invalid, "backup.open", "backup.unreadable", "path", path)
	}
	a, err := open(f, st.Size(), s)
	if err != nil {
		f.Close()
		return nil, err
	}
	a.close = f.Close
	return a, nil
}

// Close closes the file.
func (a *Archive) Close() error { return a.close() }

func open(f io.ReaderAt, size int64, s Secrets) (*Archive, error) {
	f, size, err := decrypted(f, size, s)
	if err != nil {
		return nil, err
	}
	a := &Archive{close: func() error { return nil }}
	if a.zip, err = zip.NewReader(f, size); err != nil {
		head := make([]byte, 4)
		if _, rerr := f.ReadAt(head, 0); rerr == nil && string(head) == "PK\x03\x04" {
			return nil, damaged(err) // a zip whose end is missing
		}
		return nil, fault.Wrap(err, fault.Invalid, "backup.open", "backup.none")
	}
	text, err := a.read(manifestName)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.Wrap(err, fault.Invalid, "backup.open", "backup.none")
	}
	if err != nil {
		return nil, damaged(err)
	}
	if err := json.Unmarshal(text, &a.Manifest); err != nil {
		return nil, damaged(err)
	}
	if a.Format != format {
		return nil, fault.New(fault.Conflict, "backup.open", "backup.newer")
	}
	return a, nil
}

// read returns a small entry.
func (a *Archive) read(name string) ([]byte, error) {
	f, err := a.zip.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	const limit = 64 << 20
	if _, err := io.Copy(&b, io.LimitReader(f, limit)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// HasKey tells whether the key is in it, sealed.
func (a *Archive) HasKey() bool {
	for _, f := range a.zip.File {
		if f.Name == keyName {
			return true
		}
	}
	return false
}

// Keys opens the key that is in it.
func (a *Archive) Keys(s Secrets) (place.Keys, error) {
	sealed, err := a.read(keyName)
	if err != nil {
		return place.Keys{}, damaged(err)
	}
	text, err := unseal(sealed, Secrets{Passphrase: s.Passphrase})
	if err != nil {
		return place.Keys{}, err
	}
	return place.ParseKeys(text)
}

// Verify reads everything and compares it with what was written. It returns fault.Rejected
// ("backup.damaged") for the first difference.
func (a *Archive) Verify(ctx context.Context) error { return a.verify(ctx, io.Discard) }

// verify writes what it reads to along.
func (a *Archive) verify(ctx context.Context, along io.Writer) error {
	tables := map[string]Part{}
	for _, t := range a.Tables {
		tables[tablesFolder+t.Name+".jsonl"] = t
	}
	files := 0
	for _, entry := range a.zip.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum, lines, err := hashOf(entry, along)
		if err != nil {
			return damaged(err)
		}
		if t, isTable := tables[entry.Name]; isTable {
			if sum != t.SHA256 || lines != t.Rows+1 {
				return damaged(fmt.Errorf("%s is not what was written", entry.Name))
			}
			delete(tables, entry.Name)
		}
		if strings.HasPrefix(entry.Name, filesFolder) {
			if sum != path.Base(entry.Name) {
				return damaged(fmt.Errorf("%s is not what was written", entry.Name))
			}
			files++
		}
	}
	if len(tables) > 0 || files != a.Files {
		return damaged(fmt.Errorf("%d tables and %d files are missing", len(tables), a.Files-files))
	}
	return nil
}

// hashOf reads an entry to its end, and writes it to along.
func hashOf(entry *zip.File, along io.Writer) (sum string, lines int64, err error) {
	r, err := entry.Open()
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	h := sha256.New()
	count := &lineCount{}
	_, err = io.Copy(io.MultiWriter(h, count, along), r)
	return hex.EncodeToString(h.Sum(nil)), count.n, err
}

type lineCount struct{ n int64 }

func (c *lineCount) Write(p []byte) (int, error) {
	c.n += int64(bytes.Count(p, []byte("\n")))
	return len(p), nil
}
