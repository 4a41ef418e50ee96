// Package network is the contract between Comptoir and every network it speaks to: the one real
// boundary of the program. A driver (package mastodon, email, house …) implements Driver; the Client
// it opens implements the small abilities it has. Nothing else of Comptoir knows a network's name.
//
// Invariants that every driver keeps and package networktest checks:
//   - one attempt per call, no retry inside: retries live in one place, outside;
//   - every method returns within a second of its context's end;
//   - at most MaxBody bytes are read of any answer, and what is read is distrusted;
//   - every error is a *fault.Error; Ambiguous means "sent, outcome unknown" and nothing else does;
//   - only the network's own words end a credential or a message: a proxy's page is Unavailable, whatever its status;
//   - RetryAfter is between nothing and MaxWait, whatever a server asks for;
//   - a Fetcher may repeat an item and must not skip one: bad items are counted in Page.Skipped;
//   - remote text is plain when it leaves the driver.
package network

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// MaxBody is the most that a driver reads of one answer, in bytes, after decompression.
const MaxBody = 16 << 20

// MaxWait is the longest that a driver lets a server put us off.
const MaxWait = 24 * time.Hour

// RetryAfter reads how long an HTTP answer asks to be left alone, 0 when it does not say: in seconds, or until a time
// by the server's own clock.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		now = at
	}
	var wait time.Duration
	if s, err := strconv.ParseInt(h.Get("Retry-After"), 10, 64); err == nil {
		wait = time.Duration(min(s, int64(MaxWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, MaxWait))
}

// Kind is the stable name of a network, as stored in the database and used in the API: "email", "house".
type Kind string

// RemoteID is a network's own name for something. It is opaque: never parsed, never ordered.
type RemoteID string

// Cursor is how far a Fetcher has read, in the driver's own words; "" is the beginning. It is stored by
// the caller in the transaction that stores the page.
type Cursor string

// Credential is what an account needs to prove itself, by field name ("password", "access_token" …).
// It never prints: String, GoString, JSON, text and slog all say "[secret]".
type Credential struct{ secret map[string]string }

// NewCredential returns a credential that holds a copy of fields.
func NewCredential(fields map[string]string) Credential {
	c := make(map[string]string, len(fields))
	for k, v := range fields {
		c[k] = v
	}
	return Credential{secret: c}
}

// Field returns one field, "" when there is none. It is for drivers.
func (c Credential) Field(name string) string { return c.secret[name] }

// ExpiresAt is the field that says, in RFC 3339, when a person must connect the account again whatever the program does.
const ExpiresAt = "expires_at"

// Expires is when the network will want a person to connect the account again; zero = never, or it does not say.
func (c Credential) Expires() time.Time {
	at, err := time.Parse(time.RFC3339, c.secret[ExpiresAt])
	if err != nil {
		return time.Time{}
	}
	return at
}

// IsZero tells whether the credential holds nothing.
func (c Credential) IsZero() bool { return len(c.secret) == 0 }

// Reveal gives the fields as JSON, for sealing before storage and nothing else.
func (c Credential) Reveal() []byte {
	b, err := json.Marshal(c.secret)
	if err != nil {
		panic(err) // a map of strings always marshals
	}
	return b
}

// ParseCredential is the inverse of Reveal.
func ParseCredential(b []byte) (Credential, error) {
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return Credential{}, err
	}
	return Credential{secret: m}, nil
}

const secret = "[secret]"

func (Credential) String() string               { return secret }
func (Credential) GoString() string             { return secret }
func (Credential) MarshalJSON() ([]byte, error) { return []byte(`"` + secret + `"`), nil }
func (Credential) MarshalText() ([]byte, error) { return []byte(secret), nil }
func (Credential) LogValue() slog.Value         { return slog.StringValue(secret) }

// Wire is the way out, given by the caller: time limits, proxy, TLS roots and the ban on private
// addresses are set there. Drivers open no connection by any other means.
type Wire struct {
	HTTP *http.Client
	// Dial opens a raw connection ("tcp", "host:port").
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// DialTLS opens a connection with TLS from the first byte, the certificate checked for addr's host.
	DialTLS func(ctx context.Context, network, addr string) (net.Conn, error)
	// StartTLS upgrades a raw connection, the certificate checked for host.
	StartTLS func(ctx context.Context, conn net.Conn, host string) (net.Conn, error)
	// Renew is for credentials that run out and are exchanged for others. spent no longer serves: either another is
	// kept already, and is returned, or renew exchanges the one that is kept, at most once at a time for the account,
	// by whichever process; what it brings is kept before it is returned. nil = nobody keeps it, the driver
	// exchanges by itself.
	Renew func(ctx context.Context, spent Credential, renew func(ctx context.Context, kept Credential) (Credential, error)) (Credential, error)
}

