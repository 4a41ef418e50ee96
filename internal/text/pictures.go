package text

import (
	"strings"

	"golang.org/x/net/html"
)

// RemotePictures counts the pictures of a mail's HTML that would be fetched from elsewhere, and so tell its sender that it
// was read. Nothing here ever fetches them.
func RemotePictures(src string) int {
	if src == "" {
		return 0
	}
	n := 0
	z := html.NewTokenizer(strings.NewReader(src))
	for read := 0; read < maxNodes; read++ {
		switch z.Next() {
		case html.ErrorToken:
			return n
		case html.StartTagToken, html.SelfClosingTagToken:
			if fetches(z) {
				n++
			}
		}
	}
	return n
}

// fetches tells whether the tag that z stands at would fetch a picture.
func fetches(z *html.Tokenizer) bool {
	name, more := z.TagName()
	picture := string(name) == "img"
	found := false
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch k := string(key); {
		case k == "background", picture && (k == "src" || k == "srcset"):
			found = found || elsewhere(string(value))
		}
	}
	return found
}

func elsewhere(address string) bool {
	a := strings.ToLower(strings.TrimSpace(address))
	return strings.HasPrefix(a, "http:") || strings.HasPrefix(a, "https:") || strings.HasPrefix(a, "//")
}
