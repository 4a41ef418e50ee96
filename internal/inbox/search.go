package inbox

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// Match is the latest message of a conversation that holds what was searched.
type Match struct {
	MessageID string
	At        time.Time
	Ours      bool
	Pieces    []text.Piece // of its words, those that were searched marked
	n         int64
}

// terms turns what a person typed into search terms; the last word may go on.
func terms(query string) []db.Term {
	words := text.Terms(query)
	var all []db.Term
	for i, w := range words {
		star := strings.HasSuffix(w, "*")
		t := db.Term{Words: strings.Fields(strings.TrimSuffix(w, "*")), Prefix: star}
		if i == len(words)-1 && !strings.HasSuffix(query, `"`) {
			t.Prefix = true
		}
		all = append(all, t)
	}
	return all
}

// search walks over the messages that hold the words, the newest first, and returns their conversations.
func (b *Inbox) search(ctx context.Context, placeID string, q Query) (Page, error) {
	if q.Tab == "" {
		q.Tab = TabAll
	}
	var number, mark int64
	if err := b.DB.QueryRow(ctx, "SELECT n FROM place WHERE id = $1", placeID).Scan(&number); err != nil {
		return Page{}, db.NotFound(err, "inbox.search")
	}
	words := terms(q.Search)
	if len(words) == 0 {
		return Page{}, nil
	}
	if q.After != "" {
		var err error
		if mark, err = b.foundAt(ctx, placeID, number, words, q.After); err != nil {
			return Page{}, err
		}
	}
	p, err := b.found(ctx, placeID, q, number, mark, words)
	if err != nil {
		return p, err
	}
	return p, b.showMatches(ctx, placeID, p.Rows, words)
}

// found collects the conversations of one page: those whose latest match is below mark, unless that is 0.
func (b *Inbox) found(ctx context.Context, placeID string, q Query, number, mark int64, words []db.Term) (p Page, err error) {
	seen := map[string]bool{}
	var before int64
	step := q.Limit + q.Limit/2 // most conversations say a word once
	for deadline := time.Now().Add(searchTime); time.Now().Before(deadline); step = min(2*step, searchStep) {
		numbers, err := b.DB.Search(ctx, number, words, before, step)
		if err != nil || len(numbers) == 0 {
			return p, err
		}
		found, err := b.holding(ctx, placeID, q, numbers)
		if err != nil {
			return p, err
		}
		for _, n := range numbers {
			before = n
			row, ok := found[n]
			if !ok || seen[row.ID] {
				continue
			}
			if len(p.Rows) == q.Limit {
				p.Next = strconv.FormatInt(n+1, 36)
				return p, nil
			}
			seen[row.ID] = true
			if mark == 0 || n < mark { // else it stands on an earlier page
				row.Match = &Match{n: n}
				p.Rows = append(p.Rows, row)
			}
		}
		if len(numbers) < step {
			return p, nil
		}
	}
	if mark == 0 || before < mark {
		p.Next = strconv.FormatInt(before, 36)
	}
	return p, nil
}

// foundAt is the number of the message at which a page of a search ended: as its mark says, or the latest one with
// the words in the conversation that it ended with.
func (b *Inbox) foundAt(ctx context.Context, placeID string, number int64, words []db.Term, after string) (mark int64, err error) {
	none := fault.New(fault.Invalid, "inbox.list", "inbox.mark")
	if !db.IsID(after) {
		n, err := strconv.ParseInt(after, 36, 64)
		if err != nil || n <= 0 {
			return 0, none
		}
		return n, nil
	}
	for deadline := time.Now().Add(searchTime); time.Now().Before(deadline); {
		numbers, err := b.DB.Search(ctx, number, words, mark, searchStep)
		if err != nil || len(numbers) == 0 {
			return 0, cmp.Or(err, error(none))
		}
		found, err := b.holding(ctx, placeID, Query{Tab: TabAll}, numbers)
		if err != nil {
			return 0, err
		}
		for _, n := range numbers {
			if mark = n; found[n].ID == after {
				return n, nil
			}
		}
	}
	return 0, fault.New(fault.Unavailable, "inbox.list", "")
}

const (
	searchStep = 200
	searchTime = 2 * time.Second // after which what was found is shown, and the rest is the next page
)

// holding returns the conversations on screen of messages by their numbers, those that the query wants.
func (b *Inbox) holding(ctx context.Context, placeID string, q Query, numbers []int64) (map[int64]Row, error) {
	cond, args := q.where(placeID)
	from := len(args) + 1
	for _, n := range numbers {
		args = append(args, n)
	}
	found := map[int64]Row{}
	rows, err := b.DB.Query(ctx, `WITH RECURSIVE up (n, id, onto) AS (
			SELECT msg.n, own.id, own.merged_into FROM message msg JOIN conversation own ON own.place_id = msg.place_id AND own.id = msg.conversation_id
				WHERE msg.place_id = $1 AND msg.n IN (`+db.List(from, len(numbers))+`)
			UNION SELECT up.n, c.id, c.merged_into FROM up JOIN conversation c ON c.place_id = $1 AND c.id = up.onto
		) SELECT up.n, `+rowColumns+` FROM up JOIN conversation c ON c.place_id = $1 AND c.id = up.id AND up.onto = ''
			LEFT JOIN person p ON p.place_id = c.place_id AND p.id = c.person_id LEFT JOIN member m ON m.id = c.assignee_id WHERE `+cond, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		row, err := scanRow(scanning(func(dest ...any) error { return rows.Scan(append([]any{&n}, dest...)...) }))
		if err != nil {
			return nil, err
		}
		found[n] = row
	}
	return found, rows.Err()
}

// matchLength is how much of a message a list shows, in graphemes.
const matchLength = 120

// showMatches reads the messages that were found, and shows where the words stand in them.
func (b *Inbox) showMatches(ctx context.Context, placeID string, rows []Row, words []db.Term) error {
	if len(rows) == 0 {
		return nil
	}
	at := map[int64]*Match{}
	args := []any{placeID}
	for _, r := range rows {
		at[r.Match.n] = r.Match
		args = append(args, r.Match.n)
	}
	messages, err := db.Collect(scanMessage)(b.DB.Query(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND m.n IN ("+db.List(2, len(rows))+")", args...))
	for _, m := range messages {
		match := at[m.N]
		match.MessageID, match.At, match.Ours = m.ID, m.At, m.Direction == Out
		var found bool
		if match.Pieces, found = text.Found(cut(m.Text, maxIndexed), fitting(words), matchLength); !found && m.Subject != "" {
			if subject, found := text.Found(m.Subject, fitting(words), matchLength); found {
				match.Pieces = subject
			}
		}
	}
	return err
}

// fitting tells whether a folded word of a text is one that was searched.
func fitting(words []db.Term) func(string) bool {
	return func(folded string) bool {
		return slices.ContainsFunc(words, func(t db.Term) bool {
			return slices.Contains(t.Words, folded) || t.Prefix && len(t.Words) > 0 && strings.HasPrefix(folded, t.Words[len(t.Words)-1])
		})
	}
}
