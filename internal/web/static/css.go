package static

import (
	"bytes"
	"regexp"
	"strings"
)

var (
	comment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	blank   = regexp.MustCompile(`\s*\n\s*`)
	fontURL = regexp.MustCompile(`url\((fonts/[^)]+)\)`)
	token   = regexp.MustCompile(`(--[a-z0-9-]+):\s*([^;{}]*light-dark\([^;]*);`)
)

// stylesheet joins css/*.css. The cascade layers fix what wins, so any screen may bring a
// file of its own.
func (s *store) stylesheet() []byte {
	var b bytes.Buffer
	for _, name := range list("css") {
		b.Write(read(name))
		b.WriteByte('\n')
	}
	css := comment.ReplaceAllString(b.String(), "")
	css = strings.TrimSpace(blank.ReplaceAllString(css, "\n")) + "\n" + morningOnly(css)
	return []byte(fontURL.ReplaceAllStringFunc(css, func(m string) string {
		return "url(" + s.urls[m[4:len(m)-1]] + ")"
	}))
}

// morningOnly repeats the tokens with their first value, for browsers that do not know light-dark(): they get the
// morning light at any hour. (An unknown function in a custom property is only found invalid where it is used, so
// the usual fallback by order of declarations does not work.)
func morningOnly(css string) string {
	var b strings.Builder
	b.WriteString("@supports not (color: light-dark(#000, #fff)) {\n@layer tokens { :root {\n")
	for _, m := range token.FindAllStringSubmatch(css, -1) {
		b.WriteString(m[1] + ": " + firstLight(m[2]) + ";\n")
	}
	b.WriteString("} }\n@layer components { .rond { color: hsl(var(--h, 30) 45% 22%); background: hsl(var(--h, 30) 42% 82%); box-shadow: none; } }\n}\n")
	return b.String()
}

// firstLight replaces every light-dark(a, b) in v by a.
func firstLight(v string) string {
	const fn = "light-dark("
	for {
		start := strings.Index(v, fn)
		if start < 0 {
			return strings.TrimSpace(v)
		}
		depth, comma, end := 0, -1, len(v)
	scan:
		for i := start + len(fn); i < len(v); i++ {
			switch {
			case v[i] == '(':
				depth++
			case v[i] == ')' && depth == 0:
				end = i
				break scan
			case v[i] == ')':
				depth--
			case v[i] == ',' && depth == 0 && comma < 0:
				comma = i
			}
		}
		if comma < 0 || end == len(v) {
			return strings.TrimSpace(v) // not well formed: leave it for the browser to refuse
		}
		v = v[:start] + v[start+len(fn):comma] + v[end+1:]
	}
}
