package mastodontest

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// What the server makes of a text, by other means than the driver's.

var (
	links    = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)]`)
	mentions = regexp.MustCompile(`(?:^|[^\pL\pN/_@])@([A-Za-z0-9_]+(?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:@[A-Za-z0-9_.-]*[A-Za-z0-9_])?)`)
	remote   = regexp.MustCompile(`(@[A-Za-z0-9_]+)@[A-Za-z0-9_.-]*[A-Za-z0-9_]`)
)

type limits struct{ characters, link, files, alt int }

func (s *Server) limits() limits {
	if s.mood == GoToSocial {
		return limits{5000, 25, 6, 5000}
	}
	return limits{500, 23, 4, 1500}
}

// count is how long a text is.
func (s *Server) count(words string) int {
	l := s.limits()
	short := links.ReplaceAllString(words, strings.Repeat("x", l.link))
	return uniseg.GraphemeClusterCount(remote.ReplaceAllString(short, "$1"))
}

// named are whom a text names, of those that the server knows.
func (s *Server) named(words string) (all []*Account) {
	for _, m := range mentions.FindAllStringSubmatch(links.ReplaceAllString(words, "x"), -1) {
		a := s.accounts[strings.ToLower(strings.TrimSuffix(strings.ToLower(m[1]), "@"+Domain))]
		if a == nil {
			continue
		}
		known := false
		for _, have := range all {
			known = known || have == a
		}
		if !known {
			all = append(all, a)
		}
	}
	return all
}

// page is a text as the server shows it.
func (s *Server) page(words string) string {
	words = strings.ReplaceAll(strings.TrimSpace(words), "\r\n", "\n")
	var b strings.Builder
	for i, paragraph := range strings.Split(words, "\n\n") {
		if i > 0 {
			b.WriteString("</p><p>")
		}
		for j, line := range strings.Split(paragraph, "\n") {
			if j > 0 {
				b.WriteString("<br />")
			}
			s.line(&b, line)
		}
	}
	return "<p>" + b.String() + "</p>"
}

func (s *Server) line(b *strings.Builder, line string) {
	for line != "" {
		at := links.FindStringIndex(line)
		if at == nil {
			b.WriteString(s.withMentions(line))
			return
		}
		b.WriteString(s.withMentions(line[:at[0]]))
		b.WriteString(anchor(line[at[0]:at[1]]))
		line = line[at[1]:]
	}
}

// anchor shows a link in short, with the rest of it hidden.
func anchor(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	shown, hidden := rest, ""
	if utf8.RuneCountInString(rest) > 30 {
		r := []rune(rest)
		shown, hidden = string(r[:30]), string(r[30:])
	}
	return `<a href="` + html.EscapeString(url) + `" target="_blank" rel="nofollow noopener"><span class="invisible">` + scheme + `://</span><span class="ellipsis">` +
		html.EscapeString(shown) + `</span><span class="invisible">` + html.EscapeString(hidden) + `</span></a>`
}

func (s *Server) withMentions(words string) string {
	var b strings.Builder
	done := 0
	for _, at := range mentions.FindAllStringSubmatchIndex(words, -1) {
		a := s.accounts[strings.ToLower(strings.TrimSuffix(strings.ToLower(words[at[2]:at[3]]), "@"+Domain))]
		if a == nil {
			continue
		}
		user, _, _ := strings.Cut(a.Acct, "@")
		b.WriteString(html.EscapeString(words[done : at[2]-1]))
		b.WriteString(`<span class="h-card" translate="no"><a href="` + s.profile(a) + `" class="u-url mention">@<span>` + user + `</span></a></span>`)
		done = at[3]
	}
	b.WriteString(html.EscapeString(words[done:]))
	return b.String()
}

func (s *Server) profile(a *Account) string {
	user, domain, ok := strings.Cut(a.Acct, "@")
	if !ok {
		domain = Domain
	}
	return "https://" + domain + "/@" + user
}
