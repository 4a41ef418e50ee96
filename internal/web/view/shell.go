package view

import "github.com/a-h/templ"

// Shell is the frame around a screen of the team: rail, top bar, keys, tabs.
type Shell struct {
	Page     PageInfo
	Place    Place
	Me       Member
	Nav      []NavItem // only what exists: a place without a feature has no link to it
	Current  string    // the Key of the NavItem that is open
	Title    string
	Sub      string // one quiet sentence beside the title
	Pair     *Link  // the verb's other place, beside the title on a phone
	Fixed    bool   // the panes scroll, not the page
	Search   *Search
	Actions  templ.Component // at the end of the top bar, the lit one last; may be nil
	Strip    templ.Component // a sentence above everything (plain http, brake); may be nil
	Keys     []KeyHint       // what the keyboard does here, at the foot of the page
	Toasts   []Toast
	Palette  Palette
	Stream   string // the address of the page's events, "" for none
	OpenPane bool   // on a phone a detail is open: the bars make room for it
}

// Place is the place on the rail.
type Place struct {
	Name string
	Line string // "ouvert jusqu'à 3 h"
	URL  string
}

// Member is the person at work.
type Member struct {
	Face     Face
	Settings string // addresses; "" hides the way
	Sessions string
	Theme    string // where the light is changed, by POST with theme=matin|soir|
	SignOut  string // POST
}

// NavItem is one place of the house. Key chooses words, drawing and verb: counter, columns, write, calendar, live,
// floor, read, portraits, regulars, measure, tables, settings.
type NavItem struct {
	Key     string
	URL     string
	Counted bool // it has a count, which the stream changes
	Count   int  // plain text, 0 shows nothing
	News    bool // a mark on the phone's tab
	Live    bool // a breathing mark instead of the count
}

// Link is words and an address.
type Link struct {
	Label string
	URL   string
}

// Search is a field to search in. The query is sent by GET.
type Search struct {
	Action string
	Name   string // of the query, "" = q
	Words  string // what it looks for, "" = everything
	Query  string
	Hidden []Hidden // other choices that stay: state, network
}

// Hidden is a value that a form carries along.
type Hidden struct{ Name, Value string }

// KeyHint is one line at the foot of the page, or of the list of shortcuts.
type KeyHint struct {
	Keys  []string
	Label string
}

// verb is one of the five, with the places that belong to it.
type verb struct {
	Key   string
	Items []NavItem
}

var navIcons = map[string]string{
	"counter": "inbox", "columns": "columns-3", "write": "pen-line", "calendar": "calendar-days", "live": "disc-3",
	"floor": "concierge-bell", "read": "book-open-text", "portraits": "quote", "regulars": "heart-handshake",
	"measure": "chart-spline", "tables": "qr-code", "settings": "settings",
}

var verbOf = map[string]string{
	"counter": "receive", "columns": "receive", "write": "write", "calendar": "write", "live": "interact", "floor": "interact",
	"read": "give", "portraits": "give", "regulars": "love", "measure": "love",
}

// verbs groups the places of the rail. What belongs to no verb (tables, settings) is reached by the member's menu.
func (s Shell) verbs() []verb {
	var vs []verb
	for _, key := range []string{"receive", "write", "interact", "give", "love"} {
		v := verb{Key: key}
		for _, n := range s.Nav {
			if verbOf[n.Key] == key {
				v.Items = append(v.Items, n)
			}
		}
		if len(v.Items) > 0 {
			vs = append(vs, v)
		}
	}
	return vs
}

// others are the places that belong to no verb.
func (s Shell) others() []NavItem {
	var ns []NavItem
	for _, n := range s.Nav {
		if verbOf[n.Key] == "" {
			ns = append(ns, n)
		}
	}
	return ns
}

// tabs are what a phone shows at the bottom: five at most, in order.
func (s Shell) tabs() []NavItem { return s.Nav[:min(5, len(s.Nav))] }

// page completes the head with what every screen of the team has.
func (s Shell) page() PageInfo {
	p := s.Page
	p.Boost, p.NoIndex = true, true
	if p.Title == "" {
		p.Title = s.Title
	}
	return p
}
