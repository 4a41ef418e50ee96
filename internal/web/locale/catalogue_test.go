package locale

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var fix = flag.Bool("fix", false, "write the missing no-break spaces into the French catalogues")

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

func TestBothLanguagesHaveTheSameKeysAndPlaceholders(t *testing.T) {
	fr, en := mustLoad("fr"), mustLoad("en")
	if d := cmp.Diff(keys(fr), keys(en)); d != "" {
		t.Errorf("keys differ (-fr +en):\n%s", d)
	}
	for k, text := range fr {
		a, b := holes(text), holes(en[k])
		// "one" may leave the number out: "une nouvelle".
		if strings.HasSuffix(k, "[one]") {
			a, b = slices.DeleteFunc(a, isCount), slices.DeleteFunc(b, isCount)
		}
		if d := cmp.Diff(a, b); d != "" && en[k] != "" {
			t.Errorf("%s: placeholders differ (-fr +en):\n%s", k, d)
		}
	}
}

func isCount(s string) bool { return s == "{n}" }

func holes(text string) []string {
	h := placeholder.FindAllString(text, -1)
	sort.Strings(h)
	return slices.Compact(h)
}

func keys(c map[string]string) []string {
	ks := make([]string, 0, len(c))
	for k := range c {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}

func TestACountHasBothForms(t *testing.T) {
	for _, lang := range []string{"fr", "en"} {
		c := mustLoad(lang)
		for k := range c {
			base, form, ok := strings.Cut(k, "[")
			if !ok {
				continue
			}
			if form != "one]" && form != "other]" {
				t.Errorf("%s %s: no such plural form", lang, k)
			}
			for _, f := range []string{"[one]", "[other]"} {
				if c[base+f] == "" {
					t.Errorf("%s %s%s is missing", lang, base, f)
				}
			}
		}
	}
}

// What a Québec typographer would strike out, with its correction.
var typography = []struct {
	what    string
	pattern *regexp.Regexp
	right   string
}{
	{"a breaking space before : » % or $", regexp.MustCompile(` ([:»%$])`), nbsp + "$1"},
	{"a breaking space after «", regexp.MustCompile(`« `), "«" + nbsp},
	{"a space before ? ! or ;", regexp.MustCompile(`[  ]([?!;])`), "$1"},
	{"a breaking space in a time or a measure", regexp.MustCompile(`([\d}]) (h|min|s|ko|Mo|jours?|octets?)\b`), "$1" + nbsp + "$2"},
	{"a breaking space after h in a time", regexp.MustCompile(`([\d}]` + nbsp + `h) ([\d{])`), "$1" + nbsp + "$2"},
	{"a straight apostrophe", regexp.MustCompile(`(\pL)'`), "$1’"},
	{"three dots", regexp.MustCompile(`\.\.\.`), "…"},
}

func TestFrenchTypography(t *testing.T) {
	names, _ := filepath.Glob("fr/*.cat")
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(b), "\n")
		for i, line := range lines {
			key, text, ok := strings.Cut(line, " = ")
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			for _, rule := range typography {
				if rule.pattern.MatchString(text) {
					if !*fix {
						t.Errorf("%s:%d: %s in %q (go test ./internal/web/locale -run Typography -fix)", name, i+1, rule.what, text)
					}
					text = rule.pattern.ReplaceAllString(text, rule.right)
				}
			}
			lines[i] = key + " = " + text
		}
		if *fix {
			if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestEnglishTypography(t *testing.T) {
	measure := regexp.MustCompile(`([\d}]) (h|min|s|kB|MB|days?|bytes?|pm|am)\b`)
	names, _ := filepath.Glob("en/*.cat")
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fixed := measure.ReplaceAllString(string(b), "$1"+nbsp+"$2")
		fixed = regexp.MustCompile(`([\d}]`+nbsp+`h) ([\d{])`).ReplaceAllString(fixed, "$1"+nbsp+"$2")
		fixed = regexp.MustCompile(`(\pL)'`).ReplaceAllString(fixed, "$1’")
		if fixed == string(b) {
			continue
		}
		if !*fix {
			t.Errorf("%s: a breaking space in a measure or a straight apostrophe (run with -fix)", name)
			continue
		}
		if err := os.WriteFile(name, []byte(fixed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	called  = regexp.MustCompile(`\.([TN])\("([a-z0-9_.]+)"[,)]`)
	faulted = regexp.MustCompile(`fault\.New\([^,"\n]+,\s*(?:"[^"\n]*"|[a-zA-Z_]\w*),\s*"([a-z0-9_]+\.[a-z0-9_.]+)"`)
	wrapped = regexp.MustCompile(`fault\.Wrap\([^"\n]*?,\s*(?:fault\.\w+|[a-z]\w*),\s*(?:"[^"\n]*"|[a-zA-Z_]\w*),\s*"([a-z0-9_]+\.[a-z0-9_.]+)"`)
	field   = regexp.MustCompile(`fault\.Field\{[^}\n]*Key:\s*"([a-z0-9_]+\.[a-z0-9_.]+)"`)
	named   = regexp.MustCompile(`"([a-z_]+\.(?:fault|field)\.[a-z0-9_]+)"`) // a key that reaches its fault through a variable
	built   = regexp.MustCompile(`"([a-z0-9_.]+[._])"\s*\+`)
	literal = regexp.MustCompile(`"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"`)
)

// sources calls do with every hand-written Go and templ file of the module that is not a test.
func sources(t *testing.T, do func(name, text string)) {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		ok := strings.HasSuffix(name, ".templ") || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, "_templ.go")
		if !ok || d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(name)
		if err == nil {
			do(name, string(b))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryKeyInTheSourcesIsInTheCatalogues(t *testing.T) {
	c := mustLoad("fr")
	n := 0
	sources(t, func(name, text string) {
		for _, m := range called.FindAllStringSubmatch(text, -1) {
			key := m[2]
			if m[1] == "N" {
				key += "[other]"
			}
			if n++; c[key] == "" {
				t.Errorf("%s: no sentence for %s", name, key)
			}
		}
		for _, re := range []*regexp.Regexp{faulted, wrapped, field, named} {
			for _, m := range re.FindAllStringSubmatch(text, -1) {
				if n++; c[m[1]] == "" {
					t.Errorf("%s: no sentence for the fault %s", name, m[1])
				}
			}
		}
	})
	if n < 10 {
		t.Errorf("only %d keys found: the patterns no longer see the sources", n)
	}
}

func TestNoSentenceIsUnused(t *testing.T) {
	used, prefixes := map[string]bool{}, []string{}
	sources(t, func(_, text string) {
		for _, m := range literal.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
		for _, m := range built.FindAllStringSubmatch(text, -1) {
			prefixes = append(prefixes, m[1])
		}
	})
	for _, k := range keys(mustLoad("fr")) {
		base, _, _ := strings.Cut(k, "[")
		if !used[base] && !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(base, p) }) {
			t.Errorf("%s: nothing says it", k)
		}
	}
}

// What is recorded is read by people: in the journal each kind of entry is a sentence.
func TestEveryKindOfJournalEntryHasASentence(t *testing.T) {
	recorded := regexp.MustCompile(`(?m)(?:Kind:\s*|^\s*Event\w+\s*=\s*)"([a-z_]+\.[a-z_]*[a-z])"(?:[,}\s]|$)`)
	c, n := mustLoad("fr"), 0
	sources(t, func(name, text string) {
		for _, m := range recorded.FindAllStringSubmatch(text, -1) {
			if n++; c["journal."+m[1]] == "" {
				t.Errorf("%s: nobody can read %s in the journal", name, m[1])
			}
		}
	})
	if n < 40 {
		t.Errorf("only %d kinds found: the pattern no longer sees the sources", n)
	}
}

func TestABrokenCatalogueIsRefused(t *testing.T) {
	for _, text := range []string{"key", "key = ", " = text", "a = b\na = c"} {
		if err := parse(map[string]string{}, "x.cat", text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
