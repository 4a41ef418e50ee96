package email

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// decodeCharset returns b as UTF-8. What a mail declares is only believed where it can be true: UTF-8 that
// is not UTF-8 is read as windows-1252, and so is Latin-1, which nobody means when they say it.
func decodeCharset(b []byte, declared string) string {
	declared = strings.ToLower(strings.Trim(declared, " \t\"'"))
	enc := encodingOf(declared)
	if enc == nil {
		if utf8.Valid(b) {
			return string(b)
		}
		if declared == "utf-8" && mostlyUTF8(b) {
			return strings.ToValidUTF8(string(b), "�")
		}
		enc = charmap.Windows1252
	}
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "�")
	}
	return string(out)
}

// encodingOf returns nil for what is, or may be, UTF-8.
func encodingOf(name string) encoding.Encoding {
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-7", "unknown-8bit", "x-unknown", "default":
		return nil
	}
	if enc, err := htmlindex.Get(name); err == nil && enc != encoding.Replacement {
		if n, _ := htmlindex.Name(enc); n != "utf-8" {
			return enc
		}
		return nil
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil {
		return enc
	}
	if enc, err := ianaindex.IANA.Encoding(name); err == nil {
		return enc
	}
	return nil
}

// mostlyUTF8 tells whether most of what is above ASCII in b is well-formed: a mail cut in the middle of a
// character is still UTF-8.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good > bad
}

func charsetReader(name string, r io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxHeader))
	if err != nil {
		return nil, err
	}
	return strings.NewReader(decodeCharset(b, name)), nil
}

// decodeBody undoes a Content-Transfer-Encoding, taking what can be read of a broken one.
func decodeBody(b []byte, encoding string) []byte {
	switch strings.ToLower(strings.Trim(encoding, " \t\"';")) {
	case "quoted-printable":
		return decodeQuoted(b)
	case "base64":
		return decodeBase64(b)
	}
	return b
}

func decodeQuoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		line, eol := b, []byte(nil)
		if end >= 0 {
			line, eol, b = b[:end], b[end:end+1], b[end+1:]
		} else {
			b = nil
		}
		line = bytes.TrimRight(line, " \t\r")
		soft := bytes.HasSuffix(line, []byte("="))
		if soft {
			line = line[:len(line)-1]
		}
		for i := 0; i < len(line); i++ {
			if line[i] == '=' && i+2 < len(line) && isHex(line[i+1]) && isHex(line[i+2]) {
				out = append(out, hexDigit(line[i+1])<<4|hexDigit(line[i+2]))
				i += 2
				continue
			}
			out = append(out, line[i])
		}
		if !soft {
			out = append(out, eol...)
		}
	}
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

func hexDigit(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// decodeBase64 reads every character of the alphabet and passes over all others, so that text added by a
// mailing list or a cut in the middle spoils no more than a few bytes.
func decodeBase64(b []byte) []byte {
	out := make([]byte, 0, len(b)*3/4)
	var acc uint32
	n := 0
	for _, c := range b {
		v := base64Value(c)
		if c == '=' { // the end of one run; another may follow
			switch n {
			case 2:
				out = append(out, byte(acc>>4))
			case 3:
				out = append(out, byte(acc>>10), byte(acc>>2))
			}
			acc, n = 0, 0
			continue
		}
		if v < 0 {
			continue
		}
		acc = acc<<6 | uint32(v)
		if n++; n == 4 {
			out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
			acc, n = 0, 0
		}
	}
	switch n {
	case 2:
		out = append(out, byte(acc>>4))
	case 3:
		out = append(out, byte(acc>>10), byte(acc>>2))
	}
	return out
}

// looksBase64 tells encoded text from text that only says that it is: words stand between spaces.
func looksBase64(b []byte) bool {
	b = b[:min(len(b), 2000)]
	spaces := 0
	for i, c := range b {
		if c == ' ' && i > 0 && base64Value(b[i-1]) >= 0 {
			spaces++
		}
	}
	return spaces*40 < len(b)+40
}

func base64Value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}
