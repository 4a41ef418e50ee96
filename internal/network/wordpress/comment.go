package wordpress

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/text"
)

// comment is one as its site tells it to who decides of comments, as far as we read it. Nothing of it is trusted: see
// whole.
type comment struct {
	ID      number `json:"id"`
	Post    number `json:"post"`
	Parent  number `json:"parent"`
	Author  number `json:"author"` // 0 = a guest
	Name    string `json:"author_name"`
	Email   string `json:"author_email"`
	URL     page   `json:"author_url"`
	Program string `json:"author_user_agent"`
	Date    string `json:"date_gmt"` // without a zone
	Content struct {
		Raw      *string `json:"raw"`
		Rendered string  `json:"rendered"`
	} `json:"content"`
	Link    page            `json:"link"`
	Status  string          `json:"status"`
	Type    string          `json:"type"`
	Avatars json.RawMessage `json:"author_avatar_urls"` // by size; an empty list where there are none
}

// commentFields are what is asked for: sites add much that nobody reads.
const commentFields = "id,post,parent,author,author_name,author_email,author_url,date_gmt,content,link,status,type,author_avatar_urls"

// parseComment reads one item of a list. An error says that it is malformed.
func parseComment(raw json.RawMessage) (c comment, err error) {
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, err
	}
	if c.ID <= 0 || c.Post < 0 || c.Parent < 0 || c.at().IsZero() {
		return c, errors.New("something is missing")
	}
	return c, nil
}

// at is when it was written, zero when that cannot be read.
func (c comment) at() time.Time {
	t, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(c.Date, "Z"))
	if err != nil || t.Year() < 1990 {
		return time.Time{}
	}
	return t
}

// words is what it says. As it was typed, its lines are lines; what the site makes of it has other quotes.
func (c comment) words() string {
	if c.Content.Raw == nil {
		return text.FromPost(c.Content.Rendered)
	}
	return text.FromPost(strings.NewReplacer("\r\n", "<br>", "\n", "<br>", "\r", "<br>").Replace(*c.Content.Raw))
}

// looks is what a comment is told from an earlier reading of it by: how it stands, and a sum of its words.
func (c comment) looks() string {
	words := c.Content.Rendered
	if c.Content.Raw != nil {
		words = *c.Content.Raw
	}
	return fmt.Sprintf("%.1s%08x", standings[c.standing()], crc32.ChecksumIEEE([]byte(words)))
}

// standings are the site's words for what we call otherwise.
var standings = map[network.Standing]string{network.Held: "hold", network.Shown: "approved", network.Spam: "spam", network.Removed: "trash"}

// standing reads the site's word. One that we do not know waits for somebody to look.
func (c comment) standing() network.Standing { return standingOf(c.Status) }

func standingOf(word string) network.Standing {
	for s, w := range standings {
		if w == word {
			return s
		}
	}
	return network.Held
}

// answerable tells a comment from what another site's program left: a link back to an article of ours.
func (c comment) byMachine() bool { return c.Type == "pingback" || c.Type == "trackback" }

// article is what comments are written under.
type article struct {
	Title string
	Link  page
}

// metaPost of a message is the article that it stands under.
const metaPost = "post"

// message is a comment as the counter reads it. root is the first comment of its thread.
func (c *Client) message(m comment, root number, under article) network.Message {
	out := network.Message{
		ID: commentID(m.ID), Thread: commentID(root), Author: c.author(m), Mine: int64(m.Author) == c.endpoint.User,
		Subject: under.Title, Text: m.words(), URL: string(m.Link), SentAt: m.at(), Visibility: network.Public, Standing: m.standing(),
		Automatic: m.byMachine(), Meta: map[string]string{metaPost: m.Post.String()},
	}
	if m.Parent > 0 {
		out.ReplyTo = commentID(m.Parent)
		out.References = []network.RemoteID{out.Thread}
	}
	return out
}

// author is who wrote a comment. Guests are known by the address they give, which nobody has tried: they are never
// taken for somebody who is signed in.
func (c *Client) author(m comment) network.Author {
	name, address := text.Line(text.FromPost(m.Name)), text.Clip(text.Line(m.Email), 254)
	a := network.Author{Name: name, Handle: address, URL: string(m.URL), Avatar: avatar(m.Avatars)}
	switch {
	case m.Author > 0:
		a.ID = network.RemoteID(m.Author.String() + "@" + c.host())
	case address != "":
		a.ID = network.RemoteID(strings.ToLower(address))
	default:
		a.ID = network.RemoteID(text.Clip(name, 200) + " " + string(m.URL))
		if u, err := url.Parse(string(m.URL)); err == nil {
			a.Handle = u.Host
		}
	}
	return a
}

// avatar is the largest picture of somebody.
func avatar(raw json.RawMessage) string {
	var sizes map[string]page
	if json.Unmarshal(raw, &sizes) != nil {
		return ""
	}
	largest, at := 0, ""
	for size, u := range sizes {
		if n, err := strconv.Atoi(size); err == nil && n > largest && u != "" {
			largest, at = n, string(u)
		}
	}
	return at
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

// Names of what is on a site: articles and comments are counted apart.
const (
	posts    = "posts/"
	comments = "comments/"
)

func commentID(n number) network.RemoteID { return network.RemoteID(comments + n.String()) }
func postID(n number) network.RemoteID    { return network.RemoteID(posts + n.String()) }

// path is where something is, by its name. What is no name of ours leads to what is not there.
func path(id network.RemoteID) string {
	kind, n := posts, strings.TrimPrefix(string(id), posts)
	if rest, ok := strings.CutPrefix(string(id), comments); ok {
		kind, n = comments, rest
	}
	if v, err := strconv.ParseInt(n, 10, 64); err == nil && v > 0 {
		return kind + strconv.FormatInt(v, 10)
	}
	return posts + "0"
}
