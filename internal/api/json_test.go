package api

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzJSONIsAsDeepAsADecoderFindsIt(f *testing.F) {
	for _, s := range []string{"", "null", `"]["`, `{"a":[{"b":"\\\"{"}]}`, "[[],[[]]]", `{"a":{},"b":[]}`, "]]]][", `"\`, "[\"\\u005b\"]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := depth(data)
		if !json.Valid(data) {
			return // it only must not panic
		}
		now, deepest := 0, 0
		for dec := json.NewDecoder(bytes.NewReader(data)); ; {
			token, err := dec.Token()
			if err != nil {
				break
			}
			switch token {
			case json.Delim('['), json.Delim('{'):
				now++
				deepest = max(deepest, now)
			case json.Delim(']'), json.Delim('}'):
				now--
			}
		}
		if got != deepest {
			t.Errorf("%q is %d deep, want %d", data, got, deepest)
		}
	})
}
