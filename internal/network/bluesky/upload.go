package bluesky

import (
	"bytes"
	"context"
	"image"
	_ "image/gif" // their sizes are read
	_ "image/jpeg"
	_ "image/png"
	"io"
	"slices"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// imageTypes are what everybody's program shows.
var imageTypes = []string{"image/jpeg", "image/png", "image/webp", "image/gif"}

// upload gives the server the pictures of a post; nil when there are none. Pictures that no post shows vanish from
// the server after some hours.
func (c *Client) upload(ctx context.Context, files []network.Attachment) (*embed, error) {
	if len(files) == 0 {
		return nil, nil
	}
	if len(files) > maxImages {
		return nil, fault.New(fault.Rejected, opPublish, "bluesky.fault.files_many", "max", maxImages)
	}
	e := &embed{Type: imagesEmbed}
	for _, f := range files {
		if !slices.Contains(imageTypes, f.Type) {
			return nil, fault.New(fault.Rejected, opPublish, "bluesky.fault.file_kind", "name", f.Name)
		}
		if f.Content == nil || f.Size > maxImageBytes {
			return nil, fault.New(fault.Rejected, opPublish, "bluesky.fault.file_large", "name", f.Name)
		}
		p, err := c.uploadOne(ctx, f)
		if err != nil {
			return nil, err
		}
		e.Images = append(e.Images, p)
	}
	return e, nil
}

func (c *Client) uploadOne(ctx context.Context, f network.Attachment) (p picture, err error) {
	b, err := io.ReadAll(io.LimitReader(f.Content(), maxImageBytes+1))
	if err != nil { // our own file cannot be read now
		return p, fault.Wrap(err, fault.Unavailable, opPublish, "")
	}
	if len(b) > maxImageBytes {
		return p, fault.New(fault.Rejected, opPublish, "bluesky.fault.file_large", "name", f.Name)
	}
	var answer struct {
		Blob blob `json:"blob"`
	}
	if err := c.do(ctx, call{op: opPublish, method: "com.atproto.repo.uploadBlob", post: true, body: b, kind: f.Type}, &answer); err != nil {
		return p, err
	}
	if len(answer.Blob) == 0 {
		return p, c.unreadable(opPublish, fault.Unavailable)
	}
	p = picture{Image: answer.Blob, Alt: text.Plain(f.Alt)}
	if size, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil && size.Width > 0 && size.Height > 0 {
		p.Ratio = &ratio{size.Width, size.Height}
	}
	return p, nil
}
