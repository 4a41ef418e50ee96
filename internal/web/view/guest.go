package view

// Table is the page of a table: what can be asked for. Nothing asks who the guest is.
type Table struct {
	Guest
	Action  string // where the form goes, by POST
	Kinds   []GuestKind
	Other   bool     // own words are offered
	Kind    bool     // kind words are offered
	Whoms   []Option // to whom they are said
	Text    string   // what was typed and refused
	KindOn  bool     // the refused words were kind ones
	Error   string   // why it was refused
	MaxText int
	Usual   string // "On passe vous voir, d'habitude en 3 min", "" = not known
	Privacy string // address of the notice
	Follow  *Link  // to what was asked for already
}

// GuestKind is one thing to ask for with one touch.
type GuestKind struct{ Kind, Icon string }

// GuestIcons are the drawings of what a table can ask for.
var GuestIcons = map[string]string{"hungry": "utensils", "bill": "receipt-text", "water": "glass-water", "loud": "volume-2", "kind": "heart", "other": "message-circle"}

// Follow is the page on which a guest sees what became of it. Its part #suivi lives.
type Follow struct {
	Guest
	Calls   []GuestCall
	Lines   []GuestLine
	Unknown bool   // the browser refused the cookie: nothing of theirs can be shown
	Home    string // the table's page
	Self    string // this page, for those without script
	Privacy string
}

// GuestCall is one thing that this guest asked for.
type GuestCall struct {
	ID       string
	Say      string // "On a faim"
	Words    []string
	Step     int // 1 received, 2 on the way, 3 at the table
	Face     *Face
	News     string // "Noémie s'en vient"
	Received string // clocks
	Taken    string
	Done     string
	Withdraw string // POST addresses, "" = not now
	Answer   string
	Answered string // what the guest said to "all good?"
}

// GuestLine is something written, by the guest or by the place.
type GuestLine struct {
	ID   string
	Mine bool
	Who  string
	Text string
	When string
}

// GuestClosed is a page on which nothing can be asked for: closed, paused, an unknown code.
type GuestClosed struct {
	Guest
	Title, Text string // in the middle
	Hours       []Fact
	Mail        string // the place's mailbox, "" for none
}

// stepClass marks a step as behind, as the present one, or not at all. The last one is behind as soon as it is reached.
func (c GuestCall) stepClass(step int) string {
	switch {
	case c.Step > step || c.Step == 3:
		return "ok"
	case c.Step == step:
		return "now"
	}
	return ""
}
