package wordpresstest

import (
	"html"
	"regexp"
	"strconv"
	"strings"
)

var (
	tags   = regexp.MustCompile(`</?[a-zA-Z!][^<>]*>`)
	images = regexp.MustCompile(`wp-image-(\d+)`)
	marks  = regexp.MustCompile(`<!--.*?-->`)
	breaks = regexp.MustCompile(`</p>|<br\s*/?>`)
)

// filtered is how what a guest says is kept: as the markup that shows it, for none of it is meant as markup.
func filtered(typed string) string {
	return strings.ToValidUTF8(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(typed), "?")
}

// rendered is a comment as pages show it: paragraphs, and quotes that somebody finds more beautiful.
func rendered(raw string) string {
	return "<p>" + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(raw, "'", "&#8217;"), "\n\n", "</p>\n<p>"), "\n", "<br />\n") + "</p>\n"
}

// textured is a title as pages show it.
func textured(title string) string {
	return strings.NewReplacer("&", "&#038;", "'", "&#8217;", `"`, "&#8220;").Replace(title)
}

// sanitized is a slug as the site makes it of what is given.
func sanitized(slug string) string {
	slug = strings.ToLower(tags.ReplaceAllString(slug, ""))
	slug = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		if r == ' ' || r == '.' {
			return '-'
		}
		return -1
	}, slug)
	if slug == "" {
		slug = "sans-titre"
	}
	return slug[:min(len(slug), 200)]
}

// Typed is what a reader sees of a comment or an article: its words.
func Typed(stored string) string {
	s := breaks.ReplaceAllString(marks.ReplaceAllString(stored, ""), "\n")
	return html.UnescapeString(tags.ReplaceAllString(s, ""))
}

// Shown are the files that an article shows.
func Shown(content string) (ids []int64) {
	for _, m := range images.FindAllStringSubmatch(content, -1) {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		ids = append(ids, n)
	}
	return ids
}
