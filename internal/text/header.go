package text

import "strings"

// HeaderValue returns s as it may stand in the header of a mail or an HTTP message: on one line whatever is
// in it, with CR, LF, NUL and every other control as a space, so that nobody can add a header of theirs.
func HeaderValue(s string) string { return Line(strings.Map(controlToSpace, s)) }

// CSVCell returns s as one cell of a CSV file that a spreadsheet will open: on one line, and with ' before
// anything that a spreadsheet would calculate (= + - @ or a tab at the start, also in full width).
// Quoting of commas and quotes is the CSV writer's.
func CSVCell(s string) string {
	formula := strings.HasPrefix(s, "\t")
	s = HeaderValue(s)
	if formula || strings.HasPrefix(s, "=") || strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") || strings.HasPrefix(s, "@") ||
		strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
		return "'" + s
	}
	return s
}

// controlToSpace keeps words apart that only a control separated.
func controlToSpace(r rune) rune {
	if r < ' ' || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029' {
		return ' '
	}
	return r
}
