package email

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"
	"golang.org/x/net/idna"

	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/network"
)

// Publish implements network.Publisher: it sends d and, unless the server does, puts a copy in Sent.
// Whatever happens once the server has accepted the mail is no failure any more; Receipt.Note tells of it.
func (c *Client) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	const op = "email.Publish"
	to, err := recipients(d)
	if err != nil {
		return network.Receipt{}, err
	}
	raw, err := compose(c.endpoint, d, to)
	if err != nil {
		return network.Receipt{}, err
	}
	if err := c.send(ctx, op, d, to, raw); err != nil {
		return network.Receipt{}, err
	}
	point.Reached(point.SendAccepted)
	return network.Receipt{ID: network.RemoteID(d.Key), Note: c.afterwards(ctx, d, raw)}, nil
}

// send is the one attempt.
func (c *Client) send(ctx context.Context, op string, d network.Draft, to []*mail.Address, raw []byte) error {
	s, err := c.smtp(ctx, op)
	if err != nil {
		return err
	}
	defer s.end()
	opts := &smtp.MailOptions{Size: int64(len(raw))}
	for _, a := range to {
		if !isASCII(a.Address) {
			opts.UTF8 = true
		}
	}
	if opts.UTF8 {
		if ok, _ := s.Extension("SMTPUTF8"); !ok {
			return fault.New(fault.Rejected, op, "email.fault.recipient")
		}
	}
	if most, ok := s.MaxMessageSize(); ok && most > 0 && most < len(raw) {
		return fault.New(fault.Rejected, op, "email.fault.too_big")
	}
	if err := s.Mail(c.endpoint.Address, opts); err != nil {
		return smtpFault(ctx, err, op, c.endpoint.SMTP)
	}
	for _, a := range to {
		// One refused address refuses the mail: sent to some only, no attempt could make it whole again.
		if err := s.Rcpt(a.Address, nil); err != nil {
			return smtpFault(ctx, err, op, c.endpoint.SMTP)
		}
	}
	w, err := s.Data()
	if err != nil {
		return smtpFault(ctx, err, op, c.endpoint.SMTP)
	}
	point.Reached(point.SendInvited)
	s.conn.data, s.conn.leaving = true, func() error { return d.Leaving(ctx) }
	if _, err = w.Write(raw); err == nil {
		err = w.Close()
	}
	if err == nil {
		return nil
	}
	said, ok := errors.AsType[*smtp.SMTPError](err)
	switch {
	case ok && said.Code >= 200 && said.Code < 300:
		return nil // accepted, if not in the usual words
	case ok && said.Code >= 400 && said.Code < 600, !s.conn.dotted:
		return smtpFault(ctx, err, op, c.endpoint.SMTP)
	}
	return fault.Wrap(err, fault.Ambiguous, op, "email.fault.unknown", "host", c.endpoint.SMTP.Host)
}

// afterwards stores the copy and marks the mail that was answered. It returns what did not work, for the operator.
func (c *Client) afterwards(ctx context.Context, d network.Draft, raw []byte) string {
	const op = "email.Publish"
	s, err := c.imap(ctx, op)
	if err != nil {
		return fmt.Sprintf("sent; no copy in Sent: %v", err)
	}
	defer s.end()
	var notes []string
	if !c.storesSent(s) {
		if err := c.storeCopy(s, d.Key, raw); err != nil {
			notes = append(notes, fmt.Sprintf("sent; no copy in Sent: %v", err))
		}
	}
	if d.ReplyTo != nil && ctx.Err() == nil {
		if err := c.markAnswered(s, d.ReplyTo.Meta[metaUID]); err != nil {
			notes = append(notes, fmt.Sprintf("sent; not marked as answered: %v", err))
		}
	}
	return strings.Join(notes, "; ")
}

// storeCopy puts the mail in Sent if the server has not.
func (c *Client) storeCopy(s *session, key string, raw []byte) error {
	box, err := c.sentMailbox(s)
	if err != nil {
		return err
	}
	if box == "" {
		return errors.New("there is no such mailbox")
	}
	if _, err := s.Select(box, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		return err
	}
	if there, err := s.headerSearch("Message-ID", key); err != nil || len(there) > 0 {
		return err
	}
	cmd := s.Append(box, int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: time.Now()})
	if _, err := cmd.Write(raw); err != nil {
		return err
	}
	if err := cmd.Close(); err != nil {
		return err
	}
	_, err = cmd.Wait()
	return err
}

func (c *Client) markAnswered(s *session, at string) error {
	var validity uint32
	var uid imap.UID
	if _, err := fmt.Sscanf(at, "%d:%d", &validity, &uid); err != nil {
		return nil // it did not come from the mailbox
	}
	box, err := s.Select(c.endpoint.Mailbox, nil).Wait()
	if err != nil {
		return err
	}
	if box.UIDValidity != validity {
		return nil
	}
	return s.Store(imap.UIDSetNum(uid), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagAnswered}}, nil).Close()
}

// recipients are those of the draft, else whoever the answered mail asks to answer.
func recipients(d network.Draft) ([]*mail.Address, error) {
	const op = "email.Publish"
	var list []*mail.Address
	for _, a := range d.To {
		address := a.Handle
		if !strings.Contains(address, "@") {
			address = string(a.ID)
		}
		list = append(list, &mail.Address{Name: a.Name, Address: address})
	}
	if len(list) == 0 && d.ReplyTo != nil {
		if list = addresses(d.ReplyTo.Meta[metaReplyTo]); len(list) == 0 {
			a := d.ReplyTo.Author
			list = []*mail.Address{{Name: a.Name, Address: string(a.ID)}}
		}
	}
	if len(list) == 0 || len(list) > 50 {
		return nil, fault.InvalidFields(op, fault.Field{Name: "to", Key: "email.field.to"})
	}
	for _, a := range list {
		at := strings.LastIndexByte(a.Address, '@')
		if at > 0 {
			if domain, err := idna.Lookup.ToASCII(a.Address[at+1:]); err == nil {
				a.Address = a.Address[:at+1] + domain
			}
		}
		if !isAddress(a.Address) {
			return nil, fault.InvalidFields(op, fault.Field{Name: "to", Key: "email.field.address"})
		}
	}
	return list, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
