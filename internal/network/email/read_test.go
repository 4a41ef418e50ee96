package email

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/network"
)

func mailOf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n")) }

func reading(raw []byte) network.Message {
	c := &Client{endpoint: Endpoint{Address: "bonjour@lezinc.example"}}
	return c.message(readMail(raw), 7, item{uid: 9, arrived: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)})
}

func TestTheTextOfAMailIsWhatThePersonWrote(t *testing.T) {
	for _, c := range []struct {
		name         string
		raw          []byte
		text, quoted string
	}{
		{"plain", mailOf("From: a@b.example", "", "Bonjour"), "Bonjour", ""},
		{"Latin-1 that is cp1252", mailOf("Content-Type: text/plain; charset=iso-8859-1", "", "L\x92\xe9t\xe9 \x80"), "L’été €", ""},
		{"no charset, UTF-8", mailOf("From: a@b.example", "", "été"), "été", ""},
		{"no charset, cp1252", mailOf("From: a@b.example", "", "\xe9t\xe9"), "été", ""},
		{"says UTF-8 and is cp1252", mailOf("Content-Type: text/plain; charset=utf-8", "", "\xe9t\xe9 chaud"), "été chaud", ""},
		{"says ASCII and is UTF-8", mailOf("Content-Type: text/plain; charset=us-ascii", "", "été"), "été", ""},
		{"unknown charset", mailOf("Content-Type: text/plain; charset=x-martian", "", "caf\xe9"), "café", ""},
		{"Japanese", mailOf("Content-Type: text/plain; charset=iso-2022-jp", "", "\x1b$B$3$s$K$A$O\x1b(B"), "こんにちは", ""},
		{"quoted-printable", mailOf("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", "=C3=A9t=C3=A9 =", "chaud =3D =XX"), "été chaud = =XX", ""},
		{"base64 with white space and a cut", mailOf("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", "w6l0 w6kg", " Y2hhdWQ"), "été chaud", ""},
		{"base64 that is not", mailOf("Content-Transfer-Encoding: base64", "", "On est huit pour samedi, c'est bon ?"), "On est huit pour samedi, c'est bon ?", ""},
		{"flowed", mailOf("Content-Type: text/plain; format=flowed", "", "une longue ", "phrase", "et fin"), "une longue phrase\net fin", ""},
		{"quotes are folded away", mailOf("", "Oui !", "", "Le 3 déc. 2026 à 18:22, Le Zinc <bonjour@lezinc.example> a écrit :", "> Samedi ?"), "Oui !", "Le 3 déc. 2026 à 18:22, Le Zinc <bonjour@lezinc.example> a écrit :\n> Samedi ?"},
		{"plain is preferred", mailOf("Content-Type: multipart/alternative; boundary=x", "", "--x", "", "simple", "--x", "Content-Type: text/html", "", "<b>riche</b>", "--x--"), "simple", ""},
		{"unless it is empty", mailOf("Content-Type: multipart/alternative; boundary=x", "", "--x", "", "  ", "--x", "Content-Type: text/html", "", "<b>riche</b>", "--x--"), "riche", ""},
		{"text around a picture", mailOf("Content-Type: multipart/mixed; boundary=x", "", "--x", "", "avant", "--x", "Content-Type: image/png; name=p.png", "", "png", "--x", "", "après", "--x--"), "avant\n\naprès", ""},
		{"no end of the multipart", mailOf("Content-Type: multipart/mixed; boundary=x", "", "--x", "", "début"), "début", ""},
		{"no boundary declared", mailOf("Content-Type: multipart/mixed", "", "--abc", "", "dedans", "--abc--"), "dedans", ""},
		{"boundary that never comes", mailOf("Content-Type: multipart/mixed; boundary=x", "", "tout est là"), "tout est là", ""},
		{"no blank line after the header", mailOf("From: a@b.example", "Subject: x", "Bonjour à tous,", "", "on arrive"), "Bonjour à tous,\n\non arrive", ""},
		{"mbox", mailOf("From a@b.example Mon Nov 23", "From: a@b.example", "", "texte"), "texte", ""},
		{"HTML alone in cp1252 by its own word", mailOf("Content-Type: text/html", "", `<meta charset="windows-1252"><p>caf`+"\xe9"+`</p>`), "café", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := reading(c.raw)
			if m.Text != c.text || m.Quoted != c.quoted {
				t.Errorf("read %q and %q, want %q and %q", m.Text, m.Quoted, c.text, c.quoted)
			}
		})
	}
}

