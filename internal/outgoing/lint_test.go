package outgoing

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayDial lists the files that open connections or start programs by themselves, each with its reason.
// Tests, test support (folders named …test) and bench are free.
var mayDial = map[string]string{
	"internal/leash/leash.go": "starts the servers of tests",
}

// forbiddenNames are what opens a connection or starts a program without the door, by import path. A name
// that ends in * stands for all that begin so.
var forbiddenNames = map[string][]string{
	"net/http":                   {"Get", "Post", "Head", "PostForm", "DefaultClient", "DefaultTransport", "Client{}", "Transport{}"},
	"net":                        {"Dial*", "Dialer{}"},
	"crypto/tls":                 {"Dial*", "Dialer{}"},
	"net/smtp":                   {"Dial", "SendMail"},
	"net/rpc":                    {"Dial*"},
	"net/textproto":              {"Dial"},
	"log/syslog":                 {"Dial", "New", "NewLogger"},
	"os":                         {"StartProcess"},
	"syscall":                    {"Exec", "ForkExec", "StartProcess", "Connect", "Socket"},
	"golang.org/x/sys/unix":      {"Exec", "Connect", "Socket"},
	"golang.org/x/net/websocket": {"Dial*"},
	"golang.org/x/net/proxy":     {"Dial", "SOCKS5", "FromEnvironment*"},
	"github.com/emersion/go-imap/v2/imapclient": {"Dial*"},
	"github.com/emersion/go-smtp":               {"Dial*", "SendMail*"},
}

// forbiddenImports have no innocent use here.
var forbiddenImports = []string{"os/exec", "plugin"}

// ownWays returns what a file does without the door.
func ownWays(fset *token.FileSet, file *ast.File) []string {
	var found []string
	report := func(n ast.Node, what string) {
		p := fset.Position(n.Pos())
		found = append(found, fmt.Sprintf("%s:%d %s", p.Filename, p.Line, what))
	}
	paths := map[string]string{} // by the name in this file
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if strings.HasSuffix(path, "go-smtp") {
			name = "smtp"
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if slices.Contains(forbiddenImports, path) || name == "." && forbiddenNames[path] != nil {
			report(spec, "import "+path)
		}
		paths[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if path, name := named(n, paths); refusedName(path, name) {
				report(n, path+"."+name)
			}
		case *ast.CompositeLit:
			if path, name := named(n.Type, paths); refusedName(path, name+"{}") {
				report(n, path+"."+name+"{}")
			}
		case *ast.ValueSpec: // var c http.Client
			if path, name := named(n.Type, paths); refusedName(path, name+"{}") {
				report(n, path+"."+name)
			}
		case *ast.Field: // struct{ c http.Client }
			if path, name := named(n.Type, paths); refusedName(path, name+"{}") {
				report(n, path+"."+name)
			}
		case *ast.CallExpr: // new(http.Client)
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "new" && len(n.Args) == 1 {
				if path, name := named(n.Args[0], paths); refusedName(path, name+"{}") {
					report(n, "new "+path+"."+name)
				}
			}
		}
		return true
	})
	return found
}

// named returns the import path and the name of a selector on a package.
func named(e ast.Expr, paths map[string]string) (string, string) {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if pkg, ok := s.X.(*ast.Ident); ok && pkg.Obj == nil {
			return paths[pkg.Name], s.Sel.Name
		}
	}
	return "", ""
}

func refusedName(path, name string) bool {
	for _, f := range forbiddenNames[path] {
		start, open := strings.CutSuffix(f, "*")
		if f == name || open && strings.HasPrefix(name, start) && !strings.HasSuffix(name, "{}") && !dialType[path+"."+name] {
			return true
		}
	}
	return false
}

// dialType are types whose names begin like the functions; making a value of one is judged as "Dialer{}".
var dialType = map[string]bool{"net.Dialer": true, "crypto/tls.Dialer": true}

func TestNothingElseOpensConnectionsOrStartsPrograms(t *testing.T) {
	root := moduleRoot(t)
	fset := token.NewFileSet()
	files, used := 0, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if e.IsDir() {
			if name := e.Name(); rel != "." && (name[0] == '.' || name == "node_modules" || name == "testdata" || strings.HasSuffix(name, "test")) ||
				rel == "bench" || rel == "internal/outgoing" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, rel, src, 0)
		if err != nil {
			return err
		}
		files++
		if found := ownWays(fset, file); len(found) > 0 {
			if used[rel] = true; mayDial[rel] == "" {
				t.Errorf("goes out without package outgoing:\n\t%s", strings.Join(found, "\n\t"))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 3 {
		t.Errorf("only %d files were read", files)
	}
	for f := range mayDial {
		if !used[f] {
			t.Errorf("%s no longer needs its place in the list", f)
		}
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above")
		}
		dir = parent
	}
}

func TestTheLintSeesEachWayOut(t *testing.T) {
	for src, want := range map[string]int{
		`import "net/http"; func f() { http.Get("") }`:                                        1,
		`import h "net/http"; var c = h.DefaultClient`:                                        1,
		`import "net/http"; var c = &http.Client{}`:                                           1,
		`import "net/http"; type T struct { c http.Client }`:                                  1,
		`import "net/http"; var c http.Client`:                                                1,
		`import "net/http"; var c = new(http.Client)`:                                         1,
		`import "net/http"; var c = http.DefaultTransport.(*http.Transport).Clone()`:          1,
		`import . "net/http"; func f() { Get("") }`:                                           1,
		`import "net"; func f() { net.DialTimeout("", "", 0); (&net.Dialer{}).Dial("", "") }`: 2,
		`import "crypto/tls"; func f() { tls.DialWithDialer(nil, "", "", nil) }`:              1,
		`import "os/exec"`:                         1,
		`import _ "os/exec"`:                       1,
		`import "net/smtp"; var f = smtp.SendMail`: 1,
		`import "github.com/emersion/go-imap/v2/imapclient"; var f = imapclient.DialTLS`: 1,
		`import "syscall"; var f = syscall.ForkExec`:                                     1,

		`import "net/http"; func f(c *http.Client) { c.Get(""); http.Error(nil, "", http.StatusOK) }`:       0,
		`import "net"; func f(d func() (net.Conn, error)) { net.Listen("", ""); net.JoinHostPort("", "") }`: 0,
		`import "example.org/net"; func f() { net.Dial() }`:                                                 0,
		`type T struct{}; func (T) Get() {}; func f() { var http T; http.Get() }`:                           0,
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "x.go", "package x; "+src, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := ownWays(fset, file); len(got) != want {
			t.Errorf("%s: found %q, want %d", src, got, want)
		}
	}
}
