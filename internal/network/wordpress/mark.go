package wordpress

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// mark is how far the comments were read, as a cursor: all beyond a number, each with what it looked like when it was
// told.
type mark struct {
	// From is the number below which nothing is looked for any more.
	From number `json:"from"`
	// Seen is, by number, how a comment looked; unread for one that could not be read. One whose number could not be
	// read either stands under the sum of its bytes.
	Seen map[string]string `json:"seen"`
}

const unread = "!"

// maxSeen bounds how many are followed.
const maxSeen = 200

func parseMark(cur network.Cursor) (m mark, err error) {
	if err := json.Unmarshal([]byte(cur), &m); err != nil {
		return m, fault.Wrap(err, fault.Invalid, opFetch, "")
	}
	if m.Seen == nil {
		m.Seen = map[string]string{}
	}
	return m, nil
}

func (m mark) String() string { return string(asJSON(m)) }

// last is the highest number that was told.
func (m mark) last() number {
	n := m.From
	for k := range m.Seen {
		n = max(n, numberOf(k))
	}
	return n
}

// drop forgets what is below a number, and the oldest when they are too many.
func (m *mark) drop(below number) {
	m.From = max(m.From, below-1)
	known := slices.SortedFunc(maps.Keys(m.Seen), func(a, b string) int { return int(numberOf(a) - numberOf(b)) })
	for i, k := range known {
		n := numberOf(k)
		if n > 0 && n <= m.From || len(known)-i > maxSeen {
			delete(m.Seen, k)
			m.From = max(m.From, n)
		}
	}
}

// numberOf is the number of a comment in a mark, 0 for what has none.
func numberOf(key string) number {
	n, err := strconv.ParseInt(strings.TrimSpace(key), 10, 64)
	if err != nil {
		return 0
	}
	return number(n)
}
