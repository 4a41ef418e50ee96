package inbox

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Reach is what an answer may be, and whom it reaches.
type Reach struct {
	network.Limits // Text is what is left for the words, besides naming whom they are for
	network.Audience
}

// Reach tells it of an answer to what was said last in a conversation, for whoever writes one. It returns the fault
// for which nothing can be answered there.
func (b *Inbox) Reach(ctx context.Context, placeID, conversationID string) (Reach, error) {
	answers, err := said(ctx, b.DB, placeID, conversationID, "")
	if err != nil {
		return Reach{}, err
	}
	return b.reach(ctx, b.DB, placeID, answers)
}

func (b *Inbox) reach(ctx context.Context, q db.Querier, placeID string, answers Message) (r Reach, err error) {
	a, err := place.GetAccount(ctx, q, placeID, answers.AccountID)
	if err != nil {
		return r, err
	}
	if a.State == place.AccountOff {
		return r, fault.New(fault.Conflict, "inbox.reply", "inbox.account_off")
	}
	c, err := b.Open(a)
	if err != nil {
		return r, err
	}
	p, ok := c.(network.Publisher)
	if !ok {
		return r, fault.New(fault.Unsupported, "inbox.reply", "inbox.no_answers")
	}
	r.Limits = p.Limits()
	if who, ok := c.(network.Addresser); ok {
		if r.Audience = who.Audience(answers.network()); r.Text > 0 {
			r.Text = max(1, r.Text-r.Weight)
		}
		if r.Wordy {
			r.Attachments = 0
		}
	}
	return r, nil
}
