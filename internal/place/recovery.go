package place

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Recovery codes open once each when the phone is lost. Each has 50 random bits, and is stored as a hash
// keyed with the installation's key: the database alone says nothing of them.
const (
	recoveryCount  = 10
	recoveryLength = 10
	// No letter is taken for another or for a digit.
	recoveryLetters = "0123456789abcdefghjkmnpqrstvwxyz"
)

// NewRecoveryCodes gives a member who has a second factor new codes; the old ones open nothing any more.
func NewRecoveryCodes(ctx context.Context, tx db.Tx, k Keys, m Member) ([]string, error) {
	has, err := HasSecondFactor(ctx, tx, m.ID)
	if err == nil && !has {
		err = fault.New(fault.Conflict, "place.recovery", "factor.none")
	}
	if err != nil {
		return nil, err
	}
	codes, err := makeRecoveryCodes(ctx, tx, k, m.ID)
	if err != nil {
		return nil, err
	}
	return codes, recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventRecoveryMade, SubjectID: m.ID})
}

func makeRecoveryCodes(ctx context.Context, tx db.Tx, k Keys, memberID string) ([]string, error) {
	if _, err := tx.Exec(ctx, "DELETE FROM recovery_code WHERE member_id = $1", memberID); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCount)
	rows := db.Insert{Head: "INSERT INTO recovery_code (member_id, hash)"}
	for i := range codes {
		b := make([]byte, recoveryLength)
		rand.Read(b)
		for j := range b {
			b[j] = recoveryLetters[b[j]%32]
		}
		codes[i] = string(b[:5]) + "-" + string(b[5:])
		rows.Row(memberID, recoveryHash(k, memberID, string(b)))
	}
	return codes, rows.Exec(ctx, tx)
}

func recoveryHash(k Keys, memberID, code string) string {
	return keyedHash(k, "recovery code", memberID+"\x00"+code)
}

// useRecoveryCode tells whether a recovery code opens, and sees to it that it never does again.
func useRecoveryCode(ctx context.Context, tx db.Tx, k Keys, memberID, code string, now time.Time) (bool, error) {
	code = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(digits(code)))
	n, err := tx.Exec(ctx, "UPDATE recovery_code SET used_at = $3 WHERE member_id = $1 AND hash = $2 AND used_at = 0", memberID, recoveryHash(k, memberID, code), db.Micros(now))
	return n == 1, err
}

func recoveryLeft(ctx context.Context, q db.Querier, memberID string) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT count(*) FROM recovery_code WHERE member_id = $1 AND used_at = 0", memberID).Scan(&n)
	return n, err
}
