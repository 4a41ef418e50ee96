package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "comptoir/"

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Dir, Export            string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

// name is how ARCHITECTURE.md calls a package of ours.
func (l listed) name() string {
	return strings.TrimPrefix(strings.TrimPrefix(l.ImportPath, module), "internal/")
}

func ours(importPath string) bool { return strings.HasPrefix(importPath, module) }

// code is a package of ours with its syntax and types, test files left out.
type code struct {
	name  string
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

func (c code) at(n ast.Node) string {
	p := c.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", strings.TrimPrefix(p.Filename, root()+"/"), p.Line)
}

// root is the repository's folder.
var root = sync.OnceValue(func() string {
	wd, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return filepath.Dir(filepath.Dir(wd))
})

// list asks the go command for every package of ours, and for what they import with its compiled types.
var list = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func packages(t *testing.T) []listed {
	t.Helper()
	if testing.Short() {
		t.Skip("reads the whole repository, left out by -short")
	}
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	var out []listed
	for _, p := range all {
		if ours(p.ImportPath) {
			out = append(out, p)
		}
	}
	return out
}

var checked = sync.OnceValues(func() ([]code, error) {
	all, err := list()
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var out []code
	for _, p := range all {
		if !ours(p.ImportPath) || len(p.GoFiles) == 0 {
			continue
		}
		var texts [][2]string
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			texts = append(texts, [2]string{path, string(b)})
		}
		c, err := check(p.name(), fset, imports, texts)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
})

// check parses and type-checks one package, given as path and text of its files.
func check(name string, fset *token.FileSet, imports types.Importer, texts [][2]string) (code, error) {
	c := code{name: name, fset: fset, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
	for _, text := range texts {
		f, err := parser.ParseFile(fset, text[0], text[1], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return code{}, err
		}
		c.files = append(c.files, f)
	}
	_, err := (&types.Config{Importer: imports}).Check(name, fset, c.files, c.info)
	return c, err
}

func sources(t *testing.T) []code {
	t.Helper()
	packages(t)
	all, err := checked()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// planted is a package that a test makes up to see a rule catch something. It may import the standard library
// as far as our packages do.
func planted(t *testing.T, name, text string) code {
	t.Helper()
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	c, err := check(name, fset, imports, [][2]string{{"planted.go", text}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// block returns the lines of the fenced block of ARCHITECTURE.md with this name, without comments, each
// split into words.
func block(t *testing.T, name string) [][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(), "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(b), "\n```"+name+"\n")
	text, _, closed := strings.Cut(rest, "\n```")
	if !found || !closed {
		t.Fatalf("ARCHITECTURE.md has no block ```%s", name)
	}
	return lines(text)
}

func lines(text string) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 0 {
			out = append(out, words)
		}
	}
	return out
}

// compare fails the test when what a rule found in a planted case is not what was planted: each want is a part
// of the complaint at the same place.
func compare(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d complaints, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("complaint %d is %q, want %q in it", i, got[i], want[i])
		}
	}
}
