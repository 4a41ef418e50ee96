package networktest_test

import (
	"testing"

	"comptoir/internal/network/networktest"
)

func TestTheSuiteAcceptsAnHonestDriverOverHTTP(t *testing.T) {
	networktest.Run(t, driver{}, newServer)
}