// Driver is stateless and safe for concurrent use.
type Driver interface {
	Kind() Kind
	// Open does no I/O. It returns fault.Invalid for a malformed endpoint or credential.
	// endpoint is the driver's own JSON or URL; it holds nothing secret.
	Open(endpoint string, cred Credential, w Wire) (Client, error)
}

// Explainer is for drivers whose sentences name what an endpoint names. Of a failure only its key is stored.
type Explainer interface {
	// Explain returns what fills the sentence of a fault's key, as name, value, name, value, for an account with
	// this endpoint. No I/O.
	Explain(endpoint, key string) []any
}

// Authorizer is a driver whose accounts are connected on the network's own pages: somebody says yes there, and comes
// back with a code. A driver makes no choice of servers: every address is a member's word, and the wire judges it.
type Authorizer interface {
	// Meet asks the server that a person names, by its host or by a whole address there, what it is. fault.Rejected
	// when it is of another network.
	Meet(ctx context.Context, address string, w Wire) (Server, error)
	// Authorize makes this program known to the server and returns the page on which a person says yes, and what
	// Finish will need: it is secret, and kept sealed until they come back.
	Authorize(ctx context.Context, s Server, back Return, w Wire) (page string, pending Credential, err error)
	// Finish makes an account of what they brought back. fault.Forbidden when they said no.
	Finish(ctx context.Context, pending Credential, brought url.Values, w Wire) (endpoint string, cred Credential, err error)
	// ServerOf is the server of an account as Meet takes it. No I/O.
	ServerOf(endpoint string) string
}

// Introducer is a driver whose network's servers read about this program before they let anybody say yes to it.
type Introducer interface {
	// Introduce is what a server reads at back.Page with a name after it, as JSON: it says the same to everybody, and holds
	// nothing that is kept. ok is false when there is nothing of that name.
	Introduce(name string, back Return) (document []byte, ok bool)
}

// Enroller is a driver whose accounts are connected by their name and by a password that their network made for a
// program. A driver makes no choice of servers here either: the wire judges every address.
type Enroller interface {
	// Enroll finds where an account lives, and enters there. fault.Invalid tells which of the fields "site", "name" and
	// "password" is wrong.
	Enroll(ctx context.Context, c Claim, w Wire) (endpoint string, cred Credential, err error)
	// ClaimOf is an account as Enroll takes it, without its password. No I/O.
	ClaimOf(endpoint string) Claim
	// AsksSite tells whether a name alone does not say where its account lives.
	AsksSite() bool
}

// Claim is what a person types of an account of theirs.
type Claim struct{ Site, Name, Password string }

// Server is one installation of a network, as Meet found it.
type Server struct {
	Host     string // as a person knows it
	Software string // "mastodon", "" when it does not say
	Endpoint string // the driver's own, without an account yet
	Limits   Limits
	Polls    bool
}

// Return is how somebody comes back from a network's page.
type Return struct {
	URL   string // of ours, always the same for one place
	State string // comes back unchanged
	Lang  string // in which the page should speak
	About string // our own address, for the network's page
	Page  string // of ours: what an Introducer says of a name is read there, the name put after it
}

// Client speaks for one account. It is safe for concurrent use. Further abilities (Fetcher, Publisher,
// Addresser, Finder, Deleter, Reactor, Moderator, Meter, Waiter, Revoker, Streamer) are found by type assertion.
type Client interface {
	// Profile asks the network who the account is. It is the connection test: it proves that the
	// credential works for everything the driver needs.
	Profile(ctx context.Context) (Profile, error)
}

// Profile is an account as its network shows it.
type Profile struct {
	ID     RemoteID
	Handle string // "@lezinc@jasette.quebec", "bonjour@lezinc.example"
	Name   string
	URL    string // "" when there is no public page
}

