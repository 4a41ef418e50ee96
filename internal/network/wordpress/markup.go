package wordpress

import (
	"html"
	"strings"

	"comptoir/internal/text"
)

// escaped is a text as a comment holds it: plain, and none of it is markup. Its lines are lines.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func escaped(s string) string { return escape.Replace(text.Plain(s)) }

// length is in bytes as a comment is stored, or a little more: what is not shown is not counted out.
func length(s string) int { return len(escape.Replace(strings.ToValidUTF8(s, "\ufffd"))) }

// upload is a file that the site has.
type upload struct {
	ID     number `json:"id"`
	Slug   string `json:"slug"`
	Source page   `json:"source_url"`
	alt    string
}

// block is a part of an article, as the site's editor marks its parts.
func block(b *strings.Builder, kind, markup string) {
	name, _, _ := strings.Cut(kind, " ")
	b.WriteString("<!-- wp:" + kind + " -->\n" + markup + "\n<!-- /wp:" + name + " -->\n\n")
}

// body is an article: a paragraph for each of the text, then the pictures.
func body(words string, pictures []upload) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(text.Plain(words), "\n\n") {
		if paragraph = strings.Trim(paragraph, "\n"); paragraph != "" {
			block(&b, "paragraph", "<p>"+linked(paragraph)+"</p>")
		}
	}
	for _, p := range pictures {
		id := p.ID.String()
		block(&b, `image {"id":`+id+`}`, `<figure class="wp-block-image"><img src="`+html.EscapeString(string(p.Source))+`" alt="`+html.EscapeString(p.alt)+`" class="wp-image-`+id+`"/></figure>`)
	}
	return strings.TrimSpace(b.String())
}

// inArticle is a text in an article, where brackets would have the site do something.
var inArticle = strings.NewReplacer("[", "&#91;", "]", "&#93;", "\n", "<br>\n")

// linked is a paragraph with its addresses as links.
func linked(paragraph string) string {
	var b strings.Builder
	for _, span := range text.Linkify(paragraph) {
		words := inArticle.Replace(html.EscapeString(span.Text))
		if span.URL == "" {
			b.WriteString(words)
			continue
		}
		b.WriteString(`<a href="` + html.EscapeString(span.URL) + `">` + words + `</a>`)
	}
	return b.String()
}

// maxSlug bounds the words of a slug, in letters.
const maxSlug = 50

// slug is the name of an article in its address: its first words, as far as letters go that every site keeps as they
// are, and the key of its draft.
func slug(subject, words, key string) string {
	if strings.TrimSpace(subject) == "" {
		subject = words
	}
	var parts []string
	n := 0
	for _, w := range strings.FieldsFunc(text.Fold(text.Line(subject)), func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' }) {
		if n += len(w) + 1; n > maxSlug {
			break
		}
		parts = append(parts, w)
	}
	return strings.Join(append(parts, key), "-")
}
