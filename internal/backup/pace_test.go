package backup

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestABackupRestsAsLongAsItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := newPace()
		const work = 300 * time.Microsecond
		for range 7000 {
			time.Sleep(work)
			p.Write(nil)
		}
		if took, want := time.Since(began), 2*7000*work; took != want {
			t.Errorf("%v of work took %v, not %v", 7000*work, took, want)
		}
		began = time.Now()
		time.Sleep(time.Minute) // the disk was slow
		p.Write(nil)
		if rested := time.Since(began) - time.Minute; rested > restAtOnce {
			t.Errorf("it rested for %v", rested)
		}
	})
}
