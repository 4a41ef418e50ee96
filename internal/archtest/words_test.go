package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// global are functions and variables of the standard library that hide a choice which belongs to Config.
var global = map[string][]string{
	"log/slog": {"Debug", "DebugContext", "Info", "InfoContext", "Warn", "WarnContext", "Error", "ErrorContext", "Log", "LogAttrs", "With", "Default", "SetDefault"},
	"log":      {"Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "Default"},
	"net/http": {"DefaultServeMux", "DefaultClient", "DefaultTransport", "Handle", "HandleFunc", "Get", "Head", "Post", "PostForm", "ListenAndServe", "ListenAndServeTLS"},
}

// globals complains of every use of something global.
func globals(c code) []string {
	var out []string
	for _, f := range c.files {
		ast.Inspect(f, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			o := c.info.Uses[id]
			if o == nil || o.Pkg() == nil || o.Parent() != o.Pkg().Scope() {
				return true
			}
			if slices.Contains(global[o.Pkg().Path()], o.Name()) {
				out = append(out, fmt.Sprintf("%s: %s.%s is global; what it stands for comes from Config", c.at(id), o.Pkg().Path(), o.Name()))
			}
			return true
		})
	}
	return out
}

// logKeys complains of every key in a call of log/slog that is not on the list, or not a constant.
func logKeys(c code, known []string) []string {
	var out []string
	key := func(e ast.Expr) {
		v := c.info.Types[e].Value
		switch {
		case v == nil || v.Kind() != constant.String:
			out = append(out, fmt.Sprintf("%s: a log key must be a constant", c.at(e)))
		case !slices.Contains(known, constant.StringVal(v)):
			out = append(out, fmt.Sprintf("%s: log key %q is not in ARCHITECTURE.md", c.at(e), constant.StringVal(v)))
		}
	}
	for _, f := range c.files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn := slogFunction(c, call)
			if fn == nil || call.Ellipsis.IsValid() {
				return true
			}
			params := fn.Signature().Params()
			last := params.At(params.Len() - 1)
			switch {
			case params.At(0).Name() == "key":
				key(call.Args[0])
			case fn.Signature().Variadic() && last.Name() == "args":
				for args := call.Args[params.Len()-1:]; len(args) > 0; {
					if isAttr(c.info.Types[args[0]].Type) {
						args = args[1:]
						continue
					}
					key(args[0])
					args = args[min(2, len(args)):]
				}
			}
			return true
		})
	}
	return out
}

// slogFunction returns the function of log/slog that is called and takes keys, or nil.
func slogFunction(c code, call *ast.CallExpr) *types.Func {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	fn, ok := c.info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "log/slog" || fn.Signature().Params().Len() == 0 {
		return nil
	}
	return fn
}

func isAttr(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && named.Obj().Name() == "Attr" && named.Obj().Pkg().Path() == "log/slog"
}

func TestNothingUsesWhatIsGlobal(t *testing.T) {
	for _, c := range sources(t) {
		if strings.HasSuffix(c.name, "test") || c.name == "bench" {
			continue // fakes, suites and measurements stand outside the program
		}
		report(t, globals(c))
	}
}

func TestLogKeysAreOnTheList(t *testing.T) {
	var known []string
	for _, row := range block(t, "log-keys") {
		known = append(known, row[0])
	}
	if !slices.IsSorted(known) {
		t.Errorf("the list is not in order: %v", known)
	}
	for _, c := range sources(t) {
		report(t, logKeys(c, known))
	}
}

