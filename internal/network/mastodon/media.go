package mastodon

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// upload gives the server the files of a post and returns their names there. Files that no post joins vanish from
// the server after a day.
func (c *Client) upload(ctx context.Context, files []network.Attachment) (ids []string, err error) {
	if len(files) > c.endpoint.Files {
		return nil, fault.New(fault.Rejected, opPublish, "mastodon.fault.files_many", "host", c.host(), "max", c.endpoint.Files)
	}
	for _, f := range files {
		if f.Content == nil || f.Size > network.MaxBody || c.endpoint.FileBytes > 0 && f.Size > c.endpoint.FileBytes {
			return nil, fault.New(fault.Rejected, opPublish, "mastodon.fault.file_large", "host", c.host(), "name", f.Name)
		}
		if len(c.endpoint.Types) > 0 && !slices.Contains(c.endpoint.Types, f.Type) {
			return nil, fault.New(fault.Rejected, opPublish, "mastodon.fault.file_kind", "host", c.host(), "name", f.Name)
		}
		m, err := c.uploadOne(ctx, f)
		if err != nil {
			return nil, err
		}
		ids = append(ids, string(m.ID))
	}
	return ids, nil
}

func (c *Client) uploadOne(ctx context.Context, f network.Attachment) (m file, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	head := textproto.MIMEHeader{}
	head.Set("Content-Disposition", `form-data; name="file"; filename=`+strconv.Quote(text.HeaderValue(f.Name)))
	head.Set("Content-Type", f.Type)
	part, err := form.CreatePart(head)
	if err == nil {
		_, err = io.Copy(part, io.LimitReader(f.Content(), network.MaxBody))
	}
	if alt := text.Plain(f.Alt); err == nil && alt != "" {
		if c.endpoint.Alt > 0 {
			alt = text.Clip(alt, c.endpoint.Alt)
		}
		err = form.WriteField("description", alt)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil { // our own file cannot be read now
		return m, fault.Wrap(err, fault.Unavailable, opPublish, "")
	}
	if _, err = c.do(ctx, call{op: opPublish, method: http.MethodPost, path: "/api/v2/media", body: &b, kind: form.FormDataContentType()}, &m); err != nil {
		return m, err
	}
	if m.ID == "" {
		return m, c.unreadable(opPublish, fault.Unavailable)
	}
	return m, c.processed(ctx, m)
}

// processed waits until the server has made of a file what it shows: it takes no post with one that is not ready.
func (c *Client) processed(ctx context.Context, m file) error {
	for pause := 500 * time.Millisecond; m.URL == ""; pause = min(2*pause, 8*time.Second) {
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return fault.Wrap(ctx.Err(), fault.Unavailable, opPublish, "mastodon.fault.file_slow", "host", c.host())
		case <-t.C:
		}
		if _, err := c.get(ctx, opPublish, "/api/v1/media/"+segment(string(m.ID)), nil, &m); err != nil {
			return err
		}
	}
	return nil
}
