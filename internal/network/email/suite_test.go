package email_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/network/networktest"
)

// fake is emailtest as the conformance suite wants it.
type fake struct {
	*emailtest.Server
	n       int
	trouble emailtest.Trouble
}

func newFake(t testing.TB) networktest.Fake {
	s, err := emailtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Add(bar, "s3cret-of-the-bar")
	return &fake{Server: s}
}

func TestConformance(t *testing.T) { networktest.Run(t, email.Driver{}, newFake) }

func (f *fake) Account() (string, network.Credential) {
	return f.EndpointTLS(bar, "Le Zinc").String(), network.NewCredential(map[string]string{email.IMAPPassword: "s3cret-of-the-bar"})
}

func (f *fake) Someone() network.Author {
	return network.Author{ID: guest, Handle: guest, Name: "Maude Gagné"}
}

func (f *fake) Say(s networktest.Said) error {
	at := s.At
	if at.IsZero() {
		at = time.Now()
	}
	f.n++
	return f.Deliver(bar, written(s, at, f.n, bar, f.ours()), at)
}

// SayFile sends a picture as other mail programs do, what is told of it beside it.
func (f *fake) SayFile(s networktest.Said, file networktest.File) error {
	f.n++
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: <%s>\r\nTo: <%s>\r\nDate: %s\r\nMessage-ID: <said.%d@example.org>\r\nMIME-Version: 1.0\r\n", s.From.ID, bar, time.Now().Format(time.RFC1123Z), f.n)
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n\r\n%s\r\n--xx\r\n", s.Text)
	fmt.Fprintf(&b, "Content-Type: %s; name=chat.png\r\nContent-Description: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n", file.Type, mime.BEncoding.Encode("utf-8", file.Alt))
	writeBase64(&b, file.Content)
	b.WriteString("\r\n--xx--\r\n")
	return f.Deliver(bar, b.Bytes(), time.Time{})
}

func (f *fake) ours() (mails [][]byte) {
	for _, a := range f.Ledger() {
		mails = append(mails, a.Data)
	}
	return mails
}

func (f *fake) Accepted() []networktest.Accepted { return ledgerOf(f.ours()) }

// written is what is said as another mail program would write it; ours is what it may answer.
func written(s networktest.Said, at time.Time, n int, to string, ours [][]byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s <%s>\r\nTo: <%s>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <said.%d.%d@example.org>\r\n", mime.QEncoding.Encode("utf-8", s.From.Name), s.From.ID, to, mime.BEncoding.Encode("utf-8", s.Subject), at.Format(time.RFC1123Z), n, at.UnixNano())
	if s.Answers != "" {
		fmt.Fprintf(&b, "In-Reply-To: <%s>\r\nReferences: %s<%s>\r\n", s.Answers, chain(ours, s.Answers), s.Answers)
	}
	b.WriteString("MIME-Version: 1.0\r\n")
	if s.Padding > 0 {
		b.WriteString("Content-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n")
	}
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	writeBase64(&b, []byte(s.Text))
	if s.Padding > 0 {
		b.WriteString("\r\n--xx\r\nContent-Type: video/mp4; name=nuit.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		b.Write(bytes.Repeat([]byte(strings.Repeat("A", 76)+"\r\n"), s.Padding/78))
		b.WriteString("\r\n--xx--\r\n")
	}
	return b.Bytes()
}

func writeBase64(b *bytes.Buffer, p []byte) {
	s := base64.StdEncoding.EncodeToString(p)
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	b.WriteString(s + "\r\n")
}

// chain is the References of a mail of ours, as another mail program copies them.
func chain(ours [][]byte, id network.RemoteID) string {
	for _, raw := range ours {
		if m, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil && m.Header.Get("Message-ID") == "<"+string(id)+">" {
			return m.Header.Get("References") + " "
		}
	}
	return ""
}

// ledgerOf reads mails of ours with the standard library alone.
func ledgerOf(mails [][]byte) (out []networktest.Accepted) {
	for _, raw := range mails {
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			panic(err) // the server has checked it
		}
		a := networktest.Accepted{Visibility: network.Private, Key: strings.Trim(m.Header.Get("Message-ID"), "<>"), Subject: decodedWords(m.Header.Get("Subject")), Answers: network.RemoteID(strings.Trim(m.Header.Get("In-Reply-To"), "<>"))}
		kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			panic(err)
		}
		if kind != "multipart/mixed" {
			a.Text = string(readAll(quotedprintable.NewReader(m.Body)))
			out = append(out, a)
			continue
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		for p, err := parts.NextPart(); err == nil; p, err = parts.NextPart() {
			if p.FileName() == "" {
				a.Text = string(readAll(p)) // package multipart undoes quoted-printable
				continue
			}
			a.Files = append(a.Files, networktest.File{Type: p.Header.Get("Content-Type"), Alt: decodedWords(p.Header.Get("Content-Description")), Content: readAll(base64.NewDecoder(base64.StdEncoding, p))})
		}
		out = append(out, a)
	}
	return out
}

func readAll(r io.Reader) []byte {
	b, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return b
}

func decodedWords(s string) string {
	d, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		panic(err)
	}
	return d
}

func (f *fake) Revoke(on bool) {
	f.trouble.WrongPassword = on
	f.Set(f.trouble)
}

func (f *fake) Throttle(d time.Duration) {
	f.trouble.Throttled = d
	f.Set(f.trouble)
}

func (f *fake) SaySpoilt() error {
	err := f.Say(networktest.Said{From: f.Someone(), Text: "never read"})
	f.trouble.Unreadable = map[uint32]bool{uint32(5 + len(f.Inbox(bar))): true}
	f.Set(f.trouble)
	return err
}

func (f *fake) Renumber() error { return f.Server.Renumber(bar) }
