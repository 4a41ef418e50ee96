package place

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
)

// Notice is a change of an account that its owner is told of, so that somebody else's hand is noticed.
type Notice struct {
	ID       string
	MemberID string
	Address  string // the one that they had until then
	Kind     string // of the security event
	At       time.Time
	tries    int
}

const (
	carrierAge  = time.Hour // of an account that mails notices
	noticeTries = 3
	noticeAgain = 10 * time.Minute // between two tries
	noticeStale = 24 * time.Hour   // after this a mail would only frighten
	noticeKept  = 30 * 24 * time.Hour
)

// toldToOwner are the events about a member that the member is told of.
var toldToOwner = map[string]bool{
	EventPasswordChanged: true, EventPasswordReset: true, EventFactorAdded: true, EventFactorRemoved: true, EventFactorsReset: true, EventRecoveryMade: true,
}

// notify leaves a notice for a member. address is where it goes; "" = the one that they have.
func notify(ctx context.Context, tx db.Tx, memberID, address, kind string) error {
	now := db.Micros(time.Now())
	_, err := tx.Exec(ctx, "INSERT INTO notice (id, member_id, address, kind, at, next_at) SELECT $1, id, CASE WHEN $3 = '' THEN email ELSE $3 END, $4, $5, $5 FROM member WHERE id = $2",
		db.NewID(), memberID, address, kind, now)
	return err
}

// notifyActor tells a member of what was done in their name. Tokens and the program itself have nobody to tell.
func notifyActor(ctx context.Context, tx db.Tx, actor Actor, kind string) error {
	if actor.Kind != MemberActor {
		return nil
	}
	return notify(ctx, tx, actor.ID, "", kind)
}

const noticeColumns = "id, member_id, address, kind, at, tries"

func scanNotice(r db.Row) (n Notice, err error) {
	var at int64
	err = r.Scan(&n.ID, &n.MemberID, &n.Address, &n.Kind, &at, &n.tries)
	n.At = db.Time(at)
	return n, err
}

// DueNotice takes the next notice to be mailed, so that no other process mails it meanwhile; zero when there is none.
// Should this process die it is tried again later.
func DueNotice(ctx context.Context, d *db.DB, now time.Time) (n Notice, err error) {
	var due int
	if err := d.QueryRow(ctx, "SELECT count(*) FROM notice WHERE next_at > 0 AND next_at <= $1", db.Micros(now)).Scan(&due); err != nil || due == 0 {
		return n, err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		n, err = scanNotice(tx.QueryRow(ctx, "UPDATE notice SET tries = tries + 1, next_at = $2 WHERE id = (SELECT id FROM notice WHERE next_at > 0 AND next_at <= $1 ORDER BY next_at LIMIT 1) AND next_at <= $1 RETURNING "+noticeColumns,
			db.Micros(now), db.Micros(now.Add(noticeAgain))))
		if err == db.ErrNoRows {
			n, err = Notice{}, nil
		}
		return err
	})
	return n, err
}

// NoticeTried stores what became of a try: mailed, or to be tried again unless it is too late for that.
func NoticeTried(ctx context.Context, d *db.DB, n Notice, mailed bool, now time.Time) error {
	if !mailed && n.tries < noticeTries && now.Sub(n.At) < noticeStale {
		return nil // DueNotice has set the time
	}
	return d.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE notice SET next_at = 0 WHERE id = $1", n.ID)
		return err
	})
}

// Carrier returns the account by which a notice can be mailed, and its place: the oldest of a kind, in good order, among
// the places that its member works in. It was there an hour before what is told of, so that setting a house up mails
// nobody, and nobody first connects a mailbox that swallows what they are going to do. db.ErrNoRows when there is none.
func Carrier(ctx context.Context, q db.Querier, n Notice, kind network.Kind) (Account, Place, error) {
	// across places: those of one member
	a, err := scanAccount(q.QueryRow(ctx, "SELECT "+accountColumns+" FROM account WHERE kind = $2 AND state = $3 AND removed_at = 0 AND created_at <= $4 AND place_id IN (SELECT place_id FROM membership WHERE member_id = $1) ORDER BY created_at, id LIMIT 1",
		n.MemberID, string(kind), string(AccountOK), db.Micros(n.At.Add(-carrierAge))))
	if err != nil {
		return a, Place{}, err
	}
	p, err := Get(ctx, q, a.PlaceID)
	return a, p, err
}

// TakeNotices returns what a member has not been told of at a sign-in yet, the oldest first, and takes it as told.
func TakeNotices(ctx context.Context, d *db.DB, memberID string) (all []Notice, err error) {
	var waiting int
	if err := d.QueryRow(ctx, "SELECT count(*) FROM notice WHERE member_id = $1 AND seen_at = 0", memberID).Scan(&waiting); err != nil || waiting == 0 {
		return nil, err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		all, err = db.Collect(scanNotice)(tx.Query(ctx, "SELECT "+noticeColumns+" FROM notice WHERE member_id = $1 AND seen_at = 0 ORDER BY at, id", memberID))
		if err == nil {
			_, err = tx.Exec(ctx, "UPDATE notice SET seen_at = $2 WHERE member_id = $1 AND seen_at = 0", memberID, db.Micros(time.Now()))
		}
		return err
	})
	return all, err
}
