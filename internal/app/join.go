package app

import (
	"context"
	"path/filepath"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/jobs"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

// rooms builds the domain packages and joins the counter and the floor, which do not know each other:
// what a guest says at a table is also a message at the counter, a message of any network can become a
// call for the floor, and what happens to the call is told back in its conversation. Each joint runs in
// the transaction of what it joins.
func (a *App) rooms() (err error) {
	if a.files, err = media.Open(filepath.Join(a.cfg.Data, "files")); err != nil {
		return err
	}
	a.Floor = floor.New(a.DB, a.Keys)
	a.Inbox = &inbox.Inbox{
		DB: a.DB, Files: a.files, Log: a.log,
		Open: func(acc place.Account) (network.Client, error) { return a.Networks.Client(acc, a.Keys) },
		Rate: func(ctx context.Context, acc place.Account) (network.RateLimit, error) {
			return a.Networks.Rate(ctx, acc)
		},
	}
	a.Inbox.ToFloor = a.toFloor
	a.Floor.Said = a.said
	a.Floor.Changed = a.changed
	a.Floor.Thread = a.told
	return nil
}

// work says how the domain packages' jobs are done.
func (a *App) work(w *jobs.Workers) {
	jobs.Work(w, a.Inbox.Deliver)
	jobs.Work(w, a.Inbox.Wake)
	jobs.Work(w, a.Inbox.AskNetwork)
	jobs.Work(w, a.Inbox.AskStanding)
}

// toFloor makes a message that was passed on a call.
func (a *App) toFloor(ctx context.Context, tx db.Tx, actor place.Actor, p inbox.Passed) (string, error) {
	words := p.Text
	if p.Note != "" {
		words = p.Note + "\n" + words
	}
	c, err := a.Floor.FromConversation(ctx, tx, actor, p.PlaceID, floor.FromNetwork{
		ConversationID: p.ConversationID, Network: string(p.Kind), Author: p.Name, Text: words, TableID: p.TableID,
	})
	return c.ID, err
}

// said makes what a guest says a message of the house. A guest's evening is one conversation.
func (a *App) said(ctx context.Context, tx db.Tx, w floor.Words) (string, error) {
	house, err := place.House(ctx, tx, w.PlaceID)
	if err != nil {
		return "", err
	}
	p, err := place.Get(ctx, tx, w.PlaceID)
	if err != nil {
		return "", err
	}
	l := locale.New(p.Language, p.Location())
	news, err := a.Inbox.Accept(ctx, tx, house, network.Message{
		ID: network.RemoteID(w.ID), Thread: network.RemoteID(w.GuestID),
		Author: network.Author{ID: network.RemoteID(w.GuestID), Name: l.T("house.guest", "table", w.Table)},
		Text:   guestText(l, w), Lang: w.Language, SentAt: w.At, Visibility: network.Private,
		Meta: map[string]string{"table": w.Table, "kind": string(w.Kind), "call": w.CallID, "whom": w.Whom},
	})
	if err != nil || len(news) == 0 {
		return "", err
	}
	return news[0].ConversationID, nil
}

// guestText is what the counter reads: the tile that was pressed, in the place's language, then the
// guest's own words. A kind word, or words of their own, need no tile.
func guestText(l locale.Locale, w floor.Words) string {
	if w.Kind == floor.Kindly || w.Kind == floor.Other {
		return w.Text
	}
	tile := l.T("house.asks." + string(w.Kind))
	if w.Text == "" {
		return tile
	}
	return tile + ".\n" + w.Text // in the list, where lines run on, they stay two sentences
}

// changed tells back in a conversation what became of its call.
func (a *App) changed(ctx context.Context, tx db.Tx, conversationID string, c floor.Call, what floor.Change) error {
	if what == floor.WasReceived && c.Network == string(place.HouseKind) || what == floor.WasJoined {
		return nil // the guest's own message says it
	}
	if c.Network == string(place.HouseKind) {
		if err := a.seenTo(ctx, tx, conversationID, c, what); err != nil {
			return err
		}
	}
	return place.Record(ctx, tx, c.PlaceID, place.System(), place.Entry{
		Kind: "conversation.call_" + string(what), SubjectID: conversationID,
		Data: map[string]any{"call": c.ID, "table": c.TableID, "by": c.TakenBy},
	})
}

// seenTo settles a guest's conversation once somebody was at the table for all that was asked there. A kind word
// asks for nobody, and still waits for an answer; so does whoever wrote on a network and reads the answer there.
func (a *App) seenTo(ctx context.Context, tx db.Tx, conversationID string, c floor.Call, what floor.Change) error {
	switch what {
	case floor.WasReopened:
		return a.Inbox.Awaits(ctx, tx, c.PlaceID, conversationID, c.ReceivedAt)
	case floor.WasDone, floor.WasCancelled:
	default:
		return nil
	}
	calls, err := floor.OfConversation(ctx, tx, c.PlaceID, conversationID)
	if err != nil {
		return err
	}
	over := map[string]bool{}
	for _, call := range calls {
		over[call.ID] = !call.State.Open()
	}
	return a.Inbox.Served(ctx, tx, c.PlaceID, conversationID, func(m network.Message) bool { return over[m.Meta["call"]] })
}

// told is what a guest's page shows of their conversation: their own words, and the place's once they
// are sent. Words of other conversations that staff merged with it are not theirs to read.
func (a *App) told(ctx context.Context, placeID, conversationID string) ([]floor.Line, error) {
	t, err := a.Inbox.Thread(ctx, placeID, conversationID, "")
	if into := mergedInto(err); into != "" {
		t, err = a.Inbox.Thread(ctx, placeID, into, "")
	}
	if err != nil {
		return nil, err
	}
	p, err := place.Get(ctx, a.DB, placeID)
	if err != nil {
		return nil, err
	}
	var lines []floor.Line
	for _, m := range t.Messages {
		if m.ConversationID != conversationID || m.Reply != nil && m.Reply.State != inbox.Sent {
			continue
		}
		line := floor.Line{ID: m.ID, Mine: m.Direction == inbox.In, Text: m.Text, At: m.At}
		if line.Mine {
			line.ID = string(m.RemoteID) // floor.Words.ID: the page shows the words of a call with the call
		}
		if m.MemberID != "" && p.Settings.ShowFirstName {
			who, err := place.GetMember(ctx, a.DB, m.MemberID)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			line.Who = floor.FirstName(who.Name)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// mergedInto is the conversation that a merged one is shown in, as the error of its Thread says.
func mergedInto(err error) string {
	f := fault.As(err)
	if f == nil || f.Key != "inbox.merged" {
		return ""
	}
	for i := 0; i+1 < len(f.Args); i += 2 {
		if f.Args[i] == "into" {
			into, _ := f.Args[i+1].(string)
			return into
		}
	}
	return ""
}
