package text

import "strings"

// Unflow joins the soft-broken lines of a format=flowed mail (RFC 3676) into paragraphs: a line that ends
// with a space goes on in the next line of the same quote depth. delsp is the parameter DelSp=yes: that
// space was not part of the text. Quote marks come out as ">" for each level and a space.
func Unflow(s string, delsp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	open := -1 // quote depth of the paragraph that may go on, -1 when none may
	for i, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		depth := len(line) - len(strings.TrimLeft(line, ">"))
		line = strings.TrimPrefix(line[depth:], " ") // space-stuffing
		if open != depth || line == "-- " {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(strings.Repeat(">", depth))
			if depth > 0 && line != "" {
				b.WriteByte(' ')
			}
		}
		open = -1
		if strings.HasSuffix(line, " ") && line != "-- " { // the signature mark ends with a space and is no soft break
			open = depth
			if delsp {
				line = line[:len(line)-1]
			}
		}
		b.WriteString(line)
	}
	return b.String()
}
