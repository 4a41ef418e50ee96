package networktest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// units are what networks disagree about how to count.
var units = map[string]string{
	"letters":            "x",
	"accents":            "é",
	"combining accents":  "e\u0301",
	"families":           "👩‍👩‍👧‍👦",
	"flags":              "🇨🇦",
	"ideographs":         "日",
	"beyond 16 bits":     "𝄞",
	"line ends":          "a\n",
	"links":              "https://lezinc.example/soirees/" + strings.Repeat("a", 60) + " ",
	"links without path": "lezinc.example ",
	"mentions":           "@maude@ailleurs.test ",
	"tags":               "#apéro ",
	"signs of markup":    "a<b&c> ",
}

// exactly is the longest text of n by the network's own measure, made of units as far as they fit. Where several
// measures bind, one more letter does not always count: so it is the next letter that must be too much.
func exactly(l network.Limits, unit string, n int) string {
	s := strings.Repeat(unit, max(0, n-2)/l.Length(unit))
	for more := 0; more < n && l.Length(s+unit) <= n-2; more++ {
		s += unit
	}
	s = strings.TrimRight(s, " \n") + " "
	s += strings.Repeat("x", max(0, n-l.Length(s+"x")+1))
	for more := 0; more < n && l.Length(s+"x") <= n; more++ {
		s += "x"
	}
	return s
}

// counts publishes texts of exactly the limit, and of one more.
func counts(t *testing.T, b *bench) {
	l := b.publisher().Limits()
	if l.Text == 0 {
		t.Skip("this network bears any length")
	}
	judge, counted := b.fake.(Judge)
	for name, unit := range units {
		if !counted && name != "letters" {
			continue // the limit is ours alone
		}
		for _, more := range []int{0, 1} {
			d := b.draft(exactly(l, unit, l.Text) + strings.Repeat("x", more))
			if n := l.Length(d.Text); n != l.Text+more {
				t.Errorf("%s: cannot make a text of %d, only of %d", name, l.Text+more, n)
				continue
			}
			if counted {
				d.To = nil // whose names may count
				if judge.Takes(d.Text) != (more == 0) {
					t.Errorf("%s: by our count it is %d of %d; the network takes it: %v", name, l.Text+more, l.Text, more == 1)
				}
			}
			_, err := b.publisher().Publish(b.ctx(), d)
			c, n := b.check("Publish", err), len(b.accepted(d.Key))
			if more == 0 && (c != "" || n != 1) || more == 1 && (c != fault.Rejected || n != 0) {
				t.Errorf("%s: Publish of %d of %d = %v, and the ledger has it %d times", name, l.Text+more, l.Text, err, n)
			}
		}
	}
}

// picture is a small picture of one colour.
func picture(shade uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range m.Pix {
		m.Pix[i] = color.Gray{shade}.Y
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func attachment(name, alt string, content []byte) network.Attachment {
	return network.Attachment{Name: name, Type: "image/png", Size: int64(len(content)), Alt: alt, Content: func() io.Reader { return bytes.NewReader(content) }}
}

// publishesFiles publishes two pictures, then more and larger ones than the network takes.
func publishesFiles(t *testing.T, b *bench) {
	p := b.publisher()
	l := p.Limits()
	if l.Attachments == 0 {
		t.Skip("this network takes no files")
	}
	alts := []string{"Le menu de ce soir : soupe à l’oignon 🧅", "a \"quoted\"\r\nX-Evil: 1", ""}[:min(3, l.Attachments)]
	d := b.draft("Voici.")
	for i, alt := range alts {
		d.Attachments = append(d.Attachments, attachment("menu é\"\r\n.png", alt, picture(uint8(i))))
	}
	_, err := p.Publish(b.ctx(), d)
	b.ok("Publish", err)
	got := b.accepted(d.Key)
	if len(got) != 1 || len(got[0].Files) != len(alts) {
		t.Fatalf("published %d files, the ledger has %+v", len(alts), got)
	}
	for i, f := range got[0].Files {
		if want := strings.Join(strings.Fields(alts[i]), " "); f.Type != "image/png" || strings.Join(strings.Fields(f.Alt), " ") != want {
			t.Errorf("file %d: the ledger has %q, described as %q; want %q", i, f.Type, f.Alt, want)
		}
		if f.Content != nil && !bytes.Equal(f.Content, picture(uint8(i))) {
			t.Errorf("file %d: the ledger has other bytes", i)
		}
	}
	many := b.draft("Trop.")
	for range l.Attachments + 1 {
		many.Attachments = append(many.Attachments, attachment("p.png", "", picture(0)))
	}
	b.refuses("more files than the limit", many)
	if l.FileBytes > 0 {
		large := b.draft("Trop gros.")
		a := attachment("p.png", "", nil)
		a.Size, a.Content = l.FileBytes+1, func() io.Reader { return io.LimitReader(zeros{}, l.FileBytes+1) }
		large.Attachments = []network.Attachment{a}
		b.refuses("a file larger than the limit", large)
	}
}

func (b *bench) refuses(what string, d network.Draft) {
	b.t.Helper()
	_, err := b.publisher().Publish(b.ctx(), d)
	if c := b.check("Publish", err); c != fault.Rejected || len(b.accepted(d.Key)) != 0 {
		b.t.Errorf("Publish of %s = %v, want Rejected", what, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// readsFiles reads a picture and its description.
func readsFiles(t *testing.T, b *bench) {
	f, ok := b.fake.(Illustrator)
	if !ok {
		t.Skip("this fake sends no pictures")
	}
	_, cur, _ := b.drain("")
	want := File{Type: "image/png", Alt: "Un chat \u202esur le bar", Content: picture(7)}
	b.ok("SayFile", f.SayFile(Said{From: b.fake.Someone(), Subject: "s", Text: "Regardez."}, want))
	got, _, _ := b.drain(cur)
	if len(got) != 1 || len(got[0].Attachments) != 1 {
		t.Fatalf("read %+v", got)
	}
	a := got[0].Attachments[0]
	_, real := b.fake.(RealServer)
	if a.Type != want.Type && !real || !strings.HasPrefix(a.Type, "image/") || letters(a.Alt) != letters(want.Alt) || strings.ContainsRune(a.Alt, '\u202e') || got[0].Text != "Regardez." {
		t.Errorf("read %q with %+v", got[0].Text, a)
	}
	if a.Content == nil {
		t.Fatal("a small picture is left out")
	}
	for range 2 { // a fresh reader each time
		if content, err := io.ReadAll(a.Content()); err != nil || !bytes.Equal(content, want.Content) && !(real && len(content) > 0) {
			t.Errorf("the picture is %d bytes, %v; it was %d", len(content), err, len(want.Content))
		}
	}
}
