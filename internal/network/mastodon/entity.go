package mastodon

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"
)

// What the server answers with, as far as we read it. Nothing of it is trusted: see whole.

// id is the name of something. It is text and opaque; a few servers write numbers.
type id string

// UnmarshalJSON implements json.Unmarshaler.
func (i *id) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	if len(b) > 0 && b[0] != '"' {
		var n json.Number
		if err := json.Unmarshal(b, &n); err != nil {
			return err
		}
		*i = id(n)
		return nil
	}
	return json.Unmarshal(b, (*string)(i))
}

// page is an address that somebody may be led to: a page of the web, or none.
type page string

// UnmarshalJSON implements json.Unmarshaler.
func (p *page) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*p = ""
	if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		*p = page(s)
	}
	return nil
}

type account struct {
	ID          id     `json:"id"`
	Acct        string `json:"acct"` // "maude" for accounts of the same server, "maude@elsewhere" for others
	DisplayName string `json:"display_name"`
	URL         page   `json:"url"`
	Avatar      page   `json:"avatar"`
	Bot         bool   `json:"bot"`
}

func (a account) whole() bool { return a.ID != "" && a.Acct != "" && len(a.Acct) < 500 }

// address is the account's name with its server, the same for whoever asks. It is the account's id for us: an id of
// the server's is another person's on the next server.
func (a account) address(domain string) string { return addressOf(a.Acct, domain) }

func addressOf(acct, domain string) string {
	if strings.Contains(acct, "@") {
		return acct
	}
	return acct + "@" + domain
}

type status struct {
	ID          id      `json:"id"`
	CreatedAt   string  `json:"created_at"`
	InReplyTo   id      `json:"in_reply_to_id"`
	Account     account `json:"account"`
	Content     string  `json:"content"`
	Spoiler     string  `json:"spoiler_text"`
	Visibility  string  `json:"visibility"`
	Language    string  `json:"language"`
	URL         page    `json:"url"`
	Mentions    []named `json:"mentions"`
	Attachments []file  `json:"media_attachments"`
	Poll        *poll   `json:"poll"`
	Favourites  int64   `json:"favourites_count"`
	Reblogs     int64   `json:"reblogs_count"`
	Replies     int64   `json:"replies_count"`
}

// named is somebody whom a post mentions.
type named struct {
	ID   id     `json:"id"`
	Acct string `json:"acct"`
}

type file struct {
	ID          id     `json:"id"`
	Type        string `json:"type"` // image, gifv, video, audio, unknown
	URL         string `json:"url"`  // null while the server works on it
	Description string `json:"description"`
}

type poll struct {
	Options []struct {
		Title string `json:"title"`
	} `json:"options"`
}

func (s status) whole() bool {
	return s.ID != "" && s.Account.whole() && !s.at().IsZero()
}

// at is when it was written, zero when that cannot be read.
func (s status) at() time.Time { return instant(s.CreatedAt) }

// instant reads a time as servers write it.
func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

type notification struct {
	ID        id      `json:"id"`
	Type      string  `json:"type"`
	CreatedAt string  `json:"created_at"`
	Status    *status `json:"status"` // null when the post is gone
}

// parseNotification reads one item of a list. An error says that it is malformed.
func parseNotification(raw json.RawMessage) (notification, error) {
	var n notification
	if err := json.Unmarshal(raw, &n); err != nil {
		return n, err
	}
	if n.ID == "" || n.Type == "" || n.Status != nil && !n.Status.whole() {
		return n, errors.New("something is missing")
	}
	return n, nil
}
