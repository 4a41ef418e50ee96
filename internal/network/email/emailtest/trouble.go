package emailtest

import (
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// Trouble is what goes wrong at the server. The zero value is an honest, healthy server.
type Trouble struct {
	// WrongPassword refuses every password, as after it was changed elsewhere.
	WrongPassword bool
	// Throttled refuses sign-in and mail for being too many, saying how long to wait.
	Throttled time.Duration
	// Greylisted refuses recipients for now (451).
	Greylisted bool
	// Refuse refuses recipients with this reply, "" = none: "550 5.1.1 no such user".
	Refuse string
	// RefuseContent refuses the mail after its end with this reply.
	RefuseContent string
	// DropAfterEnd breaks the connection when the whole mail has come, before the answer.
	DropAfterEnd Drop
	// CutFetch breaks the connection after this many bytes of the next answer with content, 0 = never.
	CutFetch int
	// NoIdle does not offer IDLE.
	NoIdle bool
	// StoresSent puts a copy of what an account sends in its Sent, after this long; 0 = it does not.
	StoresSent time.Duration
	// NoAppend refuses to store mails.
	NoAppend bool
	// Unreadable lists the numbers (UID) of mails whose content is gone.
	Unreadable map[uint32]bool
	// NoStructure makes the answer about a mail's structure unreadable.
	NoStructure bool
}

// Drop says whether a mail whose connection broke was accepted.
type Drop int

const (
	NoDrop       Drop = iota
	DropAccepted      // it was, and will be delivered
	DropLost          // it was not
)

// Set replaces the server's trouble.
func (s *Server) Set(t Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = t
}

func (s *Server) now() Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Disconnect breaks all connections.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Conn.Close()
	}
}

// replyError reads "550 5.1.1 no such user".
func replyError(s string) error {
	code, rest, _ := strings.Cut(s, " ")
	e := &smtp.SMTPError{Message: rest}
	for _, c := range code {
		e.Code = e.Code*10 + int(c-'0')
	}
	if status, text, ok := strings.Cut(rest, " "); ok && strings.Count(status, ".") == 2 {
		for i, p := range strings.Split(status, ".") {
			for _, c := range p {
				e.EnhancedCode[i] = e.EnhancedCode[i]*10 + int(c-'0')
			}
		}
		e.Message = text
	}
	return e
}
