package archtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	tableKey  = regexp.MustCompile(`(?i)FOREIGN KEY\s*\(([^)]*)\)\s*REFERENCES\s+([a-z_]+)\s*\(([^)]*)\)`)
	columnKey = regexp.MustCompile(`(?im)^\s*([a-z_]+)\s+[A-Z]+[^,\n]*?REFERENCES\s+([a-z_]+)\s*\(([^)]*)\)`)
)

// crossing complains of foreign keys by which a row of one place could point at a row of another: a key to a table of
// places is a pair, the place and the id.
func (s schema) crossing() (out []string) {
	for _, table := range slices.Sorted(maps.Keys(s)) {
		if !s.ofPlace(table) {
			continue
		}
		keys := append(tableKey.FindAllStringSubmatch(s[table], -1), columnKey.FindAllStringSubmatch(s[table], -1)...)
		for _, k := range keys {
			from, target, to := k[1], strings.ToLower(k[2]), k[3]
			if s.ofPlace(target) && (!strings.Contains(from, "place_id") || !strings.Contains(to, "place_id")) {
				out = append(out, fmt.Sprintf("%s (%s) points at %s (%s) without the place", table, from, target, to))
			}
		}
	}
	return out
}

func TestNoRowPointsAcrossPlaces(t *testing.T) {
	s := readSchema(t)
	pairs := 0
	for table := range s {
		pairs += len(tableKey.FindAllString(s[table], -1))
	}
	if pairs < 15 {
		t.Errorf("only %d keys found: the patterns no longer see the schema", pairs)
	}
	report(t, s.crossing())
}

func TestAKeyWithoutItsPlaceIsFound(t *testing.T) {
	s := schema{}
	s.add(`CREATE TABLE place (id TEXT PRIMARY KEY);
		CREATE TABLE account (id TEXT, place_id TEXT NOT NULL REFERENCES place (id));
		CREATE TABLE good (place_id TEXT NOT NULL, account_id TEXT, FOREIGN KEY (place_id, account_id) REFERENCES account (place_id, id));
		CREATE TABLE bad (place_id TEXT NOT NULL, account_id TEXT, FOREIGN KEY (account_id) REFERENCES account (id));
		CREATE TABLE worse (
		  place_id TEXT NOT NULL,
		  account_id TEXT NOT NULL REFERENCES account (id)
		);`)
	compare(t, s.crossing(), "bad (account_id) points at account", "worse (account_id) points at account")
}
