package web_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// join has somebody write with files joined, and returns the conversation.
func join(t *testing.T, h *webtest.House, files ...network.Attachment) string {
	t.Helper()
	house, err := place.House(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	m := from("Théo Lacasse "+db.NewID(), "Voici la photo", time.Now()) // somebody new each time
	m.Attachments = files
	if err := h.Web.Inbox.Receive(t.Context(), house, network.Page{Messages: []network.Message{m}}); err != nil {
		t.Fatal(err)
	}
	p := h.As(h.Owner).Get("/p/le-zinc/inbox").Want(200)
	return strings.TrimPrefix(p.Attr("#rangs .convw", "id"), "c-")
}

// another is a second place of the owner's.
func another(h *webtest.House, name string) (p place.Place) {
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		if p, err = place.Create(ctx, tx, place.System(), place.New{Name: name, Language: "fr", TimeZone: "America/Montreal"}); err != nil {
			return err
		}
		_, err = place.AddMember(ctx, tx, place.System(), p.ID, place.NewMember{Name: h.Owner.Name, Email: h.Owner.Email}, place.Owner)
		return err
	})
	return p
}

func file(name, content string) network.Attachment {
	return network.Attachment{Name: name, Type: "text/html", Size: int64(len(content)), Content: func() io.Reader { return strings.NewReader(content) }}
}

// picture is a PNG with something hidden behind its end.
func picture(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range m.Pix {
		m.Pix[i] = 0xff
	}
	m.Set(3, 3, color.RGBA{200, 20, 20, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String() + "<script>alert('PK')</script>"
}

func TestAFileIsDownloadedAndNeverOpenedHere(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	for name, want := range map[string]string{
		"contrat de location.pdf":            "contrat%20de%20location.pdf",
		"réservation 4 décembre.txt":         "r%C3%A9servation%204%20d%C3%A9cembre.txt",
		"../../etc/passwd":                   "passwd",
		`C:\Windows\système.exe`:             "syst%C3%A8me.exe",
		"facture\r\nSet-Cookie: a=b.html":    "facture%20Set-Cookie%20a%3Db.html",
		"photo\u202egpj.exe":                 "photogpj.exe",
		`a";filename="b.html`:                "a%3Bfilename%3Db.html",
		"":                                   "document",
		"...":                                "document",
		strings.Repeat("é", 300) + ".tar.gz": strings.Repeat("%C3%A9", 113) + ".tar.gz",
	} {
		id := join(t, h, file(name, "<script>alert(1)</script>"))
		url := b.Get("/p/le-zinc/inbox/c/"+id).Want(200).Attr(".msg .file", "href")
		p := b.Get(url).Want(200)
		if p.Body != "<script>alert(1)</script>" {
			t.Errorf("%q: the bytes are not as they came: %q", name, p.Body)
		}
		for header, want := range map[string]string{
			"Content-Disposition": "attachment; filename*=UTF-8''" + want, "Content-Type": "application/octet-stream",
			"Content-Security-Policy": "default-src 'none'; form-action 'none'; sandbox", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		} {
			if got := p.Header.Get(header); got != want {
				t.Errorf("%q: %s is %q, want %q", name, header, got, want)
			}
		}
		if p.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q wrote a header of its own", name)
		}
	}
}

func TestAPreviewIsAPictureThatWeDrew(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	sent := picture(t)
	id := join(t, h, network.Attachment{Name: "terrasse.png", Alt: "La terrasse, en juin", Content: func() io.Reader { return strings.NewReader(sent) }})
	p := b.Get("/p/le-zinc/inbox/c/" + id).Want(200)
	if alt := p.Attr(".msg .file__pic img", "alt"); alt != "La terrasse, en juin" {
		t.Errorf("the picture says %q to those who do not see it", alt)
	}
	shown := b.Get(p.Attr(".msg .file__pic img", "src")).Want(200)
	if _, kind, err := image.DecodeConfig(strings.NewReader(shown.Body)); err != nil || shown.Header.Get("Content-Type") != "image/"+kind {
		t.Errorf("%s is sent as %s: %v", kind, shown.Header.Get("Content-Type"), err)
	}
	if strings.Contains(shown.Body, "<script>") {
		t.Error("what was hidden behind the picture came through")
	}
	if got := shown.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("it may be kept as %q", got)
	}
	if shown.Header.Get("Content-Security-Policy") != "default-src 'none'; form-action 'none'; sandbox" || shown.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", shown.Header)
	}
}

func TestWhatIsNoPictureHasNoPreview(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	for name, content := range map[string]string{
		"dessin.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>`, "menu.png": "<html>", "carte.gif": "GIF89a/*<script>*/=1", "texte.jpg": "",
	} {
		id := join(t, h, file(name, content))
		p := b.Get("/p/le-zinc/inbox/c/" + id).Want(200)
		if p.Has(".msg .file__pic img") {
			t.Errorf("%s is shown", name)
		}
		b.Get(p.Attr(".msg .file", "href") + "/preview").Want(404)
	}
}

func TestAFileThatWasTooBigIsToldOfAndHasNoLink(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := join(t, h, network.Attachment{Name: "film.mov", Size: 80 << 20})
	p := b.Get("/p/le-zinc/inbox/c/" + id).Want(200)
	if p.Has(".msg a.file") || !strings.Contains(p.Text(".msg .file"), "trop lourd pour être gardé") {
		t.Errorf("%s", p.Text(".msg"))
	}
	var stored string
	h.Write(func(ctx context.Context, tx db.Tx) error {
		return tx.QueryRow(ctx, "SELECT id FROM attachment WHERE place_id = $1", h.Place.ID).Scan(&stored)
	})
	b.Get("/p/le-zinc/inbox/files/" + stored).Want(404)
	b.Get("/p/le-zinc/inbox/files/" + stored + "/preview").Want(404)
}

func TestAFileOfAnotherPlaceIsAsIfItWereNot(t *testing.T) {
	h := webtest.New(t)
	sent := picture(t)
	id := join(t, h, network.Attachment{Name: "terrasse.png", Content: func() io.Reader { return strings.NewReader(sent) }})
	url := h.As(h.Owner).Get("/p/le-zinc/inbox/c/"+id).Attr(".msg .file", "href")
	other := another(h, "La Loupe")
	b := h.As(h.Owner)
	b.Get("/p/" + other.Slug + "/inbox").Want(200)
	theirs := strings.Replace(url, "/p/le-zinc/", "/p/"+other.Slug+"/", 1)
	for _, rest := range []string{"", "/preview"} {
		wrong, none := b.Get(theirs+rest).Want(404), b.Get("/p/"+other.Slug+"/inbox/files/"+db.NewID()+rest).Want(404)
		if wrong.Text("body") != none.Text("body") {
			t.Errorf("a file of another place tells that it is there: %s", wrong.Text("body"))
		}
	}
	b.Get("/p/le-zinc/inbox/files/x").Want(404)
	h.As(h.Add("Noémie", "noemie@lezinc.example", place.Floor)).Get(url).Want(403)
	h.Visitor().Get(url).Want(303)
}