// Revoker gives back what its network had given the account: the credential, and every copy of it, opens nothing any
// more.
type Revoker interface {
	// Revoke is for an account that is let go; already given back is no error.
	Revoke(ctx context.Context) error
}

// Fetcher reads what arrived.
type Fetcher interface {
	// Fetch returns the page after cur, oldest first. It may repeat items and must not skip any.
	// With cur "" it starts with a bounded history of the driver's choice.
	Fetch(ctx context.Context, cur Cursor) (Page, error)
}

// Page is what one Fetch brought.
type Page struct {
	Messages []Message
	// Changed are messages that were told before and are different now: edited, or of another standing. They come whole.
	Changed []Message
	// Gone are messages that were told before and are no longer there.
	Gone    []RemoteID
	Next    Cursor // to be stored with the messages; equal to the given cursor when nothing is new
	More    bool   // Fetch may be called again at once
	Skipped int    // malformed items left out
}

// Waiter blocks until the network says that something may be new (IMAP IDLE, a stream), for drivers
// whose reading is a Fetch after a wake-up.
type Waiter interface {
	// Wait returns nil when a Fetch is worth it, ctx's error at its end, fault.Unsupported when this
	// server cannot say (the caller then polls).
	Wait(ctx context.Context, cur Cursor) error
}

// Message is one thing that somebody said, as the network tells it. Text is plain.
type Message struct {
	ID      RemoteID // unique within the account
	Thread  RemoteID // equal for messages of one conversation; "" = a conversation of its own
	ReplyTo RemoteID // the message that this one answers, "" = none known
	// References are further ids by which the conversation may be known, nearest last (e-mail).
	References []RemoteID
	Author     Author
	Mine       bool // written by the account itself, elsewhere
	Subject    string
	Text       string // what the person wrote, quotes and signature folded away
	Quoted     string // what was folded away from Text, kept whole; "" = nothing
	HTML       string // the original HTML body, unsanitised, "" = none; never shown as it is
	Lang       string // BCP 47, "" = not told
	URL        string // the message's own page, "" = none
	// SentAt is when the network says it was written. It may lie: order by the earlier of it and the time of receipt.
	SentAt      time.Time
	Visibility  Visibility
	Standing    Standing // "" on networks where nobody decides
	Automatic   bool     // a machine wrote it: lists, bounces, out of office; never answered by itself
	Bounce      *Bounce
	Attachments []Attachment
	Meta        map[string]string // what the driver needs back to answer (in Draft.ReplyTo.Meta), nothing secret
}

// Bounce says that a message of ours could not be delivered.
type Bounce struct {
	Of        RemoteID // the id of our message, "" when the report does not say
	Recipient string
	Permanent bool
	Status    string // "5.1.1"
	Detail    string // the other server's words, plain
}

// Author is who wrote a message.
type Author struct {
	ID     RemoteID // stable on this network: the address of a mail, the DID of an account
	Handle string   // as shown: "@maudeg@jasette.quebec"
	Name   string   // the display name, plain; "" = use Handle
	URL    string
	Avatar string // the URL of a picture, "" = none
}

// Visibility says who can read a message.
type Visibility string

const (
	Public   Visibility = "public"
	Unlisted Visibility = "unlisted"
	Private  Visibility = "private" // only those who are named, or the account alone
)

// Standing is what the place has decided of something that somebody wrote under a publication of the place's.
type Standing string

const (
	Held    Standing = "held"    // only those who decide read it, and it waits for them
	Shown   Standing = "shown"   // whoever reads the publication reads it
	Spam    Standing = "spam"    // nobody reads it, and the network learns from it
	Removed Standing = "removed" // nobody reads it
)

// Attachment is a file that came with a message, or goes with a draft.
type Attachment struct {
	Name   string // as the sender named it, untrusted
	Type   string // as the sender declared it, untrusted
	Size   int64  // bytes
	Inline bool   // shown within the text
	CID    string // the name by which the HTML refers to it, "" = none
	Alt    string
	// Content gives a fresh reader of the whole file at each call. nil = the driver left it out, because
	// it is too big; Size then is about what it would be, 0 when not told.
	Content func() io.Reader
}

// Publisher sends.
type Publisher interface {
	// Limits does no I/O. Publish refuses what is beyond them, with Rejected.
	Limits() Limits
	// Publish makes one attempt, asking d.Leaving on the way. fault.Ambiguous: sent, outcome unknown. Any other
	// fault: not published.
	Publish(ctx context.Context, d Draft) (Receipt, error)
}

