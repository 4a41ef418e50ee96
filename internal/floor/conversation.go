package floor

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// FromNetwork is a message of a conversation that is passed to the floor.
type FromNetwork struct {
	ConversationID string
	Network        string // network.Kind of its account
	Author         string // the name of who wrote
	Text           string // what the colleagues read
	Language       string
	TableID        string // "" = not known
	Kind           Kind   // "" = Other
}

// CallsIn returns the calls of some conversations, the latest first, at most limit.
func CallsIn(ctx context.Context, q db.Querier, placeID string, limit int, conversationIDs ...string) ([]Call, error) {
	if len(conversationIDs) == 0 {
		return nil, nil
	}
	list, args := db.In(2, conversationIDs)
	all, err := calls(ctx, q, placeID, "EXISTS (SELECT 1 FROM call_ask o WHERE o.place_id = c.place_id AND o.call_id = c.id AND o.cancelled_at = 0 AND o.conversation_id IN ("+list+"))", "c.received_at DESC, c.id DESC", args...)
	return all[:min(len(all), limit)], err
}

// FromConversation makes a message of any network a call. What becomes of it is told back in its
// conversation.
func (f *Floor) FromConversation(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, m FromNetwork) (Call, error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return Call{}, err
	}
	if m.TableID != "" {
		if _, err := GetTable(ctx, tx, placeID, m.TableID); err != nil {
			return Call{}, err
		}
	}
	if m.Kind == "" {
		m.Kind = Other
	}
	now := time.Now()
	c := Call{ID: db.NewID(), PlaceID: placeID, TableID: m.TableID, Network: m.Network, Kind: m.Kind, ReceivedAt: now}
	if err := insertCall(ctx, tx, c); err != nil {
		return c, err
	}
	ask := Ask{ID: db.NewID(), CallID: c.ID, ConversationID: m.ConversationID, Author: text.Clip(text.Line(m.Author), 80), Text: text.Clip(text.Plain(m.Text), MaxText), Language: m.Language, At: now}
	if err := insertAsk(ctx, tx, placeID, ask); err != nil {
		return c, err
	}
	c, err := Get(ctx, tx, placeID, c.ID)
	if err != nil {
		return c, err
	}
	return c, f.changed(ctx, tx, actor, c, WasReceived)
}
