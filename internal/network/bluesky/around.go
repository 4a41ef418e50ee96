package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/text"
)

// around reads the posts that notices stand on, by name: ours that they answer or quote, and themselves when they
// show pictures.
func (c *Client) around(ctx context.Context, notices []notification) (map[string]view, error) {
	var wanted []string
	for _, n := range notices {
		for _, uri := range []string{n.post.root(), n.post.parent(), n.post.Embed.quoted().URI} {
			if c.isMine(uri) && !slices.Contains(wanted, uri) {
				wanted = append(wanted, uri)
			}
		}
		if n.post.Embed.pictured() && !slices.Contains(wanted, n.URI) {
			wanted = append(wanted, n.URI)
		}
	}
	views := map[string]view{}
	for part := range slices.Chunk(wanted, 25) {
		if err := c.views(ctx, opFetch, part, views); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// views adds the posts of some names, 25 at most; one that is gone, or that cannot be read, is not among them.
func (c *Client) views(ctx context.Context, op string, uris []string, into map[string]view) error {
	var answer struct {
		Posts []json.RawMessage `json:"posts"`
	}
	query := values()
	query["uris"] = uris
	err := c.get(ctx, op, "app.bsky.feed.getPosts", query, &answer)
	if errors.Is(err, errTooLarge) && len(uris) > 1 {
		if err := c.views(ctx, op, uris[:len(uris)/2], into); err != nil {
			return err
		}
		return c.views(ctx, op, uris[len(uris)/2:], into)
	}
	if err != nil {
		return err
	}
	for _, raw := range answer.Posts {
		var v view
		if json.Unmarshal(raw, &v) == nil && slices.Contains(uris, v.URI) {
			into[v.URI] = v
		}
	}
	return nil
}

// What is brought along of pictures: for one page, and the time that one may take.
const (
	albumBytes  = 16 << 20
	pictureTime = 10 * time.Second
)

// album brings the pictures of a page's posts along, as far as they fit. A message is never lost for its pictures:
// one that does not come is told of, as a file that was left out.
type album struct {
	client *Client
	left   int64
}

func (a *album) of(ctx context.Context, v view) (all []network.Attachment) {
	images := v.Embed.images()
	for _, i := range images[:min(len(images), maxImages)] {
		file := network.Attachment{Name: path.Base(i.Fullsize), Type: "image", Alt: text.Line(i.Alt)}
		if b, kind := a.fetch(ctx, i.Fullsize); b != nil {
			file.Type, file.Size, file.Content = kind, int64(len(b)), func() io.Reader { return bytes.NewReader(b) }
		}
		all = append(all, file)
	}
	return all
}

// fetch reads a file from where the network keeps it, without telling who we are; nil when it does not come.
func (a *album) fetch(ctx context.Context, url string) (b []byte, kind string) {
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil || a.left <= 0 {
		return nil, ""
	}
	resp, err := a.client.http.Do(req)
	if err != nil {
		return nil, ""
	}
	defer resp.Body.Close()
	b, err = io.ReadAll(io.LimitReader(resp.Body, a.left+1))
	if err != nil || resp.StatusCode != http.StatusOK || int64(len(b)) > a.left {
		return nil, ""
	}
	a.left -= int64(len(b))
	return b, resp.Header.Get("Content-Type")
}
