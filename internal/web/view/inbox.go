package view

import (
	"regexp"
	"strings"

	"github.com/a-h/templ"
)

// Counter is the screen of the inbox: the list, one conversation, the person's card.
type Counter struct {
	Shell  Shell // Current, Fixed, Keys and OpenPane are set by the screen
	List   List
	Thread *Thread     // nil: none is open
	Merge  *Merge      // instead of the thread: choosing or confirming a merge
	Card   *PersonCard // nil: none
}

// List is the left pane.
type List struct {
	URL      string // of the list as it is filtered now; GET
	States   []Chip
	Networks []NetworkChoice
	Search   Search // shown in the pane on a phone
	Groups   []Group
	More     string // the next page, "" at the end
	End      string // the line that ends it: "C'est tout depuis 16 h"
	Empty    Blank  // when there is no row
	Fault    string // the sentence when it could not be read; Retry is URL
	Pick     bool   // boxes are shown without pointing: chosen by Picking
	Picking  string // the address of the list with (or, if Pick, without) boxes
	Only     []Chip // what narrows the list, each with the way to widen it again
	Labels   []LabelChoice
	Manage   string // where labels are put in order
	Bulk     Bulk
}

// Blank is why a list has nothing: State is "todo" (all served), "mine", "snoozed", "settled", "automatic", "search" or "first"
// (nothing ever came).
type Blank struct {
	State string
	Way   *Link // one way on
}

// Group is rows under one mark of time.
type Group struct {
	Title string
	Live  bool // "Dans la salle, maintenant"
	Rows  []ConvRow
}

// NetworkChoice shows or hides one network; URL is the list with the choice turned.
type NetworkChoice struct {
	Network string
	URL     string
	On      bool
}

// LabelChoice narrows the list to one label, or widens it again.
type LabelChoice struct {
	ID, Name, Tone, URL string
	On                  bool
}

// ConvRow is one conversation in the list. Its element is c-ID.
type ConvRow struct {
	ID       string
	URL      string
	Face     Face
	Name     string
	At       string // Locale.Brief
	Stamp    string // Locale.Stamp
	Excerpt  string
	Found    []Piece // of a search: what it found, instead of the excerpt
	Ours     bool    // the excerpt is our own words
	Lang     string  // of the excerpt, when it is not the page's
	New      bool
	Current  bool
	Table    string // a plate, when they sit in the room
	TableAt  string // "À la table 7 depuis 20 h 50"
	Tags     []Tag
	Note     string // "Répondu en 9 min", "En veille jusqu'à 22 h"
	Assignee string
	Draft    bool
}

// Bulk is what can be done with several rows at once. POST Action with id=… (repeated) and do=settle|reopen|snooze, assign=… or
// label=….
type Bulk struct {
	Action  string
	Settled bool // the list shows settled ones: they can only be opened again, or labelled
	Members []MemberOption
}

// Thread is one conversation. Its gestures are POSTed under Base: /reply /note /draft /settle /reopen /assign /snooze
// /label /like /floor /undo /merge /unmerge; each answers 303 to the page that shows the result.
type Thread struct {
	ID       string
	Base     string
	Back     string // the list
	Name     string
	Line     string // "Mention publique, Mastodon"
	Face     Face
	Subject  string // of a mail
	Tags     []Tag
	State    string            // "open", "snoozed" or "settled"
	StateAt  string            // the sentence of the state: "En veille jusqu'à demain, 10 h"
	Earlier  string            // older messages, "" when all are there
	Later    string            // the newest messages, "" when they are there
	Items    []templ.Component // DayMark, MessageItem, NoteItem, EventItem, in order of time
	Banners  []Banner
	Collide  *Collision
	Presence []Presence
	Assigned string // whose it is, "" nobody's
	Members  []MemberOption
	Snooze   SnoozeMenu
	Labels   []LabelOption
	Manage   string     // where labels are put in order
	Floor    *FloorMenu // to pass a message to the floor; nil: it cannot be
	CanMerge bool
	Merged   []Hidden // conversations that are part of it: Name is whose, Value the id for Base/unmerge
	Card     bool     // there is a card, which a button opens where it does not stand beside
	Remote   string   // where the network shows it
	Network  string
	Reply    Reply
}

// MemberOption is a colleague in the menu "Confier".
type MemberOption struct {
	ID     string
	Face   Face
	Detail string // "en salle, jusqu'à 2 h"
	Me     bool
	Chosen bool
}

// SnoozeMenu is the ways to set aside. until=VALUE is sent, or date= and time=.
type SnoozeMenu struct {
	Options    []Option // Label, Hint ("vendredi, 10 h"), Icon
	Date, Time string   // proposed, 2006-01-02 and 15:04
	Zone       string   // "Heure de Montréal."
}

// FloorMenu passes a message to the floor: table=ID, "" for one that is not known, and note= are sent.
type FloorMenu struct {
	Tables []Option
}

// LabelOption is a label that can be put or taken off: label=ID and on=true|false.
type LabelOption struct {
	ID, Name, Tone string
	On             bool
}

// Presence is a colleague who has the same conversation open.
type Presence struct {
	Face    Face
	Name    string
	Writing bool
}

// Collision is an answer by somebody else that came before ours was sent.
type Collision struct {
	Fact  string // "Noémie a répondu il y a 12 s"
	Words string
}

