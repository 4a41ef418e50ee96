package email

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

var keyPattern = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,200}@[A-Za-z0-9.-]{1,253}$`)

// compose writes the mail: ASCII, lines ended by CRLF, none longer than 998 bytes. Nothing that a person or
// another server wrote reaches a header but through headerValue and an encoder.
func compose(e Endpoint, d network.Draft, to []*mail.Address) ([]byte, error) {
	const op = "email.Publish"
	if !keyPattern.MatchString(d.Key) {
		return nil, fault.New(fault.Invalid, op, "")
	}
	if strings.TrimSpace(d.Text) == "" && len(d.Attachments) == 0 {
		return nil, fault.InvalidFields(op, fault.Field{Name: "text", Key: "email.field.empty"})
	}
	if tooMuch(d) {
		return nil, fault.New(fault.Rejected, op, "email.fault.too_big")
	}
	var b bytes.Buffer
	h := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, fold(name, value)) }
	when := d.CreatedAt
	if when.IsZero() {
		when = time.Now()
	}
	h("Date", when.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h("From", field822(e.Name, e.Address))
	list := make([]string, len(to))
	for i, a := range to {
		list[i] = field822(a.Name, a.Address)
	}
	h("To", strings.Join(list, ", "))
	h("Subject", encodeWords(headerValue(subject(d))))
	h("Message-ID", "<"+d.Key+">")
	if parent, refs := threading(d); parent != "" {
		h("In-Reply-To", "<"+parent+">")
		h("References", "<"+strings.Join(refs, "> <")+">")
	}
	if d.Lang != "" && language(header{{"content-language", d.Lang}}) != "" {
		h("Content-Language", d.Lang)
	}
	h("MIME-Version", "1.0")
	if len(d.Attachments) == 0 {
		writeText(&b, d.Text)
		return b.Bytes(), nil
	}
	boundary := "=_" + strings.NewReplacer("@", "_", "'", "_").Replace(d.Key[:min(len(d.Key), 36)])
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n", boundary, boundary)
	writeText(&b, d.Text)
	for _, a := range d.Attachments {
		fmt.Fprintf(&b, "\r\n--%s\r\n", boundary)
		if err := writeFile(&b, a); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(&b, "\r\n--%s--\r\n", boundary)
	return b.Bytes(), nil
}

// tooMuch tells whether a draft is beyond limits.
func tooMuch(d network.Draft) bool {
	large := func(a network.Attachment) bool { return a.Size > limits.FileBytes }
	return limits.Length(d.Text) > limits.Text || len(d.Attachments) > limits.Attachments || slices.ContainsFunc(d.Attachments, large)
}

var answerMark = regexp.MustCompile(`(?i)^\s*(re|ré|réf|aw|sv|antw)\s*(\[\d+\])?\s*[\x{a0}\x{202f}]?:`)

// subject is the draft's, else that of the mail answered with one "Re:" before it.
func subject(d network.Draft) string {
	if d.Subject != "" || d.ReplyTo == nil {
		return d.Subject
	}
	if s := d.ReplyTo.Subject; answerMark.MatchString(s) {
		return s
	}
	return strings.TrimSpace("Re: " + d.ReplyTo.Subject)
}

// threading names the mail answered and the chain before it: its root and its last twenty.
func threading(d network.Draft) (parent string, refs []string) {
	if d.ReplyTo == nil {
		return "", nil
	}
	if parent = d.ReplyTo.Meta[metaMessageID]; parent == "" {
		parent = messageIDOf(d.ReplyTo.ID)
	}
	if firstID("<"+parent+">") != parent || !isASCII(parent) {
		return "", nil
	}
	refs = strings.Fields(d.ReplyTo.Meta[metaReferences])
	if len(refs) == 0 {
		for _, r := range d.ReplyTo.References {
			refs = append(refs, messageIDOf(r))
		}
	}
	var keep []string
	for _, r := range append(refs, parent) {
		if firstID("<"+r+">") == r && r != "" && isASCII(r) {
			keep = append(keep, r)
		}
	}
	if len(keep) > maxReferences {
		keep = append(keep[:1:1], keep[len(keep)-maxReferences+1:]...)
	}
	return parent, keep
}

// field822 is an address as a header names it. Names are not longer than anybody reads.
func field822(name, address string) string {
	return (&mail.Address{Name: text.Clip(headerValue(name), 100), Address: address}).String()
}

// encodeWords is RFC 2047, also for what is ASCII but could not be folded or would be decoded.
func encodeWords(s string) string {
	long := strings.Contains(s, "=?")
	for _, w := range strings.Fields(s) {
		long = long || len(w) > 70
	}
	if !long || !isASCII(s) {
		return mime.QEncoding.Encode("utf-8", s)
	}
	var words []string
	for len(s) > 0 {
		n := min(len(s), 42)
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

func writeText(b *bytes.Buffer, s string) {
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(b)
	io.WriteString(w, strings.ReplaceAll(crlfToLF(s), "\n", "\r\n"))
	w.Close()
	b.WriteString("\r\n")
}

func crlfToLF(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s)
}

func writeFile(b *bytes.Buffer, a network.Attachment) error {
	if a.Content == nil {
		return fault.New(fault.Invalid, "email.Publish", "email.field.file")
	}
	content, err := io.ReadAll(io.LimitReader(a.Content(), limits.FileBytes))
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "email.Publish", "email.field.file")
	}
	kind := a.Type
	if k, _, err := mime.ParseMediaType(kind); err != nil || !strings.Contains(k, "/") || strings.HasPrefix(k, "multipart/") || strings.HasPrefix(k, "message/") {
		kind = "application/octet-stream"
	} else {
		kind = k
	}
	name := headerValue(a.Name)
	if name == "" {
		name = "file"
	}
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": name})
	if disposition == "" {
		disposition = "attachment"
	}
	fmt.Fprintf(b, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: %s\r\n", kind, fold("Content-Disposition", disposition))
	if alt := headerValue(a.Alt); alt != "" {
		fmt.Fprintf(b, "Content-Description: %s\r\n", fold("Content-Description", encodeWords(alt)))
	}
	b.WriteString("\r\n")
	lines := base64.StdEncoding.EncodeToString(content)
	for len(lines) > 76 {
		b.WriteString(lines[:76] + "\r\n")
		lines = lines[76:]
	}
	b.WriteString(lines + "\r\n")
	return nil
}

// fold breaks a field at its spaces so that lines stay below 78 bytes where they can.
func fold(name, value string) string {
	var b strings.Builder
	room := 76 - len(name)
	for i, word := range strings.Split(value, " ") {
		switch {
		case i == 0:
		case room < len(word)+1:
			b.WriteString("\r\n ")
			room = 76
		default:
			b.WriteByte(' ')
			room--
		}
		b.WriteString(word)
		room -= len(word)
	}
	return b.String()
}
