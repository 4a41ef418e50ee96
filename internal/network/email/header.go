package email

import (
	"bytes"
	"mime"
	"net/url"
	"strings"
)

const (
	maxHeader = 256 << 10 // bytes of one header that are read; what follows is left out
	maxFields = 1000
)

// header is the header of a mail or of one of its parts, as found: broken lines are left out, never fatal.
type header []field

type field struct{ name, value string } // name in lower case, value unfolded and still encoded

// get returns the first field of that name, "" when there is none.
func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

func (h header) has(name string) bool {
	for _, f := range h {
		if f.name == name {
			return true
		}
	}
	return false
}

// splitHeader parts a mail or a part into its header and what follows. Where the blank line between them
// is missing, the body begins with the first line after which no field comes any more.
func splitHeader(b []byte) (h header, body []byte) {
	b = bytes.TrimLeft(b, "\r\n")
	start := b
	var value []byte // of the last field, which more lines may continue
	defer func() {
		if len(h) > 0 {
			h[len(h)-1].value = string(value)
		}
	}()
	for len(b) > 0 && len(start)-len(b) < maxHeader {
		line, rest := cutLine(b)
		if len(line) == 0 {
			return h, rest
		}
		name, v, ok := fieldOf(line)
		switch {
		case (line[0] == ' ' || line[0] == '\t') && len(h) > 0:
			value = append(append(value, ' '), bytes.TrimSpace(line)...)
		case ok && len(h) < maxFields:
			if len(h) > 0 {
				h[len(h)-1].value = string(value)
			}
			h = append(h, field{name: name})
			value = append([]byte(nil), v...)
		case !ok && !fieldFollows(rest):
			return h, b
		}
		b = rest
	}
	return h, b
}

// fieldOf reads "Name: value".
func fieldOf(line []byte) (name, value string, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 100 {
		return "", "", false
	}
	n := bytes.TrimRight(line[:i], " \t")
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	return strings.ToLower(string(n)), strings.TrimSpace(string(line[i+1:])), len(n) > 0
}

// fieldFollows tells whether a field comes before the next blank line.
func fieldFollows(b []byte) bool {
	for range 20 {
		line, rest := cutLine(b)
		if len(line) == 0 {
			return false
		}
		if _, _, ok := fieldOf(line); ok {
			return true
		}
		b = rest
	}
	return false
}

// cutLine returns the first line without its end, and what follows. Lines end with CRLF, LF or CR alone.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return bytes.TrimRight(b, "\r"), nil
	}
	return bytes.TrimRight(b[:i], "\r"), b[i+1:]
}

// params reads "value; name=x; name="y"; name*0*=utf-8”z", as found in Content-Type and
// Content-Disposition: RFC 2231 put together, RFC 2047 within quotes decoded, a repeated name's first value kept.
func params(s string) (value string, p map[string]string) {
	fields := splitOutside(s, ';')
	value = strings.ToLower(strings.TrimSpace(fields[0]))
	if i := strings.IndexAny(value, " \t"); i >= 0 {
		value = value[:i]
	}
	p = map[string]string{}
	pieces := map[string]map[int]piece{}
	for _, f := range fields[1:] {
		name, v, ok := strings.Cut(f, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || name == "" {
			continue
		}
		v = unquote(strings.TrimSpace(v))
		base, n, coded := section(name)
		if base == name {
			if _, twice := p[name]; !twice {
				p[name] = decodeWords(v)
			}
			continue
		}
		if pieces[base] == nil {
			pieces[base] = map[int]piece{}
		}
		pieces[base][n] = piece{v, coded}
	}
	for base, list := range pieces {
		p[base] = join2231(list)
	}
	return value, p
}

type piece struct {
	text  string
	coded bool
}

// section reads the name of an RFC 2231 parameter: "filename*1*" is piece 1 of filename, percent-encoded.
func section(name string) (base string, n int, coded bool) {
	base, rest, ok := strings.Cut(name, "*")
	if !ok {
		return name, 0, false
	}
	if rest == "" {
		return base, 0, true
	}
	digits, coded := strings.CutSuffix(rest, "*")
	for _, c := range digits {
		if c < '0' || c > '9' || n > 100 {
			return name, 0, false
		}
		n = n*10 + int(c-'0')
	}
	return base, n, coded
}

func join2231(list map[int]piece) string {
	charset := "utf-8"
	var b strings.Builder
	for n := range len(list) {
		p, ok := list[n]
		if !ok {
			break
		}
		if p.coded {
			if n == 0 {
				if parts := strings.SplitN(p.text, "'", 3); len(parts) == 3 {
					charset, p.text = parts[0], parts[2]
				}
			}
			if u, err := url.PathUnescape(p.text); err == nil {
				p.text = u
			}
		}
		b.WriteString(p.text)
	}
	return decodeCharset([]byte(b.String()), charset)
}

// splitOutside splits at sep outside quotes. A quote that is never closed is an ordinary character.
func splitOutside(s string, sep byte) []string {
	var out []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted && strings.IndexByte(s[i+1:], '"') >= 0
		case s[i] == sep && !quoted:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' {
		return strings.Trim(s, `"`)
	}
	s = strings.TrimSuffix(s[1:], `"`)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

var words = mime.WordDecoder{CharsetReader: charsetReader}

// decodeWords decodes RFC 2047 words; what cannot be decoded stays as it is, as UTF-8.
func decodeWords(s string) string {
	if d, err := words.DecodeHeader(s); err == nil {
		s = d
	}
	return decodeCharset([]byte(s), "")
}
