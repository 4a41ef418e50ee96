package inbox

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Tab is one view of the list.
type Tab string

const (
	TabOpen      Tab = "open"      // to answer: open, not of machines
	TabMine      Tab = "mine"      // open and entrusted to who asks
	TabSnoozed   Tab = "snoozed"   // set aside
	TabSettled   Tab = "settled"   // closed
	TabAutomatic Tab = "automatic" // only machines spoke
	TabAll       Tab = "all"
)

// Tabs lists the tabs in the order of the screen.
var Tabs = []Tab{TabOpen, TabMine, TabSnoozed, TabSettled, TabAutomatic}

// Query chooses conversations.
type Query struct {
	Tab      Tab    // "" = TabOpen, or every one when Search is set
	MemberID string // who asks: for TabMine and drafts
	Hidden   []network.Kind
	Only     network.Kind // "" = every network
	LabelID  string
	PersonID string
	Search   string // words; accents and case do not matter
	After    string // the mark of the previous page, or the id of its last conversation; "" = from the newest
	Limit    int    // 1 to 100; 0 = 30
}

// Row is one conversation of a list, with what the row shows.
type Row struct {
	Conversation
	Name string // of the person, "" = nobody answered yet

	Labels   []Label
	Assignee string // the member's name
	Draft    bool
	Match    *Match // of a search; nil in other lists
}

// Page is part of a list, the newest first.
type Page struct {
	Rows []Row
	Next string // the mark to continue from, "" = that was all
}

const pageRows = 30

// List returns a page of conversations. It returns fault.Invalid for a mark that it did not give.
func (b *Inbox) List(ctx context.Context, placeID string, q Query) (Page, error) {
	if q.Limit <= 0 || q.Limit > 100 {
		q.Limit = pageRows
	}
	var p Page
	var err error
	if strings.TrimSpace(q.Search) != "" {
		p, err = b.search(ctx, placeID, q)
	} else {
		p, err = b.list(ctx, placeID, q)
	}
	if err != nil {
		return p, err
	}
	return p, b.dress(ctx, placeID, q.MemberID, p.Rows)
}

// stretches are the parts of a tab that the index conversation_list holds in order, where these are several: a page
// is among the first rows of each, however many there are.
var stretches = map[Tab][]string{
	TabSnoozed:   {"c.state = 'snoozed' AND c.automatic = FALSE", "c.state = 'snoozed' AND c.automatic = TRUE"},
	TabAutomatic: {"c.state = 'open' AND c.automatic = TRUE", "c.state = 'snoozed' AND c.automatic = TRUE", "c.state = 'settled' AND c.automatic = TRUE"},
	TabAll: {
		"c.state = 'open' AND c.automatic = FALSE", "c.state = 'snoozed' AND c.automatic = FALSE", "c.state = 'settled' AND c.automatic = FALSE",
		"c.state = 'open' AND c.automatic = TRUE", "c.state = 'snoozed' AND c.automatic = TRUE", "c.state = 'settled' AND c.automatic = TRUE",
	},
}

// where is the condition of a query, without its mark, and its arguments; $1 is the place.
func (q Query) where(placeID string) (string, []any) {
	args := []any{placeID}
	cond := "c.place_id = $1 AND c.merged_into = ''"
	add := func(s string, v any) {
		args = append(args, v)
		cond += " AND " + strings.ReplaceAll(s, "?", "$"+strconv.Itoa(len(args)))
	}
	switch q.Tab {
	case TabMine:
		cond += " AND c.state = 'open' AND c.assignee_id <> ''" // as the index says it
		add("c.assignee_id = ?", q.MemberID)
	case TabSnoozed:
		cond += " AND c.state = 'snoozed'"
	case TabSettled:
		cond += " AND c.state = 'settled' AND c.automatic = FALSE"
	case TabAutomatic:
		cond += " AND c.automatic"
	case TabAll:
	default:
		cond += " AND c.state = 'open' AND c.automatic = FALSE"
	}
	for _, k := range q.Hidden[:min(len(q.Hidden), 20)] {
		add("c.kind <> ?", string(k))
	}
	if q.Only != "" {
		add("c.kind = ?", string(q.Only))
	}
	if q.PersonID != "" {
		add("c.person_id = ?", q.PersonID)
	}
	if q.LabelID != "" {
		add("c.id IN (SELECT conversation_id FROM conversation_label WHERE place_id = $1 AND label_id = ?)", q.LabelID)
	}
	return cond, args
}