// Limits is what the network accepts. Length measures a text in the network's own unit.
type Limits struct {
	Text        int // the longest text, in Length's unit; 0 = no limit
	Length      func(string) int
	Link        int   // a link counts as so many and a name without its server, whatever their length; 0 = as they are written
	Attachments int   // the most files with one message
	FileBytes   int64 // the largest file, bytes
	Unpublished bool  // the network keeps what somebody is to publish there later: Draft.Unpublished
}

// Draft is what to send. Key is chosen once, before the first attempt, and frozen: it is what makes a
// send recognisable (the Message-ID of a mail, an idempotency key, a record key).
type Draft struct {
	Key       string
	Text      string
	Subject   string
	Lang      string
	To        []Author
	ReplyTo   *Message // the message answered, nil for a new one
	CreatedAt time.Time
	// TriedAt is when the last attempt whose outcome is unknown began, or later, for Find; zero = not known. Leaps
	// of the wall clock do not move it.
	TriedAt     time.Time
	Attachments []Attachment
	// Unpublished leaves the draft on the network for somebody to publish it there, where Limits says that it can be.
	Unpublished bool
	// Leave is how Publish asks, once and through Leaving, just before that leaves after which the network may have
	// accepted the draft: the end of a mail, the request of a post. nil = nobody wants to be asked.
	Leave func(ctx context.Context) error
}

// Leaving asks whether the draft may leave now, and has the caller note that it does: killed before this, it surely
// was not published. Publish ends with the error, having published nothing.
func (d Draft) Leaving(ctx context.Context) error {
	if d.Leave == nil {
		return nil
	}
	return d.Leave(ctx)
}

// Receipt proves a publication.
type Receipt struct {
	ID  RemoteID
	URL string
	// Note is the driver's remark for the delivery's history, plain, for the operator.
	Note string
}

// NewKeyer makes keys for drafts; drivers without one get a random UUID.
type NewKeyer interface {
	// NewKey returns a fresh Draft.Key. No I/O.
	NewKey() string
}

// Addresser tells beforehand whom an answer reaches.
type Addresser interface {
	// Audience says it of an answer to m. No I/O.
	Audience(m Message) Audience
}

// Audience is who learns of an answer and who can read it.
type Audience struct {
	Notified   []string // handles, the author's first
	Visibility Visibility
	Weight     int  // what addressing them takes of Limits.Text
	Wordy      bool // words alone: an answer takes no files, whatever Limits says of publications
}

// Finder looks for a publication whose outcome is unknown.
type Finder interface {
	// Find returns fault.NotFound only when the draft surely was not published, fault.Ambiguous when
	// there is no way to know (yet), and the receipt when it is there.
	Find(ctx context.Context, d Draft) (Receipt, error)
}

// Deleter takes back.
type Deleter interface {
	// Delete removes a publication of ours; already gone is no error.
	Delete(ctx context.Context, id RemoteID) error
}

// Reaction is a gesture other than words.
type Reaction string

const (
	Like  Reaction = "like"
	Boost Reaction = "boost"
)

// Reactor likes and boosts.
type Reactor interface {
	// React sets a reaction on or off; already so is no error.
	React(ctx context.Context, id RemoteID, r Reaction, on bool) error
}

// Moderator decides of what others write under our publications.
type Moderator interface {
	// Moderate gives a message of somebody a standing; already so is no error. fault.Unsupported for one that the
	// network does not know.
	Moderate(ctx context.Context, id RemoteID, s Standing) error
}

// Counts is what the network tells of a publication; -1 = it does not tell.
type Counts struct{ Likes, Boosts, Replies, Views int64 }

// Meter measures.
type Meter interface {
	Measure(ctx context.Context, id RemoteID) (Counts, error)
}

// Event is one item of a stream.
type Event struct {
	Message *Message // something new, or nil
	Deleted RemoteID // something that was taken back, or ""
	Cursor  Cursor   // how far the stream has come, "" when it cannot resume
}

// Streamer follows a network live.
type Streamer interface {
	// Stream calls yield for each event until ctx ends, the connection breaks or yield fails.
	Stream(ctx context.Context, cur Cursor, yield func(Event) error) error
}
