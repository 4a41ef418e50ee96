package view

import (
	"strings"

	qrcode "github.com/skip2/go-qrcode"
)

// qrPath draws a text as a QR code: the side of its square in modules, with the quiet edge of two that a
// phone needs, and the path of its dark ones. The side is 0 when the text is too long for any code.
func qrPath(text string) (side int, path string) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return 0, ""
	}
	code.DisableBorder = true
	rows := code.Bitmap()
	var b strings.Builder
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				b.WriteString("M" + itoa(from+2) + " " + itoa(y+2) + "h" + itoa(x-from) + "v1H" + itoa(from+2) + "z")
			}
		}
	}
	return len(rows) + 4, b.String()
}
