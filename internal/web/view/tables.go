package view

// Room is the settings of the tables.
type Room struct {
	Base    string // /p/…/tables
	Opening Opening
	Zones   []ZoneRow
	Count   int
	AddZone Field
	Add     Field // how many
	InZone  Field // of the new tables
	Renew   Field // whose codes
	Hours   []HourRow
	Kinds   []Option
	Long    Field // minutes after which a wait is long
	Keep    Field // days that guests' words are kept
	Name    bool  // guests read the first name of who comes
	Limits  []Fact
	Blocked []BlockedRow
	Error   string
}

// ZoneRow is a part of the room with its plates. The one without ID holds tables of no zone.
type ZoneRow struct {
	ID, Name string
	Tables   []Plate
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
	Reach   string // "ok", "http", "private", "self"
	Address AddressForm
}

// Card is what stands on a table.
type Card struct {
	ID           string // of the table
	Table, Place string
	URL          string // of the table, what the code says
	Short        string // the address as people read it
}

// AddressForm says by which address guests come, and changes it.
type AddressForm struct {
	Now    string
	Action string // POST, "" = may not be changed here
	Field  Field
	Fixed  bool // set by the operator
	Out    int  // cards that carry the present address
	Tested string
}
