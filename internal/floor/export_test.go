package floor

import (
	"net/netip"
	"time"
)

// HashOf is what is kept of an address on a day.
func (f *Floor) HashOf(addr netip.Addr, day time.Time) string {
	return f.speaker(Asking{Address: addr}, day).address
}

// Codes gives the tests the signer.
func (f *Floor) Codes() Codes { return f.codes }
