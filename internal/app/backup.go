package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"comptoir/internal/backup"
	"comptoir/internal/fault"
	"comptoir/internal/jobs"
	"comptoir/internal/media"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

// keeper makes the nightly backups, and those that are asked for on their page.
func (a *App) keeper(w *jobs.Workers) *backup.Keeper {
	k := backup.NewKeeper(backup.Keeper{
		Installation: a.installation(a.files), Data: a.cfg.Data, Dir: a.cfg.backups(),
		Keep: a.cfg.BackupKeep, Recipients: a.cfg.BackupRecipients, Log: a.log,
	})
	jobs.Every(w, time.Hour, "backup", k.Due)
	return k
}

func (s *Store) installation(files *media.Store) backup.Installation {
	return backup.Installation{DB: s.DB, Files: files, Keys: s.Keys, Version: Version()}
}

func (s *Store) files() (*media.Store, error) {
	return media.Open(filepath.Join(s.cfg.Data, "files"))
}

// Backup writes a backup of the installation of cfg to path, beside a running server or without one, and says
// on out what is in it. With drill it then tries it. It returns false when it was made, and something is
// missing in it or came back otherwise.
func Backup(ctx context.Context, cfg Config, path string, o backup.Options, drill bool, out io.Writer) (bool, error) {
	s, err := openOnly(ctx, cfg)
	if err != nil {
		return false, err
	}
	defer s.Close()
	files, err := s.files()
	if err != nil {
		return false, err
	}
	defer files.Close()
	made, err := backup.Make(ctx, s.installation(files), path, o)
	if err != nil {
		return false, err
	}
	current := s.DB.CheckVersion(ctx) == nil // else its tables are not those that we know
	if current {
		if err := backup.NoteMade(ctx, s.DB, place.System(), made); err != nil {
			return false, err
		}
	}
	fmt.Fprintf(out, "%s: %d rows of %d tables, %d files, %d bytes.\n", path, made.Rows(), len(made.Tables), made.Files, made.Size)
	if !o.Key {
		fmt.Fprintf(out, "The key is not in it. Keep a copy of %s apart: without it the passwords of the accounts and the printed cards are lost.\n", filepath.Join(cfg.Data, place.KeyFile))
	}
	r := newReport(out)
	if n := len(made.Missing); n > 0 {
		r.say("files", fault.New(fault.Internal, "app.backup", "check.files_missing", "n", n, "first", made.Missing[0]))
	}
	if !drill || len(o.Recipients) > 0 {
		return r.ok, nil
	}
	return r.drill(ctx, s, path, backup.Secrets{Passphrase: o.Passphrase}, current)
}

// CheckBackup tries the backup at path: it is restored into a folder of its own in the data folder of cfg,
// checked as Check does with deep, and removed. Each thing is said on out.
func CheckBackup(ctx context.Context, cfg Config, path string, secrets backup.Secrets, out io.Writer) (bool, error) {
	s, err := openOnly(ctx, cfg)
	if err != nil {
		return false, err
	}
	defer s.Close()
	return newReport(out).drill(ctx, s, path, secrets, s.DB.CheckVersion(ctx) == nil)
}

func (r *report) drill(ctx context.Context, s *Store, path string, secrets backup.Secrets, note bool) (bool, error) {
	a, err := backup.Open(path, secrets)
	if err != nil {
		return false, err
	}
	defer a.Close()
	keys := s.Keys
	if keys.ID() != a.Key && a.HasKey() && secrets.Passphrase != "" {
		if keys, err = a.Keys(secrets); err != nil {
			return false, err
		}
	}
	ok, err := a.Drill(ctx, s.cfg.Data, keys, r.say)
	if err != nil || !ok {
		return false, err
	}
	id, err := place.InstanceValue(ctx, s.DB, place.InstanceID)
	if err == nil && note && id == a.Installation {
		err = backup.NoteDrilled(ctx, s.DB, place.System())
	}
	return r.ok, err
}

// Restoring says where the key of a restored installation comes from. Without any of it, it is the one that
// lies in the data folder already.
type Restoring struct {
	backup.Secrets
	KeyFile string // a copy of the key
	NewKey  bool   // none: what the old one sealed is lost
}

