package bluesky

import (
	"regexp"
	"sort"
	"strings"

	"comptoir/internal/text"
)

var (
	mentionForm = regexp.MustCompile(`(^|[\s(])@([a-zA-Z0-9.-]+[a-zA-Z0-9])`)
	tagForm     = regexp.MustCompile(`(^|\s)[#＃]([^\s\x{00AD}\x{2060}\x{200A}-\x{200D}]+)`)
	tagWord     = regexp.MustCompile(`[^\d\p{P}\p{S}]`)
	tagTail     = regexp.MustCompile(`\p{P}+$`)
)

const maxTag = 64 // characters

// facetsOf finds what leads somewhere in a text: nothing is found by the network. Offsets are in bytes of UTF-8,
// which is what a Go string counts in. did tells who has a name, "" = nobody.
func facetsOf(words string, did func(handle string) string) (all []facet) {
	at := 0
	for _, span := range text.Linkify(words) {
		if span.Kind == text.SpanLink {
			all = append(all, facet{byteSlice{at, at + len(span.Text)}, []feature{{Type: linkFeature, URI: span.URL}}})
		}
		at += len(span.Text)
	}
	for _, m := range mentionForm.FindAllStringSubmatchIndex(words, -1) {
		if handle := words[m[4]:m[5]]; isHandle(handle) {
			if who := did(strings.ToLower(handle)); who != "" {
				all = append(all, facet{byteSlice{m[4] - 1, m[5]}, []feature{{Type: mentionFeature, DID: who}}})
			}
		}
	}
	for _, m := range tagForm.FindAllStringSubmatchIndex(words, -1) {
		tag := tagTail.ReplaceAllString(words[m[4]:m[5]], "")
		if tagWord.MatchString(tag) && text.Graphemes(tag) <= maxTag && len(tag) <= 10*maxTag {
			begin := m[3] // where the sign is: after what is before it
			all = append(all, facet{byteSlice{begin, m[4] + len(tag)}, []feature{{Type: tagFeature, Tag: tag}}})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Index.Start < all[j].Index.Start })
	return apart(all)
}

// apart leaves out what overlaps something before it.
func apart(all []facet) (kept []facet) {
	end := 0
	for _, f := range all {
		if f.Index.Start >= end {
			kept, end = append(kept, f), f.Index.End
		}
	}
	return kept
}

// unfold is a text with its links in full: programs show them in short, and keep where they lead beside the text.
func unfold(words string, facets []facet) string {
	sort.SliceStable(facets, func(i, j int) bool { return facets[i].Index.Start < facets[j].Index.Start })
	var b strings.Builder
	at := 0
	for _, f := range facets {
		from, to := f.Index.Start, f.Index.End
		if from < at || to <= from || to > len(words) || len(f.Features) == 0 || f.Features[0].Type != linkFeature {
			continue
		}
		shown, link := words[from:to], f.Features[0].URI
		b.WriteString(words[at:from])
		if at = to; strings.Contains(link, strings.TrimRight(shown, ".…")) {
			b.WriteString(link)
		} else {
			b.WriteString(shown + " (" + link + ")")
		}
	}
	return b.String() + words[at:]
}
