//go:build !faults

package point

// Reached does nothing, and costs nothing.
func Reached(Name) {}
