package inbox

import (
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// DeliveryState is how far an answer has come.
type DeliveryState string

const (
	Waiting   DeliveryState = "waiting"   // to be sent at Due
	Sending   DeliveryState = "sending"   // an attempt is under way, or was when the program stopped
	Sent      DeliveryState = "sent"      // the network has it
	Failed    DeliveryState = "failed"    // it did not leave, and will not by itself
	Held      DeliveryState = "held"      // the account needs a person first
	Uncertain DeliveryState = "uncertain" // it left, and nobody knows whether it arrived
	Cancelled DeliveryState = "cancelled" // taken back before it left
)

// Delivery is an answer on its way: the row that decides what may still be done.
type Delivery struct {
	MessageID string
	PlaceID   string
	AccountID string
	AnswersID string // the message answered
	State     DeliveryState
	Settle    bool
	Key       string    // frozen before the first byte left
	Due       time.Time // when the next thing is done with it: it leaves, or is looked for
	Late      time.Time // after this it is not sent without asking
	Tried     time.Time
	Left      time.Time // since then the network may have it, zero = it surely has not
	Attempts  int
	Looks     int
	fence     int64
	FaultCode fault.Code
	FaultKey  string
	Note      string
}

const deliveryColumns = "message_id, place_id, account_id, answers_id, state, settle, key, due_at, late_at, tried_at, left_at, attempts, looks, fence, fault_code, fault_key, note"

func scanDelivery(r db.Row) (d Delivery, err error) {
	var due, late, tried, left int64
	err = r.Scan(&d.MessageID, &d.PlaceID, &d.AccountID, &d.AnswersID, &d.State, &d.Settle, &d.Key, &due, &late, &tried, &left, &d.Attempts, &d.Looks, &d.fence, &d.FaultCode, &d.FaultKey, &d.Note)
	d.Due, d.Late, d.Tried, d.Left = db.Time(due), db.Time(late), db.Time(tried), db.Time(left)
	return d, err
}

// DeliverArgs is the job that sends an answer, or looks for it. It may run twice: the row decides.
type DeliverArgs struct {
	Place   string `json:"place"`
	Message string `json:"message"`
}

// Kind names the job.
func (DeliverArgs) Kind() string { return "inbox.deliver" }
