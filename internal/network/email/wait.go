package email

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Wait implements network.Waiter with IMAP IDLE.
func (c *Client) Wait(ctx context.Context, from network.Cursor) error {
	const op = "email.Wait"
	cur, err := parseCursor(from)
	if err != nil {
		return err
	}
	s, err := c.imap(ctx, op)
	if err != nil {
		return err
	}
	defer s.end()
	if !s.Caps().Has(imap.CapIdle) && !s.Caps().Has(imap.CapIMAP4rev2) {
		return fault.New(fault.Unsupported, op, "email.fault.no_idle")
	}
	box, err := c.examine(ctx, s, op)
	if err != nil {
		return err
	}
	if box.UIDValidity != cur.validity || box.UIDNext > cur.uid+1 {
		return nil
	}
	for silent := firstIdle; ; silent = idleFor {
		if err := s.idle(ctx, silent); err != nil {
			if e, ok := errors.AsType[*imap.Error](err); ok && e.Type != imap.StatusResponseTypeBye && ctx.Err() == nil {
				return fault.Wrap(err, fault.Unsupported, op, "email.fault.no_idle")
			}
			return c.imapFault(ctx, err, op)
		}
		select {
		case <-s.exists:
			return nil
		default:
		}
	}
}

const (
	// idleFor is how long the server may stay silent before it is asked again: well below what servers (30
	// minutes) and routers (often 15) allow.
	idleFor = 9 * time.Minute
	// firstIdle is the same for the first time: some servers do not say in IDLE what arrived just before it, and
	// would keep it to themselves until something else arrives. The end of IDLE has them say it.
	firstIdle = 2 * time.Second
)

// idle returns nil when the server spoke or was silent for so long.
func (s *session) idle(ctx context.Context, silent time.Duration) error {
	cmd, err := s.Idle()
	if err != nil {
		return err
	}
	timer := time.NewTimer(silent)
	defer timer.Stop()
	select {
	case <-s.exists:
		s.wake()
	case <-timer.C:
	case <-s.Closed():
	case <-ctx.Done():
		s.conn.Close()
	}
	// A connection that died silently shows itself by not answering now.
	late := time.AfterFunc(20*time.Second, func() { s.conn.Close() })
	defer late.Stop()
	if err := cmd.Close(); err != nil {
		return err
	}
	return cmd.Wait()
}
