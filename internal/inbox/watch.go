package inbox

import (
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Watch is told what happened, for whoever counts it. Its functions must not block; each may be nil.
type Watch struct {
	// Received: so many new messages of one network. A transaction that is undone later was counted.
	Received func(kind network.Kind, n int)
	// Attempted: one attempt to send an answer, or one look for it, and its outcome is stored.
	Attempted func(Attempt)
}

// Attempt is what one attempt to send an answer brought.
type Attempt struct {
	Network network.Kind
	Outcome string        // "sent", for a look "found", else the code of the fault
	Took    time.Duration // until the network said so
	Late    time.Duration // after it was due, when it began
}

func (w Watch) received(kind network.Kind, n int) {
	if w.Received != nil && n > 0 {
		w.Received(kind, n)
	}
}

func (w Watch) attempted(d Delivery, o outcome) {
	if w.Attempted == nil || o.network == "" {
		return
	}
	a := Attempt{Network: o.network, Outcome: "sent", Took: o.took, Late: max(0, o.began.Sub(d.Due))}
	switch {
	case o.err != nil:
		a.Outcome = string(fault.CodeOf(o.err))
	case o.step == look:
		a.Outcome = "found"
	}
	w.Attempted(a)
}
