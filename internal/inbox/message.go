package inbox

import (
	"encoding/json"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// Direction tells who speaks.
type Direction string

const (
	In  Direction = "in"  // somebody, to the place
	Out Direction = "out" // the place
)

// Message is one thing said, by them or by us.
type Message struct {
	N              int64
	ID             string
	ConversationID string
	AccountID      string
	PersonID       string // "" = the place
	MemberID       string // which of us, a member or a token; "" = unknown
	RemoteID       network.RemoteID
	Direction      Direction
	Automatic      bool
	Subject        string
	Text           string
	Quoted         string
	Lang           string
	URL            string // untrusted
	Visibility     network.Visibility
	SentAt         time.Time // as the network says
	ReceivedAt     time.Time
	At             time.Time // where it stands in the thread
	Attachments    []Attachment
	Liked, Boosted bool             // by the place, or about to be
	Standing       network.Standing // as the place decided, or is about to; "" where nobody decides
	EditedAt       time.Time        // when we heard that it was changed, zero = never
	GoneAt         time.Time        // when we heard that it is gone from its network, zero = it is there
	Reply          *Delivery        // of ours, nil when it was written elsewhere
	remote         remote
}

// Attachment is a file of a message.
type Attachment struct {
	ID        string
	MessageID string
	Name      string // the sender's, cleaned
	Type      string // decided by looking at the content
	Size      int64  // bytes
	Hash      string // of the stored file, "" = too big, not kept
	Picture   bool   // can be shown, re-encoded
	Inline    bool
	Alt       string
}

// remote is what came with a message beside its words, as stored: what a driver needs to answer it, and how many of its
// pictures would be fetched from elsewhere.
type remote struct {
	Thread     network.RemoteID   `json:"thread,omitempty"`
	ReplyTo    network.RemoteID   `json:"reply_to,omitempty"`
	References []network.RemoteID `json:"references,omitempty"`
	Author     *network.Author    `json:"author,omitempty"`
	Meta       map[string]string  `json:"meta,omitempty"`
	Bounce     *network.Bounce    `json:"bounce,omitempty"`
	Pictures   int                `json:"pictures,omitempty"`
}

func remoteOf(m *network.Message) string {
	a := m.Author
	a.Avatar = ""
	data, err := json.Marshal(remote{Thread: m.Thread, ReplyTo: m.ReplyTo, References: m.References, Author: &a, Meta: m.Meta, Bounce: m.Bounce, Pictures: text.RemotePictures(m.HTML)})
	if err != nil {
		return "{}" // strings always marshal
	}
	return string(data)
}

// network is the message as its driver told it, for answering.
func (m Message) network() network.Message {
	n := network.Message{
		ID: m.RemoteID, Thread: m.remote.Thread, ReplyTo: m.remote.ReplyTo, References: m.remote.References,
		Mine: m.Direction == Out, Subject: m.Subject, Text: m.Text, Quoted: m.Quoted, Lang: m.Lang, URL: m.URL, SentAt: m.SentAt,
		Visibility: m.Visibility, Automatic: m.Automatic, Meta: m.remote.Meta,
	}
	if m.remote.Author != nil {
		n.Author = *m.remote.Author
	}
	return n
}

// Author is who wrote it, as the network tells; zero for ours.
func (m Message) Author() network.Author {
	if m.remote.Author == nil {
		return network.Author{}
	}
	return *m.remote.Author
}

// Bounce is the report that this message is, nil for any other.
func (m Message) Bounce() *network.Bounce { return m.remote.Bounce }

// Told is what the network told of a message under a name, "" for nothing.
func (m Message) Told(name string) string { return m.remote.Meta[name] }

// RemotePictures is how many pictures of it were not fetched: to do so tells the sender that it was read.
func (m Message) RemotePictures() int { return m.remote.Pictures }

const messageColumns = "m.n, m.id, m.conversation_id, m.account_id, coalesce(m.person_id, ''), m.member_id, coalesce(m.remote_id, ''), m.direction, m.automatic, m.subject, m.text, m.quoted, m.lang, m.url, m.visibility, m.sent_at, m.received_at, m.sort_at, m.remote, m.edited_at, m.gone_at"

func scanMessage(r db.Row) (m Message, err error) { return scanMessageAnd(r) }

// scanMessageAnd scans a message and then whatever more the query selects.
func scanMessageAnd(r db.Row, more ...any) (m Message, err error) {
	var sent, received, at, edited, gone int64
	var facts string
	dest := append([]any{&m.N, &m.ID, &m.ConversationID, &m.AccountID, &m.PersonID, &m.MemberID, &m.RemoteID, &m.Direction, &m.Automatic,
		&m.Subject, &m.Text, &m.Quoted, &m.Lang, &m.URL, &m.Visibility, &sent, &received, &at, &facts, &edited, &gone}, more...)
	if err = r.Scan(dest...); err != nil {
		return m, err
	}
	m.SentAt, m.ReceivedAt, m.At, m.EditedAt, m.GoneAt = db.Time(sent), db.Time(received), db.Time(at), db.Time(edited), db.Time(gone)
	return m, json.Unmarshal([]byte(facts), &m.remote)
}
