package view

// Board is the room as colleagues see it: what waits, what is on its way, the plan. Its part #salle lives.
type Board struct {
	Base     string // POST Base/calls/ID/take …
	Waiting  []Slip
	Coming   []Slip
	Done     []DoneRow
	DoneAll  int // done tonight
	Plan     Plan
	PlanLine string // "11 tables, 2 appels"
	Usual    string // "D'habitude, on passe en 3 min."
	Blocked  []BlockedRow
	Opening  Opening
	Members  []Colleague
	Tables   []Option // for calls whose table is not known
	NoTable  *Link    // where tables are added, when there is none
}

// DoneRow is a call that is done, or something kind that was said.
type DoneRow struct {
	Table, Say, Who string
	Kind            bool
	Lang            string // of Say, when it is a guest's own words
}

// Slip is one call, with its gestures.
type Slip struct {
	Bon
	Key    string // the call's id
	Where  string // the table's id, "" = not known
	Guests []string
	Face   *Face // who goes
}

// bare is the slip without who goes, who stands beside the gesture.
func (c Slip) bare() Bon {
	b := c.Bon
	b.Who = ""
	return b
}

// Colleague is somebody a call can be given to.
type Colleague struct {
	ID    string
	Face  Face
	First string // first name
	Zones string // the zones that they look after, "" = none
}

// Opening is whether the table pages answer, and how to change it: by POST with state=open|paused|closed.
type Opening struct {
	State, Say, Action string
}
