package archtest

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// statement is a piece of SQL in the code.
type statement struct {
	pkg, at string
	sql     string // constants folded in; ¿ where something is put in at run time
	across  string // the reason why it is not about one place, from a comment "across places: …"
}

var (
	// In capitals SELECT alone is enough, for pieces of statements; the rest is told from prose by its shape.
	sqlStart = regexp.MustCompile(`(?is)^\s*(?:(?-i:SELECT)\s|SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+[\w¿]+\s+SET\s|DELETE\s+FROM\s|WITH\s+(?:RECURSIVE\s+)?\w+\s*(?:\([^)]*\)\s*)?AS\b)`)
	written  = regexp.MustCompile(`(?i)\b(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE)\s+(?:ONLY\s+)?([a-z_¿]+)`)
	touched  = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:ONLY\s+)?([a-z_]+)`)
	across   = regexp.MustCompile(`across places: *(.*)`)
	asked    = regexp.MustCompile(`(?is)\b(?:WHERE|ON|USING)\b.*\bplace_id\b\s*(?:=|,|\)|IN\b)`)
	answer   = regexp.MustCompile(`(?is)\bRETURNING\b.*`)
	inserted = regexp.MustCompile(`(?is)\bINSERT\s+INTO\s+[a-z_]+\s*\([^)]*\bplace_id\b`)
)

// statements finds every string of a package that is SQL, however it is put together.
func statements(c code) []statement {
	var out []statement
	for _, f := range c.files {
		comments := map[int]string{} // by line
		for _, group := range f.Comments {
			for _, comment := range group.List {
				if m := across.FindStringSubmatch(comment.Text); m != nil {
					comments[c.fset.Position(comment.Pos()).Line] = strings.TrimSpace(m[1])
				}
			}
		}
		var path []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				path = path[:len(path)-1]
				return true
			}
			path = append(path, n)
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, known := fold(c, e)
			if !known {
				return true
			}
			if sqlStart.MatchString(text) {
				out = append(out, statement{pkg: c.name, at: c.at(e), sql: text, across: reason(c, path, comments)})
			}
			path = path[:len(path)-1] // Inspect does not come back for a node whose children it leaves out
			return false
		})
	}
	return out
}

// fold returns the text of a string expression: a constant, or a sum with something constant in it.
func fold(c code, e ast.Expr) (text string, known bool) {
	if v := c.info.Types[e].Value; v != nil && v.Kind() == constant.String {
		if _, isName := e.(*ast.Ident); isName {
			return "", false // a use of a constant: its declaration counts
		}
		return constant.StringVal(v), true
	}
	sum, ok := e.(*ast.BinaryExpr)
	if !ok || sum.Op != token.ADD {
		return "", false
	}
	part := func(e ast.Expr) string {
		if v := c.info.Types[e].Value; v != nil && v.Kind() == constant.String {
			return constant.StringVal(v)
		}
		if text, known := fold(c, e); known {
			return text
		}
		return "¿"
	}
	text = part(sum.X) + part(sum.Y)
	return text, strings.Trim(text, "¿") != ""
}

// reason finds the comment "across places: …" on the lines of the statement or declaration around an
// expression, or on the line before it.
func reason(c code, path []ast.Node, comments map[int]string) string {
	for _, n := range slices.Backward(path) {
		switch n.(type) {
		case ast.Stmt, *ast.ValueSpec:
			for line := c.fset.Position(n.Pos()).Line - 1; line <= c.fset.Position(n.End()).Line; line++ {
				if text, found := comments[line]; found {
					return text
				}
			}
			return ""
		}
	}
	return ""
}

// schema is what the migrations create: each table with its columns.
type schema map[string]string

var remark = regexp.MustCompile(`--[^\n]*`)

var create = regexp.MustCompile(`(?is)CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?([a-z_]+)\b([^;]*);`)

func (s schema) add(sql string) {
	for _, m := range create.FindAllStringSubmatch(remark.ReplaceAllString(sql, ""), -1) {
		s[strings.ToLower(m[1])] += m[2]
	}
}

func (s schema) ofPlace(table string) bool {
	return regexp.MustCompile(`\bplace_id\s+TEXT`).MatchString(s[table])
}

func readSchema(t *testing.T) schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root(), "internal/db/migrations/*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	s := schema{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.add(string(b))
	}
	return s
}

// writers returns who writes each table of ours, and complains of statements whose table can't be read.
func (s schema) writers(all []statement) (by map[string][]string, complaints []string) {
	by = map[string][]string{}
	for _, st := range all {
		for _, m := range written.FindAllStringSubmatch(st.sql, -1) {
			table := strings.ToLower(m[1])
			switch _, known := s[table]; {
			case table == "set" || table == "of" || table == "skip" || table == "nowait": // ON CONFLICT … DO UPDATE SET, FOR UPDATE OF …
			case strings.Contains(table, "¿") && st.pkg == "db" && strings.HasPrefix(st.across, "every table is filled"): // a backup is read into all of them
			case strings.Contains(table, "¿"):
				complaints = append(complaints, fmt.Sprintf("%s: the table that is written must stand in the statement: %s", st.at, brief(st.sql)))
			case known && !slices.Contains(by[table], st.pkg):
				by[table] = append(by[table], st.pkg)
			}
		}
	}
	for _, table := range slices.Sorted(maps.Keys(by)) {
		if len(by[table]) > 1 {
			complaints = append(complaints, fmt.Sprintf("table %s is written by %s", table, strings.Join(by[table], " and ")))
		}
	}
	return by, complaints
}

// outside complains of statements on a place's table that do not say which place.
func (s schema) outside(all []statement) []string {
	var out []string
	for _, st := range all {
		i := slices.IndexFunc(touched.FindAllStringSubmatch(st.sql, -1), func(m []string) bool { return s.ofPlace(strings.ToLower(m[1])) })
		if i < 0 || st.across != "" || asked.MatchString(answer.ReplaceAllString(st.sql, "")) || inserted.MatchString(st.sql) {
			continue
		}
		table := touched.FindAllStringSubmatch(st.sql, -1)[i][1]
		out = append(out, fmt.Sprintf("%s: %s belongs to a place, and the statement does not ask for place_id: %s", st.at, table, brief(st.sql)))
	}
	return out
}

// elsewhere complains of SQL outside the packages that may hold it.
func elsewhere(all []statement, home []string) []string {
	var out []string
	for _, st := range all {
		if !slices.Contains(home, st.pkg) {
			out = append(out, fmt.Sprintf("%s: %s holds no SQL: %s", st.at, st.pkg, brief(st.sql)))
		}
	}
	return out
}

func brief(sql string) string {
	words := strings.Join(strings.Fields(sql), " ")
	if r := []rune(words); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return words
}

func allStatements(t *testing.T) []statement {
	t.Helper()
	var out []statement
	for _, c := range sources(t) {
		out = append(out, statements(c)...)
	}
	if len(out) == 0 {
		t.Fatal("found no SQL at all")
	}
	return out
}

func TestEachTableHasOneWritingPackage(t *testing.T) {
	by, complaints := readSchema(t).writers(allStatements(t))
	report(t, complaints)
	for _, table := range slices.Sorted(maps.Keys(by)) {
		t.Logf("%-20s %s", table, strings.Join(by[table], " "))
	}
}

func TestEveryStatementOnAPlacesTableNamesThePlace(t *testing.T) {
	all := allStatements(t)
	report(t, readSchema(t).outside(all))
	for _, st := range all {
		if st.across != "" {
			t.Logf("%s: across places: %s", st.at, st.across)
		}
	}
}

func TestSQLStandsInTheDomain(t *testing.T) {
	report(t, elsewhere(allStatements(t), slices.Concat(block(t, "sql")...)))
}

func TestTheSQLRulesCatchWhatBreaksThem(t *testing.T) {
	s := schema{}
	s.add(`CREATE TABLE place (id TEXT PRIMARY KEY);
		CREATE TABLE call (id TEXT, place_id TEXT NOT NULL);
		CREATE VIRTUAL TABLE words USING fts5 (text);`)
	inbox := statements(planted(t, "inbox", `package inbox
		const columns = "id, text"
		const list = "SELECT " + columns + " FROM call WHERE place_id = $1"
		const one = "SELECT place_id FROM call WHERE id = $1"
		func where(which string) string { return "SELECT id FROM call WHERE place_id = $1 AND " + which }
		func lost(which string) string { return "SELECT id FROM call WHERE " + which }
		func write() string { return `+"`"+`
			INSERT INTO call (id, place_id) VALUES ($1, $2)
			ON CONFLICT (id) DO UPDATE SET id = $1`+"`"+` }
		func due() []string {
			// across places: the clock looks at all of them
			return []string{"SELECT id FROM call WHERE id > $1"}
		}
		func claim() string { return "UPDATE call SET id = $1 WHERE id < $2 RETURNING id, place_id, text" }
		func prose() []string { return []string{"update your call, then delete from memory", "with %v as read", "select a table"} }
	`))
	floor := statements(planted(t, "floor", `package floor
		func take() string { return "UPDATE call SET id = $1 WHERE place_id = $2" }
		func any(table string) string { return "DELETE FROM " + table + " WHERE id = $1" }
		func hold() string { return "SELECT id FROM place WHERE id = $1 FOR UPDATE" }
	`))
	by, complaints := s.writers(append(inbox, floor...))
	compare(t, complaints, "the table that is written must stand in the statement", "table call is written by inbox and floor")
	if len(by) != 1 {
		t.Errorf("writers = %v", by)
	}
	compare(t, s.outside(append(inbox, floor...)), "SELECT place_id FROM call WHERE id = $1", "SELECT id FROM call WHERE ¿", "UPDATE call SET id = $1 WHERE id < $2")
	compare(t, elsewhere(append(inbox, floor...), []string{"inbox"}), "floor", "floor", "floor")
}
