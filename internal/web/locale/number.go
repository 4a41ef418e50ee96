package locale

import (
	"strconv"
	"strings"
)

// Number writes n with the country's thousands: "2 200", "2,200".
func (l Locale) Number(n int) string {
	digits := strconv.Itoa(abs(n))
	sep := ","
	switch l.Tag {
	case "fr-CA":
		sep = nbsp
	case "fr-FR":
		sep = nnbsp
	}
	var b strings.Builder
	if n < 0 {
		b.WriteString("−")
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Percent writes a share of a hundred: "72 %", "72%".
func (l Locale) Percent(n int) string {
	if l.Lang() == "en" {
		return l.Number(n) + "%"
	}
	return l.Number(n) + nbsp + "%"
}

// Size writes a number of bytes to people: "340 ko", "1,4 Mo".
func (l Locale) Size(bytes int64) string {
	const k = 1000
	switch {
	case bytes < k:
		return l.N("size.bytes", int(bytes))
	case bytes < k*k:
		return l.T("size.kilo", "n", int(bytes/k))
	}
	tenths := int(bytes / (k * k / 10))
	text := strconv.Itoa(tenths / 10)
	if tenths%10 != 0 && tenths < 1000 {
		point := "."
		if l.Lang() == "fr" {
			point = ","
		}
		text += point + strconv.Itoa(tenths%10)
	}
	return l.T("size.mega", "n", text)
}

// List joins words: "a", "a et b", "a, b et c".
func (l Locale) List(items []string) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return items[0]
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " " + l.T("list.and") + " " + items[last]
}

// Count is a number beside a name: how many there are, and above 999 that there are more.
func (l Locale) Count(n int) string {
	if n > 999 {
		return l.Number(999) + "+"
	}
	return l.Number(n)
}
