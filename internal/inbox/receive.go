package inbox

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault/point"
	"comptoir/internal/network"
	"comptoir/internal/people"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Bounds of what is kept of one message, in bytes unless said otherwise.
const (
	maxText    = 1 << 20
	maxQuoted  = 1 << 20
	maxHTML    = 2 << 20
	maxSubject = 300 // graphemes
	maxExcerpt = 160 // graphemes
	maxRemote  = 1000
	maxIndexed = 20_000 // of a text, for search
)

// Receive stores one page of an account in one transaction: persons, conversations, messages, what other
// packages join, the journal, and last the cursor. A page may repeat what is known; nothing is doubled.
func (b *Inbox) Receive(ctx context.Context, a place.Account, page network.Page) error {
	ready, err := b.stage(ctx, a.PlaceID, page.Messages)
	if err != nil {
		return err
	}
	point.Reached(point.ReceiveStaged)
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := b.receive(ctx, tx, a, page.Messages, ready); err != nil {
			return err
		}
		if err := b.follow(ctx, tx, a, page); err != nil {
			return err
		}
		defer point.Reached(point.ReceiveStored)
		return place.Received(ctx, tx, a, page.Next, page.Skipped)
	})
	point.Reached(point.ReceiveCommitted)
	return err
}

// Accept stores messages in the caller's transaction, for a network that is part of this program: the
// tables of the house. It returns those that were new. The messages have no attachments.
func (b *Inbox) Accept(ctx context.Context, tx db.Tx, a place.Account, messages ...network.Message) ([]Received, error) {
	return b.receive(ctx, tx, a, messages, prepare(messages))
}

// intake is one page on its way into the store.
type intake struct {
	account place.Account
	number  int64 // of the place, for search
	now     time.Time
	items   []*item          // new messages, in the order of the page
	numbers map[string]int64 // of the new messages by their ids, for search
	threads map[string]*thread
	touched []*thread // in the order of their first message
}

// item is one new message.
type item struct {
	prepared
	m      *network.Message
	id     string
	person string
	at     time.Time // where it stands in its thread
	thread *thread
	first  bool // it began its conversation
}

func (b *Inbox) receive(ctx context.Context, tx db.Tx, a place.Account, messages []network.Message, ready []prepared) ([]Received, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	number, err := place.Lock(ctx, tx, a.PlaceID)
	if err != nil {
		return nil, err
	}
	in := &intake{account: a, number: number, now: time.Now(), threads: map[string]*thread{}}
	if err := in.keepNew(ctx, tx, messages, ready); err != nil || len(in.items) == 0 {
		return nil, err
	}
	if err := in.identify(ctx, tx); err != nil {
		return nil, err
	}
	if err := in.sort(ctx, tx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, db.Tx) error{in.storeThreads, in.storeMessages, in.storeStandings, in.storeKeys} {
		if err := step(ctx, tx); err != nil {
			return nil, err
		}
	}
	if err := b.index(ctx, tx, in); err != nil {
		return nil, err
	}
	news := in.received()
	if b.OnReceived != nil {
		if err := b.OnReceived(ctx, tx, news); err != nil {
			return nil, err
		}
	}
	b.Watch.received(a.Kind, len(news))
	return news, in.record(ctx, tx)
}

// keepNew leaves out what is known already, and what a page holds twice.
func (in *intake) keepNew(ctx context.Context, tx db.Tx, messages []network.Message, ready []prepared) error {
	ids := make([]network.RemoteID, 0, len(messages))
	for i := range messages {
		ids = append(ids, messages[i].ID)
	}
	list, args := db.In(2, ids, in.account.ID)
	known := map[network.RemoteID]bool{}
	rows, err := db.Collect(func(r db.Row) (id network.RemoteID, err error) { err = r.Scan(&id); return })(
		tx.Query(ctx, "SELECT remote_id FROM message WHERE account_id = $1 AND remote_id IN ("+list+") AND place_id = $"+itoa(len(args)+1), append(args, in.account.PlaceID)...))
	if err != nil {
		return err
	}
	for _, id := range rows {
		known[id] = true
	}
	for i := range messages {
		m := &messages[i]
		if known[m.ID] || m.ID == "" || len(m.ID) > maxRemote {
			continue
		}
		known[m.ID] = true
		in.items = append(in.items, &item{prepared: ready[i], m: m, id: db.NewID(), at: standing(m.SentAt, in.now)})
	}
	return nil
}

// standing is where a message stands in its thread: when it was written, unless the sender lies about
// the future or told nothing.
func standing(sent, received time.Time) time.Time {
	if sent.IsZero() || sent.After(received) || sent.Year() < 1990 {
		return received
	}
	return sent
}

