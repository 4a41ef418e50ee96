package email

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// settled is how long after an attempt a server that stores sent mails itself has surely done so.
const settled = 2 * time.Minute

// Find implements network.Finder; the package comment says what it can know.
func (c *Client) Find(ctx context.Context, d network.Draft) (network.Receipt, error) {
	const op = "email.Find"
	if !keyPattern.MatchString(d.Key) {
		return network.Receipt{}, fault.New(fault.Invalid, op, "")
	}
	s, err := c.imap(ctx, op)
	if err != nil {
		return network.Receipt{}, err
	}
	defer s.end()
	found := network.Receipt{ID: network.RemoteID(d.Key)}
	box, err := c.sentMailbox(s)
	if err != nil {
		return network.Receipt{}, c.imapFault(ctx, err, op)
	}
	if box != "" {
		there, err := c.holds(ctx, s, op, box, "Message-ID", d.Key)
		if err != nil {
			return network.Receipt{}, err
		}
		if there {
			found.Note = "the copy lies in " + box
			return found, nil
		}
	}
	for _, field := range []string{"Message-ID", "In-Reply-To", "References"} {
		there, err := c.holds(ctx, s, op, c.endpoint.Mailbox, field, d.Key)
		if err != nil {
			return network.Receipt{}, err
		}
		if there {
			found.Note = "a mail in " + c.endpoint.Mailbox + " has it as " + field
			return found, nil
		}
	}
	if box != "" && c.storesSent(s) && !d.TriedAt.IsZero() && time.Since(d.TriedAt) >= settled {
		return network.Receipt{}, fault.New(fault.NotFound, op, "email.fault.not_sent")
	}
	return network.Receipt{}, fault.New(fault.Ambiguous, op, "email.fault.unknown", "host", c.endpoint.SMTP.Host)
}

// holds tells whether a mailbox has a mail with this id in that field.
func (c *Client) holds(ctx context.Context, s *session, op, box, field, id string) (bool, error) {
	if m := s.Mailbox(); m == nil || m.Name != box {
		if _, err := s.Select(box, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
			return false, c.imapFault(ctx, err, op)
		}
	}
	uids, err := s.headerSearch(field, id)
	if err != nil {
		return false, c.imapFault(ctx, err, op)
	}
	return len(uids) > 0, nil
}

// Profile implements network.Client: it signs in to both halves, opens the mailbox and looks for Sent. An
// error names in its Fields the half that failed, "imap" or "smtp".
func (c *Client) Profile(ctx context.Context) (network.Profile, error) {
	if err := c.tryIMAP(ctx); err != nil {
		return network.Profile{}, ofHalf("imap", err)
	}
	out, err := c.smtp(ctx, opProfile)
	if err != nil {
		return network.Profile{}, ofHalf("smtp", err)
	}
	out.end()
	return network.Profile{ID: network.RemoteID(c.endpoint.Address), Handle: c.endpoint.Address, Name: c.endpoint.Name}, nil
}

const opProfile = "email.Profile"

func (c *Client) tryIMAP(ctx context.Context) error {
	s, err := c.imap(ctx, opProfile)
	if err != nil {
		return err
	}
	defer s.end()
	if _, err := c.examine(ctx, s, opProfile); err != nil {
		return err
	}
	if _, err := c.sentMailbox(s); err != nil {
		return c.imapFault(ctx, err, opProfile)
	}
	return nil
}

// ofHalf says of which half an error speaks: servers of one name may be both.
func ofHalf(half string, err error) error {
	f := *fault.As(err)
	f.Fields = []fault.Field{{Name: half, Key: f.Key, Args: f.Args}}
	return &f
}
