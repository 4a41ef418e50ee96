package app

import (
	"context"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

// Notices are mailed soon, and each try has its time.
const (
	noticeEvery = 10 * time.Second
	noticeTime  = 30 * time.Second
)

// mailNotices tells members of changes of their account, at the address that they had until then, through a mailbox of
// one of their places. Where there is none, their next sign-in tells them.
func (a *App) mailNotices(ctx context.Context) error {
	tick := time.NewTicker(noticeEvery)
	defer tick.Stop()
	for {
		for {
			n, err := place.DueNotice(ctx, a.DB, time.Now())
			if err == nil && n.ID != "" {
				err = a.mailNotice(ctx, n)
			}
			if err != nil && ctx.Err() == nil {
				a.log.Error("telling a member of a change", "member", n.MemberID, "err", err)
			}
			if err != nil || n.ID == "" {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// mailNotice makes one try. A mail that may have left counts as mailed: a second one would frighten for nothing.
func (a *App) mailNotice(ctx context.Context, n place.Notice) error {
	sctx, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	err := a.sendNotice(sctx, n)
	mailed := err == nil || fault.Is(err, fault.Ambiguous)
	if err := place.NoticeTried(ctx, a.DB, n, mailed, time.Now()); err != nil {
		return err
	}
	if !mailed {
		a.log.Warn("notice.not_mailed", "member", n.MemberID, "code", string(fault.CodeOf(err)), "err", err)
	}
	return nil
}

func (a *App) sendNotice(ctx context.Context, n place.Notice) error {
	acc, p, err := place.Carrier(ctx, a.DB, n, email.Kind)
	if err != nil {
		return db.NotFound(err, "app.notice")
	}
	m, err := place.GetMember(ctx, a.DB, n.MemberID)
	if err != nil {
		return err
	}
	c, err := a.Networks.Client(acc, a.Keys)
	if err != nil {
		return err
	}
	publisher, ok := c.(network.Publisher)
	if !ok {
		return fault.New(fault.Unsupported, "app.notice", "")
	}
	draft := noticeMail(p, m, n)
	if k, ok := c.(network.NewKeyer); ok {
		draft.Key = k.NewKey()
	}
	_, err = publisher.Publish(ctx, draft)
	return err
}

// noticeMail says what happened, in the member's language. It holds no link: whoever reads it is not to learn to press
// on links in such mails.
func noticeMail(p place.Place, m place.Member, n place.Notice) network.Draft {
	tag := m.Language
	if tag == "" {
		tag = p.Language
	}
	l := locale.New(tag, p.Location())
	what := l.T("notice.what." + n.Kind)
	text := []string{
		l.T("notice.hello", "name", m.Name),
		l.T("notice.fact", "day", l.FullDay(n.At, n.At.AddDate(-1, 0, 0)), "time", l.Clock(n.At), "what", what),
		l.T("notice.fine"),
		l.T("notice.not_you", "place", p.Name),
		l.T("notice.signed", "place", p.Name),
	}
	return network.Draft{
		Subject: l.T("notice.subject", "what", what), Text: strings.Join(text, "\n\n"), Lang: l.Tag, CreatedAt: time.Now(),
		To: []network.Author{{Handle: n.Address, Name: m.Name}},
	}
}
