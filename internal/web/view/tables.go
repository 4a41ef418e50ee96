package view

import "strings"

// Room is the settings of the tables.
type Room struct {
	Base      string // /p/…/tables
	Plan      string // where the tables are put in their places, "" while there is none
	Opening   Opening
	Zones     []ZoneRow
	Count     string // "11 tables, 3 zones"
	AddZone   Field
	Add       Field  // how many
	InZone    Field  // of the new tables
	Renew     Field  // whose codes
	When      Field  // until when the old ones do
	Open      []Fact // the hours in words, none = always open
	Hours     []HourRow
	HoursOpen bool // the form of the hours was refused: it stays open
	Kinds     []Option
	Gentle    []Field // numbers that keep it gentle
	Fixed     string  // the limits that cannot be changed
	Keep      Field   // days that guests' words are kept
	Name      bool    // guests read the first name of who comes
	Words     Field   // that the floor sees masked
	Blocked   []BlockedRow
	Error     string
}

var openingIcons = map[string]string{"open": "play", "paused": "pause", "closed": "x"}

// ZoneRow is a part of the room with its plates. The one without ID holds tables of no zone.
type ZoneRow struct {
	ID, Name string
	Who      string // who looks after it, "" = nobody
	Keeper   Field  // to say who
	Tables   []Plate
	Coded    string // "du 3 octobre"
}

// Plate is a table, and where it is edited. Stale: its printed card leads nowhere.
type Plate struct {
	Name, URL string
	Stale     bool
}

// HourRow is one day: empty fields for closed.
type HourRow struct{ Day, Name, From, To string }

// BlockedRow is a phone that is stopped tonight.
type BlockedRow struct{ Table, Say, Action string }

// OneTable is the page of one table.
type OneTable struct {
	Action string // POST; /rotate and /remove under it
	Back   string
	Plate  string
	Fields []Field
	Coded  string // "Code du 3 octobre"
	Card   string // the address of its card
	Error  string
}

// Cards is the sheet to print.
type Cards struct {
	Back    string
	Printed string // POST: they went to the printer
	Cards   []Card
	Address AddressForm
}

// Card is what stands on a table.
type Card struct {
	ID           string // of the table
	Table, Place string
	// What it says, in the place's language and then in the other.
	Lang, Say, Scan, OtherLang, OtherScan string
	URL                                   string // of the table, what the code says
	Short                                 string // the address as people read it
}

// host and code are the two parts of the address: between them it may go on in a new line.
func (c Card) host() string { return c.Short[:strings.LastIndexByte(c.Short, '/')+1] }
func (c Card) code() string { return c.Short[strings.LastIndexByte(c.Short, '/')+1:] }
