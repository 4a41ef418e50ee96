package backup

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
)

// Say is told of each thing that was looked at; a nil error says that it is well.
type Say func(what string, err error)

// Check looks at everything that an installation holds and that its database does not look after by itself:
// references between rows, files, sealed values, the journals, answers on their way. It reads everything and
// changes nothing. Its error says that it could not look.
func Check(ctx context.Context, in Installation, say Say) error {
	say("references between rows", in.DB.ForeignKeys(ctx))
	say("second factors", place.CheckApps(ctx, in.DB, in.Keys))
	if err := checkFiles(ctx, in, say); err != nil {
		return err
	}
	places, err := place.All(ctx, in.DB)
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := CheckJournal(ctx, in.DB, p, say); err != nil {
			return err
		}
		say(p.Name+": sealed values", place.CheckSealed(ctx, in.DB, in.Keys, p.ID))
		lost, err := in.counter().Unexplained(ctx, p.ID)
		if err != nil {
			return err
		}
		say(p.Name+": answers on their way", counted(int64(lost), "check.deliveries"))
	}
	return nil
}

// CheckJournal says whether the journal of a place is without holes.
func CheckJournal(ctx context.Context, q db.Querier, p place.Place, say Say) error {
	n, err := place.JournalHoles(ctx, q, p.ID)
	if err == nil {
		say(p.Name+": journal", counted(n, "check.journal_holes"))
	}
	return err
}

// counted is the fault of n things, nil for none.
func counted(n int64, key string) error {
	if n == 0 {
		return nil
	}
	return fault.New(fault.Internal, "backup.check", key, "n", n)
}

// checkFiles reads every file that a row names.
func checkFiles(ctx context.Context, in Installation, say Say) error {
	files, err := inbox.StoredFiles(ctx, in.DB)
	if err != nil {
		return err
	}
	missing, changed := lost{}, lost{}
	for _, want := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := in.Files.Whole(want.PlaceID, want.Hash)
		switch {
		case err == nil:
			f.Close()
		case fault.Is(err, fault.NotFound):
			missing.add(want)
		case fault.Is(err, fault.Rejected):
			changed.add(want)
		default:
			return err
		}
	}
	say("files are there", missing.fault("check.files_missing"))
	say("files are what they were", changed.fault("check.files_changed"))
	return nil
}

// lost counts files, and keeps the first one's name.
type lost struct {
	n     int64
	first string
}

func (l *lost) add(f inbox.StoredFile) {
	if l.n++; l.n == 1 {
		l.first = f.PlaceID + "/" + f.Hash[:2] + "/" + f.Hash
	}
}

func (l *lost) fault(key string) error {
	if l.n == 0 {
		return nil
	}
	return fault.New(fault.Internal, "backup.check", key, "n", l.n, "first", l.first)
}
