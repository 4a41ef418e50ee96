//go:build faults

package point

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Env names the point and, after a colon, at which of its visits it kills; without a number, at the first.
const Env = "COMPTOIR_FAULT"

var (
	wanted Name
	left   atomic.Int64 // visits, the last of which kills
)

func init() {
	name, count, _ := strings.Cut(os.Getenv(Env), ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		n = 1
	}
	wanted = Name(name)
	left.Store(n)
}

// Reached kills this process when the point is the wanted one and its time has come.
func Reached(p Name) {
	if p != wanted || left.Add(-1) != 0 {
		return
	}
	os.Stderr.WriteString("fault " + string(p) + " fired\n")
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing more is done until the signal is there
}