// Message is something said, by them or by us. Its element is m-ID.
type Message struct {
	ID        string
	Face      Face
	Name      string
	Handle    string
	At        string
	Stamp     string
	Us        bool
	Text      string // plain, line breaks kept; addresses become links
	Folded    string // the quote or signature below it, folded away
	Lang      string
	Subject   string // when it differs from the thread's
	Files     []File
	Blocked   int    // pictures of a mail that would have told the sender of its reading: not loaded
	Automatic bool   // a machine wrote it
	Kind      string // a kind word of a guest, and to whom: "pour la cuisine"
	Love      string // POST address, "" when the network cannot
	Loved     bool
	LovedBy   string // "Aimé par Le Zinc"
	Share     string // POST address, "" when the network cannot or the message is private
	Shared    bool
	Standing  string // network.Standing of what somebody wrote under a publication of ours, "" = nobody decides
	Decide    string // POST address with is=STANDING, "" when the place cannot
	Edited    bool   // its author changed it since
	Gone      bool   // it is no longer on its network
	Reply     bool   // the gesture that goes to the reply box
	Floor     bool   // it can be passed to the floor
	Latest    bool   // its gestures have the keys L, B, N, O, I and X
	Found     bool   // what led here: the thread opens at it
	Remote    string // the message on its network
	State     string // of ours: "" sent, "waiting", "sending", "held", "failed", "uncertain"
	Fault     string // the sentence of held, failed and uncertain, and of waiting when it was tried before
	Until     int64  // waiting: when it leaves, ms since 1970
	Undo      string // POST address while it can be taken back
	Retry     string // POST address when it failed, or when nobody knows
	Arrived   string // POST address when nobody knows: a person saw that it arrived
	Mend      string // held: where the account is seen to
}

// File is an attachment. Preview is our own re-encoded picture, "" for none.
type File struct {
	Name, Size, URL, Preview, Alt string
}

// Note is what the team tells itself.
type Note struct {
	ID    string
	Face  Face
	Title string // "Note d'Élie"
	At    string
	Stamp string
	Text  string
}

// Reply is the box at the foot.
type Reply struct {
	ID       string // of the conversation: the field keeps its text when the page changes around it
	Base     string
	Text     string // the draft
	Identity Face
	Max      int // in the network's unit, 0 = no limit
	Used     int
	Link     int    // what a link counts as, 0 = as it is written
	To       string // whom the answer notifies and who can read it, "" = the person alone
	Private  bool   // only they can
	Kept     []Kept
	Manage   string // where kept replies are put in order, "" hides it
	Attach   bool
	Error    string
	Off      string // why nobody can answer here; the box shows only notes
	Settle   bool   // "Répondre et régler" is offered
	Once     string // names this answer, so that a form sent twice answers once
	Seen     string // the latest message on the page
}

// Kept is a reply that the place keeps. Text has its variables filled.
type Kept struct {
	ID, Title, Text string
	Pieces          []Piece // Text, its variables marked
	URL             string  // the page with the text in the box, for those without script
	// The same in the house's other language, "" when there is none.
	Other, OtherLang, OtherURL string
}

// other is the language in which some of the kept answers are there too, "" for none.
func (r Reply) other() string {
	for _, k := range r.Kept {
		if k.Other != "" {
			return k.OtherLang
		}
	}
	return ""
}

// PersonCard is the right pane.
type PersonCard struct {
	Face     Face
	Name     string
	Since    string
	Networks []string
	Thanks   *Banner
	ThanksTo *Link
	Know     []string
	Facts    []Fact
	Lately   []Happening
	Table    string // where they sit now, "" = not in the room
	TableAt  string
	URL      string
	Edit     string // POST with name and about; "" hides the form
	About    string // what is known, as it is written
	Given    string // the name that the team gave, "" = the network's own
}

// Fact is a word and what is known.
type Fact struct{ Term, Text string }

// Merge is joining two conversations: first the choice of the other, then what will happen.
type Merge struct {
	Base   string // POST Base/merge with other=ID
	Back   string
	Search Search
	Rows   []MergeRow // to choose from
	First  *MergeRow  // set, with Second: confirm
	Second *MergeRow
	Facts  []Banner // what will happen: Tone "verre" or "amber"
}

// MergeRow is one of the two.
type MergeRow struct {
	ID, URL      string
	Face         Face
	Name, Detail string
	Keeps        bool // gives its name
}

var address = regexp.MustCompile(`https?://[^\s<>"'«»]+`)

// span is a piece of text, or an address in it.
type span struct {
	Text string
	URL  templ.SafeURL
}

// spans finds the addresses in a plain text. Closing punctuation stays outside of them.
func spans(text string) []span {
	var out []span
	at := 0
	for _, m := range address.FindAllStringIndex(text, -1) {
		end := m[0] + len(strings.TrimRight(text[m[0]:m[1]], ".,;:!?)]}…"))
		url := Outside(text[m[0]:end])
		if url == "" {
			continue
		}
		if m[0] > at {
			out = append(out, span{Text: text[at:m[0]]})
		}
		out = append(out, span{Text: text[m[0]:end], URL: url})
		at = end
	}
	if at < len(text) {
		out = append(out, span{Text: text[at:]})
	}
	return out
}

func (l List) empty() bool {
	for _, g := range l.Groups {
		if len(g.Rows) > 0 {
			return false
		}
	}
	return true
}

// counts tells whether the length is worth a look: what nobody reaches is counted when it is near (surface.js).
func (r Reply) counts() bool { return r.Max > 0 && (r.Max <= 10_000 || r.Used*10 >= r.Max*9) }

func (r Reply) countClass() string {
	switch {
	case r.Max > 0 && r.Used > r.Max:
		return "count--over"
	case r.Max > 0 && r.Used*10 >= r.Max*9:
		return "count--near"
	}
	return ""
}
