package inbox

import (
	"context"
	"slices"
	"strconv"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// sameSubject is how long a mail without references still joins the thread of its subject and sender.
const sameSubject = 30 * 24 * time.Hour

// thread is a conversation that a page touches.
type thread struct {
	own      string        // the conversation that the messages belong to
	shown    *Conversation // the one on screen: own, or the one it was merged into
	fresh    bool          // it does not exist yet
	answered bool          // it was ours alone until now
	keys     []string      // names by which it becomes known
	bounced  string        // a message of ours that did not arrive
}

// sort finds the conversation of each message, or begins one, and lets each message change it.
func (in *intake) sort(ctx context.Context, tx db.Tx) error {
	owners, err := in.lookUp(ctx, tx)
	if err != nil {
		return err
	}
	bySubject, err := in.subjects(ctx, tx, owners)
	if err != nil {
		return err
	}
	shown, err := in.known(ctx, tx, owners, bySubject)
	if err != nil {
		return err
	}
	for _, it := range in.items {
		own := firstKnown(owners, it)
		subject := subjectOf{it.person, it.subject}
		if own == "" && usesSubject(it.m) {
			own = bySubject[subject]
		}
		t := in.threads[own]
		switch {
		case own == "":
			t = in.begin(it)
			it.first = true
			shown[t.own] = t.shown
			if subject.key != "" && it.person != "" {
				bySubject[subject] = t.own
			}
		case t == nil:
			if t, err = in.load(ctx, tx, own, shown); err != nil {
				return err
			}
		}
		in.join(ctx, it, t, owners)
	}
	return in.bounces(ctx, tx)
}

// known reads the conversations that a page's messages belong to, where these stand on screen by themselves.
func (in *intake) known(ctx context.Context, tx db.Tx, owners map[network.RemoteID]string, bySubject map[subjectOf]string) (map[string]*Conversation, error) {
	shown := map[string]*Conversation{}
	var ids []string
	for _, it := range in.items {
		own := firstKnown(owners, it)
		if own == "" && usesSubject(it.m) {
			own = bySubject[subjectOf{it.person, it.subject}]
		}
		if _, twice := shown[own]; own != "" && !twice {
			shown[own] = nil
			ids = append(ids, own)
		}
	}
	for part := range slices.Chunk(ids, 500) {
		list, args := db.In(2, part, in.account.PlaceID)
		found, err := db.Collect(scanConversation)(tx.Query(ctx, "SELECT "+conversationColumns+" FROM conversation c WHERE c.place_id = $1 AND c.merged_into = '' AND c.id IN ("+list+")", args...))
		if err != nil {
			return nil, err
		}
		for i := range found {
			shown[found[i].ID] = &found[i]
		}
	}
	return shown, nil
}

// join puts a message into a thread and makes the thread known by the message's names.
func (in *intake) join(_ context.Context, it *item, t *thread, owners map[network.RemoteID]string) {
	if in.threads[t.own] == nil {
		in.threads[t.own] = t
		in.touched = append(in.touched, t)
	}
	it.thread = t
	alone := !t.fresh && t.shown.PersonID == ""
	t.shown.take(it, in.now)
	t.answered = t.answered || alone && t.shown.PersonID != ""
	owners[it.m.ID] = t.own
	for _, name := range it.names {
		if owners[name] == "" {
			owners[name] = t.own
			t.keys = append(t.keys, string(name))
		}
	}
}

// begin makes a conversation of a message.
func (in *intake) begin(it *item) *thread {
	c := &Conversation{
		ID: db.NewID(), PlaceID: in.account.PlaceID, AccountID: in.account.ID, Kind: in.account.Kind, PersonID: it.person,
		Subject: text.Clip(it.m.Subject, maxSubject), State: Open, Automatic: true, CreatedAt: in.now,
	}
	return &thread{own: c.ID, shown: c, fresh: true}
}

// load reads a conversation that a message belongs to, and the one it is shown in.
func (in *intake) load(ctx context.Context, tx db.Tx, own string, shown map[string]*Conversation) (*thread, error) {
	t := &thread{own: own}
	id := own
	for range maxMerges {
		if c := shown[id]; c != nil {
			t.shown = c
			return t, nil
		}
		c, err := get(ctx, tx, in.account.PlaceID, id)
		if err != nil {
			return nil, err
		}
		if c.MergedInto == "" {
			shown[id], t.shown = &c, &c
			return t, nil
		}
		id = c.MergedInto
	}
	return nil, db.NotFound(db.ErrNoRows, "inbox.thread")
}

// take lets a message change the conversation it joined.
func (c *Conversation) take(it *item, now time.Time) {
	m := it.m
	machine := m.Automatic || m.Bounce != nil
	if !it.at.Before(c.LastAt) {
		c.LastAt, c.Excerpt, c.Ours, c.Lang = it.at, it.excerpt, m.Mine, m.Lang
	}
	if m.Mine { // answered elsewhere
		c.Automatic = false
		if !c.WaitingSince.IsZero() && it.at.After(c.WaitingSince) {
			c.AnsweredIn, c.WaitingSince, c.Unread = it.at.Sub(c.WaitingSince), time.Time{}, false
		}
		return
	}
	if c.PersonID == "" {
		c.PersonID = it.person
	}
	if machine {
		return
	}
	c.Automatic = false
	c.Unread = true
	c.State, c.SnoozedUntil = Open, time.Time{}
	if c.WaitingSince.IsZero() {
		c.WaitingSince = it.at
	}
}

// names are a message's own thread and the messages it follows, the nearest first.
func names(m *network.Message) []network.RemoteID {
	var all []network.RemoteID
	add := func(id network.RemoteID) {
		if id != "" && id != m.ID && len(id) <= maxRemote && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	add(m.ReplyTo)
	for _, r := range slices.Backward(m.References) {
		add(r)
	}
	add(m.Thread)
	if len(all) > 50 {
		all = all[:50]
	}
	return all
}

// firstKnown is the conversation that knows one of a message's names.
func firstKnown(owners map[network.RemoteID]string, it *item) string {
	m := it.m
	if m.Bounce != nil && owners[m.Bounce.Of] != "" {
		return owners[m.Bounce.Of]
	}
	if c := owners[m.Thread]; c != "" {
		return c
	}
	for _, name := range it.names {
		if c := owners[name]; c != "" {
			return c
		}
	}
	// A reply to this one came first, and named it.
	return owners[m.ID]
}

// lookUp finds the conversations of every name on the page.
func (in *intake) lookUp(ctx context.Context, tx db.Tx) (map[network.RemoteID]string, error) {
	var fresh, named []network.RemoteID // the page's own messages, and those that they name
	seen := map[network.RemoteID]bool{}
	for _, it := range in.items {
		seen[it.m.ID] = true
		fresh = append(fresh, it.m.ID)
	}
	for _, it := range in.items {
		all := slices.Clip(it.names)
		if it.m.Bounce != nil {
			all = append(all, it.m.Bounce.Of)
		}
		for _, id := range all {
			if id != "" && !seen[id] {
				seen[id] = true
				named = append(named, id)
			}
		}
	}
	owners := make(map[network.RemoteID]string, len(seen))
	err := in.owners(ctx, tx, owners, append(fresh, named...), "SELECT key, conversation_id FROM thread_key WHERE place_id = $1 AND account_id = $2 AND key IN ")
	if err != nil {
		return nil, err
	}
	// keepNew has found that nothing is stored of the page's own.
	named = slices.DeleteFunc(named, func(id network.RemoteID) bool { return owners[id] != "" })
	return owners, in.owners(ctx, tx, owners, named, "SELECT remote_id, conversation_id FROM message WHERE place_id = $1 AND account_id = $2 AND remote_id IN ")
}

// owners fills in what a query, which ends before its list, says of names.
func (in *intake) owners(ctx context.Context, tx db.Tx, owners map[network.RemoteID]string, names []network.RemoteID, query string) error {
	for part := range slices.Chunk(names, 500) {
		list, args := db.In(3, part, in.account.PlaceID, in.account.ID)
		rows, err := tx.Query(ctx, query+"("+list+")", args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var name network.RemoteID
			var id string
			if err := rows.Scan(&name, &id); err != nil {
				rows.Close()
				return err
			}
			owners[name] = id
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

// subjectOf is how a mail without references is recognised.
type subjectOf struct{ person, key string }

// usesSubject tells whether a message has nothing better to be recognised by than its subject.
func usesSubject(m *network.Message) bool {
	return m.Subject != "" && len(m.References) == 0 && m.ReplyTo == "" && !m.Automatic && m.Bounce == nil
}

// subjects finds the latest conversation of each subject and person that messages without references name.
func (in *intake) subjects(ctx context.Context, tx db.Tx, owners map[network.RemoteID]string) (map[subjectOf]string, error) {
	found := map[subjectOf]string{}
	var persons []string
	for _, it := range in.items {
		if it.person != "" && usesSubject(it.m) && firstKnown(owners, it) == "" && !slices.Contains(persons, it.person) {
			persons = append(persons, it.person)
		}
	}
	if len(persons) == 0 {
		return found, nil
	}
	list, args := db.In(4, persons, in.account.PlaceID, in.account.ID, db.Micros(in.now.Add(-sameSubject)))
	rows, err := tx.Query(ctx, "SELECT id, person_id, subject_key FROM conversation WHERE place_id = $1 AND account_id = $2 AND last_at > $3 AND subject_key <> '' AND person_id IN ("+list+") ORDER BY last_at", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var s subjectOf
		if err := rows.Scan(&id, &s.person, &s.key); err != nil {
			return nil, err
		}
		found[s] = id
	}
	return found, rows.Err()
}

func itoa(n int) string { return strconv.Itoa(n) }

// maxMerges bounds how long a chain of merged conversations is followed.
const maxMerges = 20