// Restore fills the empty folder and database of cfg from the backup at path, says on out what became of it,
// and returns whether a deep check finds all of it well.
func Restore(ctx context.Context, cfg Config, path string, from Restoring, out io.Writer) (bool, error) {
	a, err := backup.Open(path, from.Secrets)
	if err != nil {
		return false, err
	}
	defer a.Close()
	if err := a.Verify(ctx); err != nil { // before anything is written
		return false, err
	}
	if err := onlyKey(cfg.Data); err != nil {
		return false, err
	}
	keys, err := from.keys(cfg, a)
	if err != nil {
		return false, err
	}
	unlock, err := lock(cfg)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := makeData(cfg.Data); err != nil {
		return false, err
	}
	if err := keys.Store(cfg.Data); err != nil && !fault.Is(err, fault.Conflict) { // it was there
		return false, err
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return false, err
	}
	defer s.Close()
	if s.Keys.ID() != keys.ID() { // a key lay in the folder, and another one was given
		return false, fault.New(fault.Invalid, "app.restore", "restore.other_key")
	}
	files, err := s.files()
	if err != nil {
		return false, err
	}
	defer files.Close()
	done, err := a.Restore(ctx, s.installation(files))
	if err != nil {
		return false, err
	}
	return s.tellRestored(ctx, a, done, out)
}

// tellRestored says what became of a backup, and looks at all of it.
func (s *Store) tellRestored(ctx context.Context, a *backup.Archive, done backup.Restored, out io.Writer) (bool, error) {
	fmt.Fprintf(out, "The backup of %s is restored: %d rows of %d tables, %d files.\n", a.Made.Format(time.RFC3339), a.Rows(), len(a.Tables), a.Files)
	fmt.Fprintln(out, "Nobody is signed in, and no link or token made before opens anything.")
	if done.Held > 0 {
		fmt.Fprintf(out, "Answers that were on their way: %d. None leaves before somebody releases it at the counter: it may have left already.\n", done.Held)
	}
	if a.Key != s.Keys.ID() {
		fmt.Fprintln(out, "The key is a new one: connect each account again, print the cards of the tables again, and let in who signs in with an app: comptoir member reset-factor.")
	}
	r := newReport(out)
	r.say("database is whole", s.DB.Integrity(ctx))
	r.say("folder", place.CheckFolder(ctx, s.DB, s.cfg.Data))
	r.say("key", place.CheckKeys(ctx, s.DB, s.Keys))
	err := backup.Check(ctx, done.Installation, r.say)
	return r.ok, err
}

// keys finds the key that belongs with an archive.
func (from Restoring) keys(cfg Config, a *backup.Archive) (k place.Keys, err error) {
	const op = "app.restore"
	own := filepath.Join(cfg.Data, place.KeyFile)
	_, there := os.Stat(own)
	switch {
	case from.NewKey && there != nil:
		return place.NewKeys(), nil
	case from.KeyFile != "":
		k, err = readKey(from.KeyFile)
	case there == nil:
		k, err = place.LoadKeys(cfg.Data)
	case a.HasKey() && from.Passphrase == "":
		return k, fault.New(fault.Invalid, op, "restore.key_sealed")
	case a.HasKey():
		k, err = a.Keys(from.Secrets)
	default:
		return k, fault.New(fault.Invalid, op, "restore.no_key")
	}
	if err == nil && k.ID() != a.Key {
		return k, fault.New(fault.Invalid, op, "restore.other_key")
	}
	return k, err
}

func readKey(path string) (place.Keys, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return place.Keys{}, fault.Wrap(err, fault.Invalid, "app.restore", "key.unreadable", "path", path)
	}
	return place.ParseKeys(string(b))
}

// onlyKey refuses a data folder that holds anything but a key.
func onlyKey(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.restore", "data.unwritable", "dir", dir)
	}
	for _, e := range entries {
		if e.Name() != place.KeyFile && e.Name() != "lock" {
			return fault.New(fault.Conflict, "app.restore", "restore.not_empty", "dir", dir)
		}
	}
	return nil
}

func newReport(out io.Writer) *report {
	return &report{out: out, l: locale.New("en-CA", nil), ok: true}
}

// TellCopied says where the database lies as it was.
func TellCopied(out io.Writer, path string) {
	if path != "" {
		fmt.Fprintf(out, "The database was brought up to date. As it was before, it lies in %s.\n", path)
	}
}
