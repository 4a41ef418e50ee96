package bluesky

import (
	"encoding/json"
	"net/url"
)

// What the network keeps and shows, as far as we read it. Nothing of it is trusted.

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

// actor is an account as others see it.
type actor struct {
	DID         string `json:"did"`
	Handle      string `json:"handle"`
	DisplayName string `json:"displayName"`
	Avatar      page   `json:"avatar"`
}

func (a actor) whole() bool { return isDID(a.DID) && a.Handle != "" && len(a.Handle) < 500 }

// ref names one version of a record.
type ref struct {
	URI string `json:"uri"`
	CID string `json:"cid"`
}

type replyRef struct {
	Root   ref `json:"root"`
	Parent ref `json:"parent"`
}

// PostType is the collection of posts, and what a post calls itself.
const PostType = "app.bsky.feed.post"

const (
	likeType   = "app.bsky.feed.like"
	repostType = "app.bsky.feed.repost"
)

// post is what somebody said, as their own server keeps it.
type post struct {
	Type      string    `json:"$type"`
	Text      string    `json:"text"`
	Facets    []facet   `json:"facets,omitempty"`
	Reply     *replyRef `json:"reply,omitempty"`
	Embed     *embed    `json:"embed,omitempty"`
	Langs     []string  `json:"langs,omitempty"`
	CreatedAt string    `json:"createdAt"`
}

// facet is what bytes of a text lead to.
type facet struct {
	Index    byteSlice `json:"index"`
	Features []feature `json:"features"`
}

type byteSlice struct {
	Start int `json:"byteStart"`
	End   int `json:"byteEnd"`
}

const (
	mentionFeature = "app.bsky.richtext.facet#mention"
	linkFeature    = "app.bsky.richtext.facet#link"
	tagFeature     = "app.bsky.richtext.facet#tag"
)

type feature struct {
	Type string `json:"$type"`
	DID  string `json:"did,omitempty"`
	URI  string `json:"uri,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

const (
	imagesEmbed   = "app.bsky.embed.images"
	externalEmbed = "app.bsky.embed.external"
	recordEmbed   = "app.bsky.embed.record"
	mediaEmbed    = "app.bsky.embed.recordWithMedia"
)

// embed is what a post shows below its words: the few kinds that are read, of which one is written.
type embed struct {
	Type     string    `json:"$type"`
	Images   []picture `json:"images,omitempty"`
	External *struct {
		URI   string `json:"uri"`
		Title string `json:"title"`
	} `json:"external,omitempty"`
	Record json.RawMessage `json:"record,omitempty"` // a ref, or one within another record
	Media  *embed          `json:"media,omitempty"`
}

// quoted is the post that an embed quotes, zero when it quotes none.
func (e *embed) quoted() (r ref) {
	if e == nil {
		return r
	}
	var deep struct {
		ref
		Record ref `json:"record"`
	}
	if json.Unmarshal(e.Record, &deep) != nil {
		return r
	}
	if e.Type == mediaEmbed {
		return deep.Record
	}
	return deep.ref
}

// pictured tells whether there are pictures to be asked for.
func (e *embed) pictured() bool {
	return e != nil && (e.Type == imagesEmbed || e.Type == mediaEmbed && e.Media != nil && e.Media.Type == imagesEmbed)
}

// picture is an image as it is kept.
type picture struct {
	Image blob   `json:"image"`
	Alt   string `json:"alt"`
	Ratio *ratio `json:"aspectRatio,omitempty"`
}

type ratio struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// blob is a file on the account's server: its own words, given back as they are.
type blob = json.RawMessage

// view is a post as the network's index shows it.
type view struct {
	URI     string          `json:"uri"`
	CID     string          `json:"cid"`
	Author  actor           `json:"author"`
	Record  json.RawMessage `json:"record"`
	Embed   *viewEmbed      `json:"embed"`
	Likes   int64           `json:"likeCount"`
	Reposts int64           `json:"repostCount"`
	Replies int64           `json:"replyCount"`
	Indexed string          `json:"indexedAt"`
	Viewer  struct {
		Like   string `json:"like"` // our own like, "" = none
		Repost string `json:"repost"`
	} `json:"viewer"`
}

type viewEmbed struct {
	Images []viewImage `json:"images"`
	Media  *viewEmbed  `json:"media"`
}

type viewImage struct {
	Fullsize string `json:"fullsize"`
	Alt      string `json:"alt"`
}

func (e *viewEmbed) images() []viewImage {
	if e == nil {
		return nil
	}
	if e.Media != nil {
		return e.Media.Images
	}
	return e.Images
}

// post reads the record of a view.
func (v view) post() (p post, ok bool) {
	_, named := parseURI(v.URI)
	return p, json.Unmarshal(v.Record, &p) == nil && named && v.CID != "" && v.Author.whole()
}
