package blueskytest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"comptoir/internal/network/bluesky"
	"comptoir/internal/text"
)

// check says why a record is refused, "" when it is not: what the lexicons say of it, and no field that they do not
// name.
func (s *Server) check(by *Account, w writing) string {
	if w.Record["$type"] != w.Collection {
		return fmt.Sprintf("$type is %v", w.Record["$type"])
	}
	if w.Key != "" && !bluesky.IsTID(w.Key) {
		return "rkey is no TID"
	}
	switch w.Collection {
	case bluesky.PostType:
		return s.checkPost(w.Record)
	case "app.bsky.feed.like", "app.bsky.feed.repost":
		return first(only(w.Record, "$type", "subject", "createdAt"), reference(w.Record["subject"]), moment(w.Record["createdAt"]))
	}
	return "Lexicon not found"
}

func (s *Server) checkPost(p map[string]any) string {
	words, ok := p["text"].(string)
	if !ok {
		return "must have the property text"
	}
	if !Takes(words) {
		return "text must not be longer than 300 graphemes, or 3000 bytes"
	}
	if words == "" && p["embed"] == nil {
		return "nothing is said"
	}
	why := first(only(p, "$type", "text", "facets", "reply", "embed", "langs", "createdAt"), moment(p["createdAt"]), checkFacets(words, p["facets"]))
	if langs, ok := p["langs"].([]any); p["langs"] != nil && (!ok || len(langs) > 3) {
		why = first(why, "langs must not have more than 3 elements")
	}
	if reply, ok := p["reply"].(map[string]any); p["reply"] != nil {
		if !ok {
			return first(why, "reply is no object")
		}
		why = first(why, only(reply, "root", "parent"), reference(reply["root"]), reference(reply["parent"]), s.threaded(reply))
	}
	if p["embed"] != nil {
		why = first(why, s.checkImages(p["embed"]))
	}
	return why
}

// threaded checks that an answer names the beginning of its thread: the network would show it nowhere.
func (s *Server) threaded(reply map[string]any) string {
	parent, _ := reply["parent"].(map[string]any)
	above := s.record(fmt.Sprint(parent["uri"]))
	if above == nil {
		return "" // nobody checks that
	}
	root := above.URI
	if deeper, ok := above.Value["reply"].(map[string]any); ok {
		root = fmt.Sprint(deeper["root"].(map[string]any)["uri"])
	}
	if got, _ := reply["root"].(map[string]any); got["uri"] != root || parent["cid"] != above.CID {
		return "the root is another, or the parent another version"
	}
	return ""
}

func checkFacets(words string, v any) string {
	if v == nil {
		return ""
	}
	all, ok := v.([]any)
	if !ok || len(all) == 0 {
		return "facets is no array"
	}
	end := 0
	for _, one := range all {
		f, _ := one.(map[string]any)
		index, _ := f["index"].(map[string]any)
		from, to := number(index["byteStart"]), number(index["byteEnd"])
		features, _ := f["features"].([]any)
		if from < end || to <= from || to > len(words) || len(features) != 1 {
			return fmt.Sprintf("a facet from %d to %d, after %d", from, to, end)
		}
		end = to
		feature, _ := features[0].(map[string]any)
		if why := checkFeature(feature, words[from:to]); why != "" {
			return why
		}
	}
	return ""
}

// checkFeature compares what a facet leads to with what its bytes show.
func checkFeature(f map[string]any, shown string) string {
	value := func(name string) string { v, _ := f[name].(string); return v }
	switch value("$type") {
	case "app.bsky.richtext.facet#mention":
		if !strings.HasPrefix(value("did"), "did:") || !strings.HasPrefix(shown, "@") {
			return "a mention of nobody: " + shown
		}
	case "app.bsky.richtext.facet#link":
		if !strings.HasPrefix(value("uri"), "http") || strings.TrimSpace(shown) != shown {
			return "a link to nowhere: " + shown
		}
	case "app.bsky.richtext.facet#tag":
		if _, after, ok := strings.Cut(strings.Replace(shown, "＃", "#", 1), "#"); !ok || value("tag") != after || text.Graphemes(after) > 64 {
			return "a tag that is none: " + shown
		}
	default:
		return "an unknown feature"
	}
	return ""
}

func (s *Server) checkImages(v any) string {
	e, _ := v.(map[string]any)
	images, _ := e["images"].([]any)
	if e["$type"] != "app.bsky.embed.images" || len(images) == 0 || len(images) > 4 {
		return "embed has no picture, or more than 4"
	}
	for _, one := range images {
		i, _ := one.(map[string]any)
		blob, _ := i["image"].(map[string]any)
		link, _ := blob["ref"].(map[string]any)
		b := s.blobs[fmt.Sprint(link["$link"])]
		if _, ok := i["alt"].(string); !ok || only(i, "image", "alt", "aspectRatio") != "" {
			return "a picture without alt"
		}
		if b == nil || len(b) > 2_000_000 || number(blob["size"]) != len(b) || !strings.HasPrefix(fmt.Sprint(blob["mimeType"]), "image/") {
			return fmt.Sprintf("BlobTooLarge, or Could not find blob: %v", link["$link"])
		}
		if size, ok := i["aspectRatio"].(map[string]any); i["aspectRatio"] != nil && (!ok || number(size["width"]) < 1 || number(size["height"]) < 1) {
			return "aspectRatio"
		}
	}
	return ""
}

func first(whys ...string) string {
	for _, w := range whys {
		if w != "" {
			return w
		}
	}
	return ""
}

func only(m map[string]any, names ...string) string {
	for name := range m {
		if !slices.Contains(names, name) {
			return "this fake knows no field " + name
		}
	}
	return ""
}

func reference(v any) string {
	m, _ := v.(map[string]any)
	if name, _ := m["uri"].(string); !strings.HasPrefix(name, "at://did:") || m["cid"] == "" || m["cid"] == nil {
		return fmt.Sprintf("%v is no strongRef", v)
	}
	return only(m, "uri", "cid")
}

func moment(v any) string {
	s, _ := v.(string)
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return "createdAt must be a valid atproto datetime"
	}
	return ""
}

func number(v any) int {
	n, _ := v.(json.Number)
	i, err := n.Int64()
	if err != nil {
		return -1
	}
	return int(i)
}

func subject(value map[string]any) string {
	m, _ := value["subject"].(map[string]any)
	name, _ := m["uri"].(string)
	return name
}

// Takes tells whether a text is not too long for a post.
func Takes(words string) bool { return len(words) <= 3000 && text.Graphemes(words) <= 300 }
