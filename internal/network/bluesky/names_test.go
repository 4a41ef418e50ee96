package bluesky

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cases are the lines of a file of the protocol's own test vectors.
func cases(t *testing.T, name string) (lines []string) {
	t.Helper()
	dir := os.Getenv("COMPTOIR_CORPORA")
	if dir == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	b, err := os.ReadFile(filepath.Join(dir, "atproto-interop", "syntax", name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if len(lines) < 3 {
		t.Fatalf("%s has %d cases", name, len(lines))
	}
	return lines
}

func TestNamesAreReadAsTheProtocolReadsThem(t *testing.T) {
	for kind, is := range map[string]func(string) bool{"handle": isHandle, "did": isDID, "tid": IsTID, "recordkey": isKey} {
		for _, s := range cases(t, kind+"_syntax_valid.txt") {
			if !is(s) {
				t.Errorf("%s %q is refused", kind, s)
			}
		}
		for _, s := range cases(t, kind+"_syntax_invalid.txt") {
			if is(s) {
				t.Errorf("%s %q is taken", kind, s)
			}
		}
	}
}

// Only names of records are read: those of an account or a collection name nothing that was said.
func TestNamesOfRecordsAreReadAsTheProtocolReadsThem(t *testing.T) {
	for _, s := range cases(t, "aturi_syntax_valid.txt") {
		if u, ok := parseURI(s); ok != (strings.Count(s, "/") == 4) || ok && u.String() != s {
			t.Errorf("%q is read as %v, %v", s, u, ok)
		}
	}
	for _, s := range cases(t, "aturi_syntax_invalid.txt") {
		if u, ok := parseURI(s); ok {
			t.Errorf("%q is taken as %v", s, u)
		}
	}
}

func TestTimesAreReadAsTheProtocolWritesThem(t *testing.T) {
	for _, s := range cases(t, "datetime_syntax_valid.txt") {
		if _, ok := parseTime(s); !ok {
			t.Errorf("%q is refused", s)
		}
	}
	for _, file := range []string{"datetime_syntax_invalid.txt", "datetime_parse_invalid.txt"} {
		for _, s := range cases(t, file) {
			if at, ok := parseTime(s); ok {
				t.Errorf("%q is taken as %v", s, at)
			}
		}
	}
}

func TestKeysAreNewAndSortByTheirTime(t *testing.T) {
	now, last := time.Now(), ""
	for range 1000 {
		key := NewTID(now)
		if !IsTID(key) || key <= last {
			t.Fatalf("%s after %s", key, last)
		}
		last = key
	}
}

func TestATextIsMeasuredByWhicheverLimitItReachesFirst(t *testing.T) {
	for s, want := range map[string]int{"": 0, "été": 3, "👩‍👩‍👧‍👦": 3, strings.Repeat("x", 300): 300, strings.Repeat("👩‍👩‍👧‍👦", 120): 300, strings.Repeat("👩‍👩‍👧‍👦", 121): 303} {
		if got := length(s); got != want {
			t.Errorf("%.20q has %d, want %d", s, got, want)
		}
	}
}