func (in *intake) identify(ctx context.Context, tx db.Tx) error {
	var authors []network.Author
	for _, it := range in.items {
		if !it.m.Mine {
			authors = append(authors, it.m.Author)
		}
	}
	found, err := people.Identify(ctx, tx, in.account.PlaceID, in.account.Kind, authors, in.now)
	if err != nil {
		return err
	}
	for _, it := range in.items {
		if !it.m.Mine {
			it.person = found[it.m.Author.ID]
		}
	}
	return nil
}

func (in *intake) storeMessages(ctx context.Context, tx db.Tx) error {
	p := in.account.PlaceID
	rows := db.Insert{
		Head:   "INSERT INTO message (place_id, account_id, received_at, id, conversation_id, person_id, remote_id, direction, automatic, subject, text, quoted, lang, url, visibility, remote, sent_at, sort_at)",
		Shared: []any{p, in.account.ID, db.Micros(in.now)},
		Expect: len(in.items),
	}
	html := db.Insert{Head: "INSERT INTO message_html (place_id, message_id, html)", Shared: []any{p}}
	files := db.Insert{Head: "INSERT INTO attachment (place_id, id, message_id, position, name, type, size, hash, picture, inline, alt)", Shared: []any{p}}
	for _, it := range in.items {
		m, direction := it.m, In
		if m.Mine {
			direction = Out
		}
		rows.Row(it.id, it.thread.own, nullable(it.person), string(m.ID), string(direction), m.Automatic || m.Bounce != nil,
			text.Clip(m.Subject, maxSubject), cut(m.Text, maxText), cut(m.Quoted, maxQuoted), m.Lang, cut(m.URL, 2000), string(m.Visibility),
			it.remote, db.Micros(m.SentAt), db.Micros(it.at))
		if m.HTML != "" {
			html.Row(it.id, cut(strings.ReplaceAll(m.HTML, "\x00", ""), maxHTML))
		}
		for i, f := range it.files {
			files.Row(db.NewID(), it.id, i, f.name, f.Type, f.Size, f.Hash, f.Picture, f.inline, f.alt)
		}
	}
	var err error
	if in.numbers, err = rows.Numbered(ctx, tx); err != nil {
		return err
	}
	if err := html.Exec(ctx, tx); err != nil {
		return err
	}
	return files.Exec(ctx, tx)
}

// index makes the new messages findable.
func (b *Inbox) index(ctx context.Context, tx db.Tx, in *intake) error {
	found := make([]db.Item, len(in.items))
	for i, it := range in.items {
		found[i] = db.Item{Number: in.numbers[it.id], Words: it.words}
	}
	// An index that grows at its end is written there alone.
	slices.SortFunc(found, func(a, b db.Item) int { return cmp.Compare(a.Number, b.Number) })
	return b.DB.Index(ctx, tx, in.number, found...)
}

// searchable is what a message is found by.
func searchable(parts ...string) []string {
	var b strings.Builder
	for _, p := range parts {
		if p != "" {
			b.WriteString(cut(p, maxIndexed))
			b.WriteByte(' ')
		}
	}
	return db.Words(text.Fold(b.String()))
}

func (in *intake) received() []Received {
	news := make([]Received, len(in.items))
	for i, it := range in.items {
		news[i] = Received{
			PlaceID: in.account.PlaceID, Account: in.account, MessageID: it.id, ConversationID: it.thread.shown.ID,
			PersonID: it.person, New: it.first, Message: *it.m,
		}
	}
	return news
}

// record writes one journal entry for each conversation that got something.
func (in *intake) record(ctx context.Context, tx db.Tx) error {
	var entries []place.Entry
	byShown := map[string]int{}
	for _, it := range in.items {
		id := it.thread.shown.ID
		i, ok := byShown[id]
		if !ok {
			i = len(entries)
			byShown[id] = i
			entries = append(entries, place.Entry{Kind: place.EventReceived, SubjectID: id, Data: map[string]any{"messages": []string{}}})
			if it.first {
				entries[i].Data["new"] = true
			}
		}
		entries[i].Data["messages"] = append(entries[i].Data["messages"].([]string), it.id)
	}
	actor := place.Actor{Kind: place.NetworkActor, ID: in.account.ID, PlaceID: in.account.PlaceID}
	for _, t := range in.touched {
		if t.bounced != "" {
			entries = append(entries, place.Entry{Kind: "reply.bounced", SubjectID: t.shown.ID, Data: map[string]any{"message": t.bounced}})
		}
	}
	return place.Record(ctx, tx, in.account.PlaceID, actor, entries...)
}

// cut shortens a text to at most n bytes, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// excerpt is the line of the list.
func excerpt(m *network.Message) string {
	return text.Excerpt(cut(cmp.Or(m.Text, m.Subject), 4*maxExcerpt), maxExcerpt)
}
