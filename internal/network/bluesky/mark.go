package bluesky

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"time"

	"comptoir/internal/network"
)

// mark is how far the list was read: the time of the newest item, and the names of the latest.
type mark struct {
	At    time.Time `json:"at"`
	Known []string  `json:"known"`
}

const (
	// late is how far below others a post can come to the list.
	late = 24 * time.Hour
	// maxKnown is how many names are kept: two lists.
	maxKnown = 2 * listSize
)

// readMark reads a cursor. One that is none is the beginning.
func readMark(cur network.Cursor) (m mark) {
	if json.Unmarshal([]byte(cur), &m) != nil {
		return mark{}
	}
	return m
}

func (m mark) first() bool { return m.At.IsZero() }

// floor is what is older than anything that is news.
func (m mark) floor() time.Time {
	if m.first() {
		return time.Now().Add(-historyAge)
	}
	return m.At.Add(-late)
}

func (m mark) knows(i item) bool {
	for _, name := range m.Known {
		if name == i.name {
			return true
		}
	}
	return false
}

// after is the cursor when news were read, oldest first.
func (m mark) after(news []item, cur network.Cursor) network.Cursor {
	if len(news) == 0 {
		return cur
	}
	for _, i := range news {
		m.Known = append(m.Known, i.name)
		if i.at.After(m.At) {
			m.At = i.at
		}
	}
	m.Known = m.Known[max(0, len(m.Known)-maxKnown):]
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // a time within historyAge and strings always marshal
	}
	return network.Cursor(b)
}

// nameOf is short: a cursor holds many.
func nameOf(s string) string {
	h := fnv.New64a()
	h.Write([]byte(s))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, h.Sum64()))
}
