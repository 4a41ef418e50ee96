package api

import (
	"errors"
	"os"
	"testing"
)

// Whatever huma finds wrong, and however little it says of it, is an error.
func TestEveryStatusOfHumaIsAFault(t *testing.T) {
	for status := 400; status < 600; status++ {
		if err := refusal(status, nil); err == nil || status == 408 && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d: %v", status, err)
		}
	}
}
