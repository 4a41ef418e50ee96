package crash

import (
	"fmt"
	"strings"
	"testing"

	"comptoir/internal/db/dbtest/pgtest"
)

// Killed at any statement of a migration, or between two, the next start goes on where it was.
func TestKilledAtAnyStatementOfAMigrationTheNextStartGoesOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		killed := func(point string, n int) bool {
			h := &house{data: t.TempDir()}
			if database != "" {
				h.database = pgtest.URL(t)
			}
			said, err := comptoir(t, h, []string{fmt.Sprintf("COMPTOIR_FAULT=%s:%d", point, n)}, "migrate")
			for _, verb := range [][]string{
				{"migrate"}, {"setup", "--place", "Zinc", "--email", owner, "--password-stdin"}, {"check", "--deep"},
			} {
				if said, err := comptoir(t, h, nil, verb...); err != nil {
					t.Errorf("after %s:%d, %s: %v\n%s", point, n, verb[0], err, said)
				}
			}
			return err != nil && strings.Contains(said, "fault "+point+" fired")
		}
		if *each == 0 {
			for _, n := range append(dice("statements").Perm(40)[:3], 0) {
				if !killed("migrate.statement", n+1) {
					t.Errorf("statement %d did not kill", n+1)
				}
			}
			return
		}
		for _, point := range []string{"migrate.statement", "migrate.step"} {
			n := 1
			for killed(point, n) {
				n++
			}
			t.Logf("%s: %d", point, n-1)
			if n < 4 {
				t.Errorf("only %d of %s", n-1, point)
			}
		}
	})
}
