package inbox

import (
	"sync"
	"time"
)

// memory is what this process knows of attempts and the store does not. Losing it costs time, or a question to a
// person, and never a second send.
type memory struct {
	mu sync.Mutex
	// since is when this process began an attempt, or first heard that its fate is unknown. Unlike what is stored,
	// it is measured by a clock that nobody sets: absence from a mailbox proves something after a while, and a
	// leap of the wall clock is no while.
	since map[string]time.Time
	// unsaved are outcomes that the store did not take: a full disk, a database that was away.
	unsaved map[string]unsaved
}

type unsaved struct {
	delivery Delivery
	outcome  outcome
}

// begun notes the beginning of a step.
func (m *memory) begun(id string, s step) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.since == nil {
		m.since, m.unsaved = map[string]time.Time{}, map[string]unsaved{}
	}
	if _, known := m.since[id]; s == send || !known {
		m.since[id] = time.Now()
	}
}

func (m *memory) tried(id string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since[id]
}

// recall returns an outcome that is still to be stored.
func (m *memory) recall(id string) (unsaved, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, ok := m.unsaved[id]
	return u, ok
}

// ended notes whether an outcome was stored.
func (m *memory) ended(d Delivery, o outcome, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.unsaved[d.MessageID] = unsaved{d, o}
		return
	}
	delete(m.unsaved, d.MessageID)
	if o.err == nil {
		delete(m.since, d.MessageID)
	}
}