// Wants tells whether a row belongs to the list of a query, as its condition does in the database. A query with
// words is not asked: only the index knows what they find.
func (q Query) Wants(r Row) bool {
	switch q.Tab {
	case TabMine:
		if r.State != Open || r.AssigneeID != q.MemberID {
			return false
		}
	case TabSnoozed:
		if r.State != Snoozed {
			return false
		}
	case TabSettled:
		if r.State != Settled || r.Automatic {
			return false
		}
	case TabAutomatic:
		if !r.Automatic {
			return false
		}
	case TabAll:
	default:
		if r.State != Open || r.Automatic {
			return false
		}
	}
	if slices.Contains(q.Hidden, r.Kind) || q.Only != "" && r.Kind != q.Only || q.PersonID != "" && r.PersonID != q.PersonID {
		return false
	}
	return q.LabelID == "" || slices.ContainsFunc(r.Labels, func(l Label) bool { return l.ID == q.LabelID })
}

const rowColumns = conversationColumns + ", coalesce(p.name, ''), coalesce(m.name, '')"
const rowTables = " FROM conversation c LEFT JOIN person p ON p.place_id = c.place_id AND p.id = c.person_id LEFT JOIN member m ON m.id = c.assignee_id WHERE "

func scanRow(r db.Row) (row Row, err error) {
	row.Conversation, err = scanConversation(scanning(func(dest ...any) error { return r.Scan(append(dest, &row.Name, &row.Assignee)...) }))
	return row, err
}

// scanning makes a db.Row of a function.
type scanning func(dest ...any) error

func (s scanning) Scan(dest ...any) error { return s(dest...) }

func (b *Inbox) list(ctx context.Context, placeID string, q Query) (Page, error) {
	var below []any
	if q.After != "" {
		at, id, err := b.position(ctx, placeID, q.After)
		if err != nil {
			return Page{}, err
		}
		below = []any{at, id}
	}
	statement, args := q.statement(placeID, below)
	rows, err := db.Collect(scanRow)(b.DB.Query(ctx, statement, args...))
	if err != nil {
		return Page{}, err
	}
	p := Page{Rows: rows}
	if len(rows) > q.Limit {
		p.Rows = rows[:q.Limit]
		last := p.Rows[q.Limit-1]
		p.Next = strconv.FormatInt(db.Micros(last.LastAt), 36) + "." + last.ID
	}
	return p, nil
}

// statement reads one row more than a page, those below a position (last_at, id) when there is one.
func (q Query) statement(placeID string, below []any) (string, []any) {
	cond, args := q.where(placeID)
	if len(below) > 0 {
		args = append(args, below...)
		cond += " AND (c.last_at, c.id) < ($" + strconv.Itoa(len(args)-1) + ", $" + strconv.Itoa(len(args)) + ")"
	}
	args = append(args, q.Limit+1)
	first := " ORDER BY c.last_at DESC, c.id DESC LIMIT $" + strconv.Itoa(len(args))
	if parts := stretches[q.Tab]; len(parts) > 0 && q.PersonID == "" && q.LabelID == "" {
		var each []string
		for _, part := range parts {
			each = append(each, "SELECT id FROM (SELECT c.id FROM conversation c WHERE c.place_id = $1 AND "+part+" AND "+cond+first+") AS part")
		}
		cond = "c.place_id = $1 AND c.id IN (" + strings.Join(each, " UNION ALL ") + ")"
	}
	return "SELECT " + rowColumns + rowTables + cond + first, args
}

// position is where a mark stands in the list, or a conversation now.
func (b *Inbox) position(ctx context.Context, placeID, after string) (at int64, id string, err error) {
	if !db.IsID(after) {
		return parseMark(after)
	}
	c, err := b.Get(ctx, placeID, after)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.Invalid, "inbox.list", "inbox.mark")
	}
	return db.Micros(c.LastAt), after, err
}

