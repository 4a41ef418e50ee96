package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// rules is a table whose rows begin with a package (or a pattern, as in path.Match) and go on with what it
// may import.
type rules [][]string

// row returns the row of a package: its own, or else the first pattern that fits.
func (r rules) row(name string) []string {
	for _, row := range r {
		if row[0] == name {
			return row
		}
	}
	for _, row := range r {
		if fits(row[:1], name) {
			return row
		}
	}
	return nil
}

func fits(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if below, ok := strings.CutSuffix(pattern, "/..."); ok {
			return name == below || strings.HasPrefix(name, below+"/")
		}
		ok, err := path.Match(pattern, name)
		return err == nil && ok
	})
}

// edges complains of every import of a package of ours that its row does not name. Tests may import more
// than that, so only what the program is built from counts.
func (r rules) edges(all []listed) []string {
	var out []string
	for _, p := range all {
		row := r.row(p.name())
		if row == nil {
			out = append(out, fmt.Sprintf("%s has no row in the import table", p.name()))
			continue
		}
		for _, path := range p.Imports {
			if target := (listed{ImportPath: path}).name(); ours(path) && !fits(row[1:], target) {
				out = append(out, fmt.Sprintf("%s must not import %s", p.name(), target))
			}
		}
	}
	return out
}

// libraries complains of every import from outside the standard library that no row allows to its importer.
// Here a row is a module, or a part of one, and the packages that may import it; the longest prefix decides.
func (r rules) libraries(all []listed) []string {
	var out []string
	for _, p := range all {
		for _, path := range p.Imports {
			if ours(path) || !strings.Contains(strings.Split(path, "/")[0], ".") {
				continue
			}
			var best []string
			for _, row := range r {
				if (path == row[0] || strings.HasPrefix(path, row[0]+"/")) && (best == nil || len(row[0]) > len(best[0])) {
					best = row
				}
			}
			if best == nil || !fits(best[1:], p.name()) {
				out = append(out, fmt.Sprintf("%s must not import %s", p.name(), path))
			}
		}
	}
	return out
}

// drivers complains of what a driver must not reach for: the door out is given to it, and it does not log.
func drivers(all []listed) []string {
	var out []string
	for _, p := range all {
		if !fits([]string{"network/*"}, p.name()) {
			continue
		}
		for _, banned := range []string{"database/sql", "log", "log/slog", "os", "os/exec"} {
			if slices.Contains(p.Imports, banned) {
				out = append(out, fmt.Sprintf("the driver %s must not import %s", p.name(), banned))
			}
		}
	}
	return out
}

func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, c := range complaints {
		t.Error(c)
	}
}

func TestPackagesImportOnlyWhatThePlanAllows(t *testing.T) {
	table := rules(block(t, "imports"))
	all := packages(t)
	report(t, table.edges(all))
	report(t, drivers(all))
	for _, row := range table {
		if !slices.ContainsFunc(all, func(p listed) bool { return slices.Equal(table.row(p.name()), row) }) {
			t.Logf("no package answers to the row %q yet", row[0])
		}
	}
}

func TestEachLibraryIsUsedWhereItsReasonIs(t *testing.T) {
	report(t, rules(block(t, "libraries")).libraries(packages(t)))
}

func TestTheImportRulesCatchWhatBreaksThem(t *testing.T) {
	table := rules(lines(`
		fault
		place         db fault            # the domain's ground
		network/*     network fault
		app           place network/...
	`))
	p := func(path string, imports ...string) listed {
		for i := range imports {
			if !strings.Contains(imports[i], ".") && imports[i] != "log/slog" {
				imports[i] = module + "internal/" + imports[i]
			}
		}
		return listed{ImportPath: module + "internal/" + path, Imports: imports}
	}
	compare(t, table.edges([]listed{
		p("fault"), p("place", "db", "fault"), p("network/email", "network", "fault"), p("app", "network", "network/email/emailtest"),
	}))
	compare(t, table.edges([]listed{p("fault", "db"), p("network/email", "network/feed"), p("utils")}),
		"fault must not import db", "network/email must not import network/feed", "utils has no row")
	compare(t, drivers([]listed{p("network/email", "log/slog"), p("place", "log/slog")}), "network/email must not import log/slog")

	libraries := rules(lines(`
		github.com/jackc/pgx/v5          db
		github.com/jackc/pgx/v5/pgconn   db jobs
	`))
	compare(t, libraries.libraries([]listed{
		p("jobs", "github.com/jackc/pgx/v5/pgconn"), p("web", "github.com/jackc/pgx/v5", "github.com/jackc/pgx/v55"),
	}), "web must not import github.com/jackc/pgx/v5", "web must not import github.com/jackc/pgx/v55")
}
