package backup

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"filippo.io/age"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/media"
	"comptoir/internal/place"
)

// Installation is what is copied, or filled.
type Installation struct {
	DB      *db.DB
	Files   *media.Store
	Keys    place.Keys
	Version string // of the program
}

// Options say who can open a backup.
type Options struct {
	Encrypt    bool     // with Passphrase
	Recipients []string // age public keys; only the holders of their other halves open it
	Key        bool     // include the key, sealed by Passphrase
	Passphrase string
}

// Made is a backup that was written, read back and kept.
type Made struct {
	Manifest
	Size int64 // bytes
}

// Make writes a backup of an installation to path while it is in use. The file appears under its name when it
// is whole, read back and on the disk; one that was there before is replaced then. It returns fault.Conflict
// ("backup.busy") when another is being written there, and fault.Unavailable ("backup.disk") before the disk
// is full.
func Make(ctx context.Context, in Installation, path string, o Options) (made Made, err error) {
	whole, key, err := o.locks()
	if err != nil {
		return made, err
	}
	p, err := begin(path)
	if err != nil {
		return made, err
	}
	defer p.end()
	if err := write(ctx, p, in, whole, key); err != nil {
		return made, err
	}
	st, err := p.Stat()
	if err != nil {
		return made, unwritable(err, path)
	}
	a, err := open(p.File, st.Size(), whole.secrets)
	if err != nil {
		return made, err
	}
	if err := a.verify(ctx, p.pace); err != nil {
		return made, err
	}
	return Made{a.Manifest, st.Size()}, p.keep()
}

// locks returns how the archive is locked, and how the key in it is; a zero lock is none.
func (o Options) locks() (whole, key lock, err error) {
	if o.Key {
		if key, err = byPassphrase(o.Passphrase); err != nil {
			return whole, key, err
		}
	}
	switch {
	case len(o.Recipients) > 0:
		whole, err = forRecipients(o.Recipients)
	case o.Encrypt:
		whole, err = byPassphrase(o.Passphrase)
	}
	return whole, key, err
}

// write writes the archive, encrypted when it is locked.
func write(ctx context.Context, w io.Writer, in Installation, whole, key lock) error {
	if len(whole.recipients) == 0 {
		return writeZip(ctx, w, in, key)
	}
	sealed, err := age.Encrypt(w, whole.recipients...)
	if err != nil {
		return err
	}
	if err := writeZip(ctx, sealed, in, key); err != nil {
		return err
	}
	return sealed.Close()
}

func writeZip(ctx context.Context, w io.Writer, in Installation, key lock) error {
	m := Manifest{Format: format, Made: time.Now().UTC().Truncate(time.Second), Program: in.Version, Engine: string(in.DB.Engine()), Missing: []string{}}
	z := newPack(w, m.Made)
	files, err := writeTables(ctx, z, in, &m)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := writeFile(ctx, z, in.Files, f, &m); err != nil {
			return err
		}
	}
	if len(key.recipients) > 0 {
		sealed, err := seal(in.Keys.Reveal(), key)
		if err != nil {
			return err
		}
		if err := z.put(keyName, sealed); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := z.put(manifestName, text); err != nil {
		return err
	}
	return z.Close()
}

// writeTables writes every table as it is at one moment, and returns the files that belong to it.
func writeTables(ctx context.Context, z pack, in Installation, m *Manifest) (files []inbox.StoredFile, err error) {
	if m.Schema, err = in.DB.Version(ctx); err != nil {
		return nil, err
	}
	tables, err := in.DB.Tables(ctx)
	if err != nil {
		return nil, err
	}
	err = in.DB.Read(ctx, func(q db.Querier) (err error) {
		for _, t := range tables {
			w, err := z.entry(tablesFolder+t.Name+".jsonl", zip.Deflate)
			if err != nil {
				return err
			}
			sum := sha256.New()
			content, err := in.DB.Dump(ctx, q, t, io.MultiWriter(w, sum))
			if err != nil {
				return err
			}
			m.Tables = append(m.Tables, Part{t.Name, content.Rows, hex.EncodeToString(sum.Sum(nil))})
		}
		if m.Installation, err = place.InstanceValue(ctx, q, place.InstanceID); err != nil {
			return err
		}
		if m.Key, err = place.InstanceValue(ctx, q, place.InstanceKeyID); err != nil {
			return err
		}
		files, err = inbox.StoredFiles(ctx, q)
		return err
	})
	return files, err
}

// writeFile copies a stored file. One that is gone, or is no longer what its name says, is told of in the
// manifest: a place must not be without backups because it has lost a picture.
func writeFile(ctx context.Context, z pack, store *media.Store, file inbox.StoredFile, m *Manifest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := store.Whole(file.PlaceID, file.Hash)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Rejected) {
		m.Missing = append(m.Missing, file.PlaceID+"/"+file.Hash)
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	// Most attachments are pictures and documents that do not shrink.
	w, err := z.entry(filesFolder+file.PlaceID+"/"+file.Hash, zip.Store)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, f)
	m.Files++
	m.FileBytes += n
	return err
}