func TestTheWordRulesCatchWhatBreaksThem(t *testing.T) {
	c := planted(t, "web", `package web
		import ("context"; "log/slog"; "net/http")
		func Handle() { slog.Info("hello", "place", 1) }
		func fetch() { http.Get("http://example.com"); _ = http.DefaultServeMux }
		func own(l *slog.Logger, name string) {
			l.Info("received", "place", 1, slog.Int("count", 2), "email", 3)
			l.LogAttrs(context.Background(), slog.LevelInfo, "taken", slog.String("guest", "x"))
			l.With(name, 1).Error("lost", "place", 2)
			slog.SetDefault(l)
		}
	`)
	compare(t, globals(c), "slog.Info", "http.Get", "http.DefaultServeMux", "slog.SetDefault")
	compare(t, logKeys(c, []string{"count", "place"}), `"email"`, `"guest"`, "must be a constant")
}

func TestEachPackageSaysWhatItIs(t *testing.T) {
	for _, c := range sources(t) {
		documented := slices.ContainsFunc(c.files, func(f *ast.File) bool { return f.Doc.Text() != "" })
		if !documented {
			t.Errorf("%s has no package comment", c.name)
		}
	}
}

func TestEachDependencyHasItsReason(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root(), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(filepath.Join(root(), "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	report(t, reasons(string(mod), string(doc)))
}

// reasons compares the direct requirements of go.mod with the rows "| `module` | reason |" of a document.
func reasons(mod, doc string) []string {
	var out, direct []string
	_, required, _ := strings.Cut(mod, "require (\n")
	required, _, _ = strings.Cut(required, ")")
	for line := range strings.Lines(required) {
		if words := strings.Fields(line); len(words) == 2 {
			direct = append(direct, words[0])
			if !strings.Contains(doc, "| `"+words[0]+"` |") {
				out = append(out, words[0]+" has no reason in CONTRIBUTING.md")
			}
		}
	}
	for line := range strings.Lines(doc) {
		name, isRow := strings.CutPrefix(line, "| `")
		name, _, _ = strings.Cut(name, "`")
		if first, _, _ := strings.Cut(name, "/"); isRow && strings.Contains(first, ".") && !strings.Contains(name, " ") && !slices.Contains(direct, name) {
			out = append(out, name+" has a reason in CONTRIBUTING.md, and go.mod does not require it")
		}
	}
	return out
}

func TestADependencyWithoutReasonAndAReasonWithoutDependencyAreFound(t *testing.T) {
	mod := "require (\n\texample.com/a v1\n\texample.com/b v1\n)\n\nrequire (\n\texample.com/c v1 // indirect\n)\n"
	doc := "| `bash .ci/run` | every test |\n| `example.com/a` | a reason |\n| `example.com/gone` | it went |\n"
	compare(t, reasons(mod, doc), "example.com/b has no reason", "example.com/gone has a reason")
}

// tracked are the files of the repository, read from git.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z")
	cmd.Dir = root()
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
}

func TestNoTrackedLineNamesAPathOfOneMachine(t *testing.T) {
	for _, name := range tracked(t) {
		b, err := os.ReadFile(filepath.Join(root(), name))
		if os.IsNotExist(err) || bytes.IndexByte(b, 0) >= 0 {
			continue // deleted and not committed yet, or no text
		}
		if err != nil {
			t.Error(err)
			continue
		}
		report(t, machinePaths(name, string(b)))
	}
}

func machinePaths(name, text string) []string {
	var out []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		for _, path := range []string{"/" + "work/", "/" + "root/"} {
			if strings.Contains(line, path) {
				out = append(out, fmt.Sprintf("%s:%d: %s is a path of one machine", name, n, path))
			}
		}
	}
	return out
}

func TestAMachinePathIsFoundInALine(t *testing.T) {
	compare(t, machinePaths("notes.md", "see /net"+"work/email\nkept in /"+"work/main\n"), "notes.md:2")
}

// Sizes are a taste, not a law: long files are named, and nothing fails.
func TestFilesThatGrewLong(t *testing.T) {
	for _, name := range tracked(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_templ.go") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(), name))
		if err != nil {
			continue
		}
		if n := bytes.Count(b, []byte("\n")); n > 600 {
			t.Logf("%s has %d lines", name, n)
		}
	}
}