func TestHeadersAreReadAsTheyAreFound(t *testing.T) {
	m := reading(mailOf(
		"Return-Path: <maude@example.org>",
		"From: =?iso-8859-1?Q?Maude_Gagn=E9?= <Maude@Example.org>",
		"Subject: =?utf-8?B?UsOpc2Vy?=", " =?utf-8?B?dmF0aW9u?= \x01samedi",
		"Date: Mon, 23 Nov 2026 10:00:00 -0500 (EST)",
		"Message-ID: <abc123456@example.org>",
		"In-Reply-To: <p@q>",
		"References: <root@q> <mid@q>", " <p@q>",
		"Reply-To: Table <table@example.org>",
		"Content-Language: fr-CA",
		"", "x"))
	want := network.Message{
		ID: "abc123456@example.org", Thread: "root@q", ReplyTo: "p@q", References: []network.RemoteID{"root@q", "mid@q", "p@q"},
		Author: network.Author{ID: "maude@example.org", Handle: "Maude@Example.org", Name: "Maude Gagné"}, Subject: "Réservation samedi",
		Text: "x", Lang: "fr-CA", SentAt: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), Visibility: network.Private,
		Meta: map[string]string{"message_id": "abc123456@example.org", "references": "root@q mid@q p@q", "uid": "7:9", "reply_to": `"Table" <table@example.org>`},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
}

func TestMailsOfOneNameStayTwo(t *testing.T) {
	same := func(text string) network.Message {
		return reading(mailOf("From: form@site.example", "Message-ID: <contact@site.example>", "Received: now "+text, "", text))
	}
	a, b, again := same("un"), same("deux"), same("un")
	if a.ID == b.ID || a.ID != again.ID {
		t.Errorf("ids %s, %s and again %s", a.ID, b.ID, again.ID)
	}
	if messageIDOf(a.ID) != "contact@site.example" {
		t.Errorf("the Message-ID of %s is %s", a.ID, messageIDOf(a.ID))
	}
	if none := reading(mailOf("From: a@b.example", "", "x")); none.ID == "" || none.Thread != none.ID || messageIDOf(none.ID) != "" {
		t.Errorf("without a Message-ID: %+v", none)
	}
}

func TestAttachmentsKeepTheirNameAndContent(t *testing.T) {
	for _, c := range []struct{ name, header, want string }{
		{"quoted", `Content-Disposition: attachment; filename="menu d'été.pdf"`, "menu d'été.pdf"},
		{"RFC 2231", `Content-Disposition: attachment; filename*=iso-8859-1'fr'menu%20d%E9t%E9.pdf`, "menu dété.pdf"},
		{"RFC 2231 in pieces", `Content-Disposition: attachment; filename*0*=utf-8''l%C3%A9; filename*1=" menu.pdf"`, "lé menu.pdf"},
		{"RFC 2047 where it may not stand", `Content-Disposition: attachment; filename="=?utf-8?Q?=C3=A9t=C3=A9.pdf?="`, "été.pdf"},
		{"in the type", `Content-Type: application/pdf; name=menu (2).pdf`, "menu (2).pdf"},
		{"reversed to look like text", "Content-Disposition: attachment; filename=\"fdp.\u202etxt.exe\"", "fdp.txt.exe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := reading(mailOf("Content-Type: multipart/mixed; boundary=x", "", "--x", c.header, "Content-Type: application/pdf", "Content-Transfer-Encoding: base64", "", "AAEC", "--x--"))
			if len(m.Attachments) != 1 || m.Attachments[0].Name != c.want {
				t.Fatalf("attachments %+v", m.Attachments)
			}
			b, err := io.ReadAll(m.Attachments[0].Content())
			if err != nil || string(b) != "\x00\x01\x02" || m.Attachments[0].Size != 3 {
				t.Errorf("content %q, %v", b, err)
			}
		})
	}
}

func TestDepthAndNumberOfPartsAreBounded(t *testing.T) {
	deep := "x"
	for range 500 {
		deep = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + deep
	}
	many := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\ntexte\r\n", 100_000)
	for name, raw := range map[string]string{"deep": deep, "many": many} {
		n := 0
		readMail([]byte(raw)).walk(func(*part) { n++ })
		if n > maxParts+1 {
			t.Errorf("%s: %d parts", name, n)
		}
	}
}

