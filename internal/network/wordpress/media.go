package wordpress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// upload gives the site the files of an article. They are named after it, and are there once however often it is tried:
// no article that joins them need ever come.
func (c *Client) upload(ctx context.Context, files []network.Attachment, name string) (all []upload, err error) {
	if len(files) > maxFiles {
		return nil, fault.New(fault.Rejected, opPublish, "wordpress.fault.files_many", "host", c.host(), "max", maxFiles)
	}
	for _, f := range files {
		if f.Content == nil || f.Size > network.MaxBody {
			return nil, fault.New(fault.Rejected, opPublish, "wordpress.fault.file_large", "host", c.host(), "name", f.Name)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	var names []string
	for i := range files {
		names = append(names, fmt.Sprintf("%s-%d", name, i+1))
	}
	var have []upload
	if err := c.get(ctx, opPublish, "media", url.Values{"context": {"edit"}, "slug": {strings.Join(names, ",")}, "per_page": {strconv.Itoa(maxFiles)}, "_fields": {"id,slug,source_url"}}, &have); err != nil {
		return nil, err
	}
	there := map[string]upload{}
	for _, u := range have {
		there[u.Slug] = u
	}
	for i, f := range files {
		u, known := there[names[i]]
		if !known {
			if u, err = c.uploadOne(ctx, f, names[i]); err != nil {
				return nil, err
			}
		}
		if u.ID <= 0 || u.Source == "" {
			return nil, c.unreadable(opPublish, fault.Unavailable)
		}
		u.alt = text.Line(f.Alt)
		all = append(all, u)
	}
	return all, nil
}

func (c *Client) uploadOne(ctx context.Context, f network.Attachment, name string) (u upload, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	head := textproto.MIMEHeader{}
	head.Set("Content-Disposition", `form-data; name="file"; filename=`+strconv.Quote(text.HeaderValue(f.Name)))
	head.Set("Content-Type", f.Type)
	part, err := form.CreatePart(head)
	if err == nil {
		_, err = io.Copy(part, io.LimitReader(f.Content(), network.MaxBody))
	}
	for _, field := range [][2]string{{"slug", name}, {"alt_text", text.Line(f.Alt)}} {
		if err == nil {
			err = form.WriteField(field[0], field[1])
		}
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil { // our own file cannot be read now
		return u, fault.Wrap(err, fault.Unavailable, opPublish, "")
	}
	q := call{op: opPublish, method: http.MethodPost, path: "media", query: url.Values{"_fields": {"id,slug,source_url"}}, body: b.Bytes(), kind: form.FormDataContentType()}
	return u, c.do(ctx, q, &u)
}
