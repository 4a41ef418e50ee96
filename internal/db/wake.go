package db

import "sync"

// AllPlaces is given to a listener when it is not known which places' journals grew.
const AllPlaces = ""

// wakes is the list of who wants to know that a journal grew.
type wakes struct {
	mu   sync.Mutex
	next int
	fns  map[int]func(placeID string)
}

// OnWake registers fn to be called, after each commit that woke a place, with the place's id (AllPlaces
// when unknown): by this process at once, by other processes within a second. fn must not block. The
// returned function ends it. Wake-ups are a hint, never the message: read the journal.
func (d *DB) OnWake(fn func(placeID string)) (stop func()) { return d.wakes.add(fn) }

func (w *wakes) add(fn func(string)) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fns == nil {
		w.fns = map[int]func(string){}
	}
	id := w.next
	w.next++
	w.fns[id] = fn
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.fns, id)
	}
}

func (w *wakes) wake(placeIDs ...string) {
	if len(placeIDs) == 0 {
		return
	}
	w.mu.Lock()
	fns := make([]func(string), 0, len(w.fns))
	for _, fn := range w.fns {
		fns = append(fns, fn)
	}
	w.mu.Unlock()
	for _, fn := range fns {
		for _, id := range placeIDs {
			fn(id)
		}
	}
}