func parseMark(s string) (int64, string, error) {
	at, id, ok := strings.Cut(s, ".")
	n, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil || !db.IsID(id) {
		return 0, "", fault.New(fault.Invalid, "inbox.list", "inbox.mark")
	}
	return n, id, nil
}

// dress adds labels, handles and drafts to rows.
func (b *Inbox) dress(ctx context.Context, placeID, memberID string, rows []Row) error {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	labels, err := labelsOf(ctx, b.DB, placeID, ids)
	if err != nil {
		return err
	}
	drafts := map[string]bool{}
	if memberID != "" {
		if drafts, err = draftsOf(ctx, b.DB, placeID, memberID, ids); err != nil {
			return err
		}
	}
	for i := range rows {
		rows[i].Labels, rows[i].Draft = labels[rows[i].ID], drafts[rows[i].ID]
	}
	return nil
}

// Rows returns conversations by id as List does, for pages that live; one that is merged or gone is
// missing.
func (b *Inbox) Rows(ctx context.Context, placeID, memberID string, ids ...string) ([]Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := db.In(2, ids, placeID)
	rows, err := db.Collect(scanRow)(b.DB.Query(ctx, "SELECT "+rowColumns+rowTables+"c.place_id = $1 AND c.merged_into = '' AND c.id IN ("+list+") ORDER BY c.last_at DESC, c.id DESC", args...))
	if err != nil {
		return nil, err
	}
	return rows, b.dress(ctx, placeID, memberID, rows)
}

// Spoken counts the messages that a person wrote in their conversations with a place: all of them, and those since
// a moment.
func (b *Inbox) Spoken(ctx context.Context, placeID, personID string, since time.Time) (all, lately int, err error) {
	err = b.DB.QueryRow(ctx, "SELECT count(*), coalesce(sum(CASE WHEN sort_at >= $3 THEN 1 ELSE 0 END), 0) FROM message WHERE place_id = $1 AND person_id = $2 AND conversation_id IN (SELECT id FROM conversation WHERE place_id = $1 AND person_id = $2)", placeID, personID, db.Micros(since)).Scan(&all, &lately)
	return all, lately, err
}

// Entrusted counts the open conversations that each member sees to.
func (b *Inbox) Entrusted(ctx context.Context, placeID string) (map[string]int, error) {
	rows, err := b.DB.Query(ctx, "SELECT assignee_id, count(*) FROM conversation WHERE place_id = $1 AND state = 'open' AND merged_into = '' AND assignee_id <> '' GROUP BY assignee_id", placeID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	n := map[string]int{}
	for rows.Next() {
		var id string
		var count int
		if err := rows.Scan(&id, &count); err != nil {
			return nil, err
		}
		n[id] = count
	}
	return n, rows.Err()
}

// Counts is how many conversations wait in each tab. What is more than Many is told as Many: nobody reads the
// difference, and everybody would wait for it.
type Counts struct{ Open, Mine, Snoozed, Automatic int }

// Many is the most that Counts counts.
const Many = 1000

// Counts counts, for a member. Open and Mine are those without an answer yet.
func (b *Inbox) Counts(ctx context.Context, placeID, memberID string) (n Counts, err error) {
	err = b.DB.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM (SELECT 1 FROM conversation WHERE place_id = $1 AND state = 'open' AND automatic = FALSE AND waiting_since > 0 AND merged_into = '' LIMIT $3) AS few),
		(SELECT count(*) FROM (SELECT 1 FROM conversation WHERE place_id = $1 AND state = 'open' AND assignee_id = $2 AND assignee_id <> '' AND waiting_since > 0 AND merged_into = '' LIMIT $3) AS few),
		(SELECT count(*) FROM (SELECT 1 FROM conversation WHERE place_id = $1 AND state = 'snoozed' AND merged_into = '' LIMIT $3) AS few)`,
		placeID, memberID, Many).Scan(&n.Open, &n.Mine, &n.Snoozed)
	return n, err
}
