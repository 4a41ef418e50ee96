package networktest

import (
	"testing"
	"time"

	"comptoir/internal/network"
)

// Said is what somebody says to the account.
type Said struct {
	From    network.Author
	Subject string // for networks that have one
	Text    string
	// Answers is the Receipt.ID of ours that this answers, "" = none.
	Answers network.RemoteID
	At      time.Time // zero = now
	// Private is for the account alone, on networks where that is a choice.
	Private bool
	// Padding is how many bytes more the message weighs on the wire, in whatever form the network
	// allows (an attachment, an overlong text).
	Padding int
}

// Accepted is what the network took from the account, as its own ledger has it.
type Accepted struct {
	Key     string // Draft.Key
	Text    string // decoded by other means than the driver's
	Subject string
	// Answers is the Message.ID that this answers, "" = none.
	Answers network.RemoteID
	Gone    bool // it was deleted
	Files   []File
	// Visibility is who can read it, "" where that is no choice.
	Visibility  network.Visibility
	Unpublished bool // somebody is to publish it there
}

// File is a picture or another file.
type File struct {
	Type    string
	Alt     string // what is told of it to those who do not see it
	Content []byte // nil in a ledger that does not keep it
}

// Fake is a network's server, honest and strict, with one account on it.
type Fake interface {
	// Account is how the driver opens the account.
	Account() (endpoint string, cred network.Credential)
	// Wire reaches the server. The suite breaks it.
	Wire() network.Wire
	// Someone is whom the account may write to.
	Someone() network.Author
	// Say delivers something to the account.
	Say(Said) error
	// Accepted is the ledger, in order.
	Accepted() []Accepted
}

// Optional abilities of a fake, for what a suite cannot do from outside.
type (
	// Revoker makes the credential worthless, or good again.
	Revoker interface{ Revoke(bool) }
	// Throttler refuses everything for being too much, and says to wait that long; 0 ends it.
	Throttler interface{ Throttle(time.Duration) }
	// Spoiler delivers something that cannot be read: the driver skips and counts it.
	Spoiler interface{ SaySpoilt() error }
	// Renumberer makes cursors lose their meaning (a new UIDVALIDITY, an expired stream): nothing may be skipped.
	Renumberer interface{ Renumber() error }
	// Skewer sets the server's clock so far ahead of ours; 0 ends it.
	Skewer interface{ Skew(ahead time.Duration) }
	// Judge tells whether the server takes a text, as far as its length goes.
	Judge interface{ Takes(text string) bool }
	// Illustrator delivers something with a file.
	Illustrator interface{ SayFile(Said, File) error }
	// Quiet is a network on which nobody is told of an answer.
	Quiet interface{ NobodyIsTold() }
	// Witness lists the reactions of the account to a message of somebody, by its Message.ID.
	Witness interface {
		Gestures(network.RemoteID) []network.Reaction
	}
	// Public has people do so much with a publication of ours, by its Receipt.ID.
	Public interface {
		Applaud(network.RemoteID, network.Counts) error
	}
	// Square declares that nobody chooses who can read on this network: whatever is said there, everybody can.
	Square interface{ AllIsPublic() }
	// Reviser has somebody change what they said, and take it back, by its Message.ID.
	Reviser interface {
		Revise(id network.RemoteID, text string) error
		Withdraw(id network.RemoteID) error
	}
	// Overseer tells how a message of somebody stands, by its Message.ID, and has somebody else decide of it there.
	Overseer interface {
		Stands(network.RemoteID) network.Standing
		Decide(network.RemoteID, network.Standing) error
	}
	// OneTime declares that each request holds a proof that serves once: of two copies one is refused, so a proxy
	// that repeats lets nobody read.
	OneTime interface{ RequestsServeOnce() }
	// RealServer is a real server, on which the suite breaks the wire in fewer places. It says errors.ErrUnsupported of
	// what it refuses to carry, and may show a picture in a form of its own.
	RealServer interface{ RealServer() }
)

// NewFake starts a fake that ends with the test.
type NewFake func(t testing.TB) Fake
