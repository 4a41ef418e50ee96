package door

import "time"

// SetPatience changes how long a visitor is waited for, until undo.
func SetPatience(d time.Duration) (undo func()) {
	was := patience
	patience = d
	return func() { patience = was }
}
