package mastodon

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/text"
)

// What is brought along of pictures: for one post, for one page, and the time that one may take.
const (
	maxPictures = 4
	albumBytes  = 16 << 20
	pictureTime = 10 * time.Second
)

// album brings the pictures of a page's posts along, as far as they fit. A message is never lost for its pictures:
// one that does not come is told of, as a file that was left out.
type album struct {
	client *Client
	left   int64
}

func (a *album) of(ctx context.Context, s status) (all []network.Attachment) {
	for _, f := range s.Attachments {
		if len(all) == maxPictures {
			break
		}
		file := network.Attachment{Name: nameOf(f), Type: f.Type, Alt: text.Line(f.Description)}
		if f.Type == "image" && f.URL != "" {
			if b := a.fetch(ctx, f.URL); b != nil {
				file.Size, file.Content = int64(len(b)), func() io.Reader { return bytes.NewReader(b) }
			}
		}
		all = append(all, file)
	}
	return all
}

// fetch reads a file from where its server keeps it, without telling who we are; nil when it does not come.
func (a *album) fetch(ctx context.Context, url string) []byte {
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil || a.left <= 0 {
		return nil
	}
	resp, err := a.client.http.Do(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, a.left+1))
	if err != nil || resp.StatusCode != http.StatusOK || int64(len(b)) > a.left {
		return nil
	}
	a.left -= int64(len(b))
	return b
}

// nameOf is a name for a file that has none.
func nameOf(f file) string {
	if name := path.Base(f.URL); f.URL != "" && name != "/" && name != "." {
		return name
	}
	return f.Type
}
