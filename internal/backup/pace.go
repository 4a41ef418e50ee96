package backup

import "time"

// pace makes room for those who work meanwhile: whoever writes to it rests as long as they worked since the last time. A backup
// takes twice as long, and half of one processor; on a small machine there are two, one of them the database's.
type pace struct{ since time.Time }

func newPace() *pace { return &pace{time.Now()} }

const (
	workAtOnce = time.Millisecond       // shorter rests would end late
	restAtOnce = 100 * time.Millisecond // who took very long waited for others, and they did not wait for us
)

func (p *pace) Write(b []byte) (int, error) {
	if worked := time.Since(p.since); worked >= workAtOnce {
		time.Sleep(min(worked, restAtOnce))
		p.since = time.Now()
	}
	return len(b), nil
}
