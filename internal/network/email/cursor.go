package email

import (
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// cursor is how far the mailbox was read.
type cursor struct {
	validity uint32    // UIDVALIDITY: when it changes, uid means nothing any more
	uid      imap.UID  // the last one read or left out
	at       time.Time // when the newest mail read so far had arrived, to the second
}

func parseCursor(c network.Cursor) (cursor, error) {
	if c == "" {
		return cursor{}, nil
	}
	var cur cursor
	var at int64
	if _, err := fmt.Sscanf(string(c)+"\n", "1:%d:%d:%d\n", &cur.validity, &cur.uid, &at); err != nil {
		return cur, fault.Wrap(err, fault.Invalid, "email.Fetch", "")
	}
	cur.at = time.Unix(at, 0)
	return cur, nil
}

func (c cursor) String() network.Cursor {
	return network.Cursor(fmt.Sprintf("1:%d:%d:%d", c.validity, c.uid, c.at.Unix()))
}