func TestNoMailTakesLongToRead(t *testing.T) {
	r := strings.Repeat
	for name, raw := range map[string]string{
		"continued header":   "Subject: x\r\n" + r(" y\r\n", 80_000) + "\r\nx",
		"header without end": r("x\r\n", 1<<20),
		"one header line":    "References: " + r("<a@b>", 50_000) + "\r\n\r\nx",
		"many quotes":        "Content-Type: text/plain; x=" + r(`"\`, 100_000) + "\r\n\r\nx",
		"encoded words":      "Subject: " + r("=?utf-8?q?=C3?= ", 15_000) + "\r\n\r\nx",
		"half words":         "Subject: " + r("=?", 100_000) + "\r\n\r\nx",
		"addresses":          "From: " + r("a@b, <", 40_000) + "\r\n\r\nx",
		"comments":           "From: " + r("(", 200_000) + "a@b\r\n\r\nx",
		"boundaries":         "Content-Type: multipart/mixed\r\n\r\n" + r("--aaaaaa\r\n", 300_000),
		"almost boundaries":  "Content-Type: multipart/mixed; boundary=a\r\n\r\n" + r("--ab\r\n", 500_000),
		"nested":             r("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", 60_000),
		"parameters":         "Content-Type: text/plain" + r("; a*1*=x", 30_000) + "\r\n\r\nx",
		"text":               "\r\n\r\n" + r("> a écrit :\r\n", 300_000),
		"html":               "Content-Type: text/html\r\n\r\n" + r("<div>", 800_000),
	} {
		start := time.Now()
		reading([]byte(raw))
		if d := time.Since(start); d > 15*time.Second { // what is quadratic takes minutes
			t.Errorf("%s: %v", name, d)
		} else if d > 300*time.Millisecond {
			t.Logf("%s: %v", name, d)
		}
	}
}

func TestEveryBrokenMailOfTheCorpusIsRead(t *testing.T) {
	root := os.Getenv("COMPTOIR_CORPORA")
	if root == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	files, err := filepath.Glob(filepath.Join(root, "email-mime-enmime", "testdata", "*", "*"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	texts, pages, attached := 0, 0, 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m := reading(b)
		if !utf8.ValidString(m.Text) || m.ID == "" {
			t.Errorf("%s: text %q, id %q", f, m.Text, m.ID)
		}
		if m.Text != "" {
			texts++
		}
		if m.HTML != "" {
			pages++
		}
		attached += len(m.Attachments)
		if testing.Verbose() {
			t.Logf("%-40s %d attachments, %.60q", filepath.Base(f), len(m.Attachments), m.Text)
		}
	}
	// A ratchet: these may only grow.
	if texts < 90 || pages < 32 || attached < 44 {
		t.Errorf("%d files have text, %d HTML; %d attachments", texts, pages, attached)
	}
}

func FuzzReadMail(f *testing.F) {
	for _, seed := range [][]byte{
		mailOf("From: a@b.example", "", "x"),
		mailOf("Content-Type: multipart/mixed; boundary=\"x\"", "", "--x", "Content-Type: text/html; charset=utf-16", "", "<p>", "--x--"),
		mailOf("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "", "--x", "Content-Type: message/delivery-status", "", "Action: failed", "--x", "Content-Type: message/rfc822", "", "Message-ID: <a@b>"),
		mailOf("Subject: =?utf-8?q?=", "Content-Type: text/plain; a*0*=x'y; a*1=\"", "Content-Transfer-Encoding: base64", "", "===="),
		mailOf("References: "+strings.Repeat("<a@b> ", 100), "Date: Thu, 99 Foo 99999", "", ""),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := reading(raw)
		if m.ID == "" || !utf8.ValidString(m.Text+m.Quoted+m.Subject+m.Author.Name+m.HTML) || strings.ContainsAny(m.Subject+m.Author.Name, "\r\n\x00") {
			t.Errorf("%+v", m)
		}
		if len(m.References) > maxReferences {
			t.Errorf("%d references", len(m.References))
		}
		for _, a := range m.Attachments {
			if a.Content != nil {
				io.Copy(io.Discard, a.Content())
			}
		}
		d := network.Draft{Key: "k1@lezinc.example", Text: m.Text + "x", ReplyTo: &m}
		if to, err := recipients(d); err == nil {
			if out, err := compose(Endpoint{Address: "bonjour@lezinc.example", Name: "Le Zinc"}, d, to); err == nil && strings.Count(string(out), "\r\nMessage-ID: ") != 1 {
				t.Errorf("composed %q", out)
			}
		}
	})
}
