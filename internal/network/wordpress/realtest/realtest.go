// Package realtest starts WordPress itself for tests, as Debian has it, on loopback: one MariaDB, and for each site a
// database and a PHP of its own.
package realtest

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/leash"
)

//go:embed testdata
var files embed.FS

// House is WordPress and its database. It is safe for concurrent use.
type House struct {
	dir       string
	passwords map[string]string
	sites     atomic.Int32
}

// run is the one house of this test binary; Stop ends it.
var run struct {
	once  sync.Once
	house *House
	err   error
	stop  []func()
}

// Stop ends the house, if a test had it started. TestMain calls it last.
func Stop() {
	for i := len(run.stop) - 1; i >= 0; i-- {
		run.stop[i]()
	}
}

// Env asks for the house. Tests are skipped without it, and fail with it when something is missing or does not start.
const Env = "COMPTOIR_WORDPRESS"

// Need starts the house.
func Need(t *testing.T) *House {
	t.Helper()
	if os.Getenv(Env) == "" {
		t.Skip(Env + " does not ask for the real WordPress (make test-real-wordpress)")
	}
	if os.Getuid() != 0 {
		t.Fatal("MariaDB has to be started as root")
	}
	run.once.Do(func() { run.house, run.err = start() })
	if run.err != nil {
		t.Fatal(run.err)
	}
	return run.house
}

func start() (*House, error) {
	dir, err := os.MkdirTemp("/tmp", "comptoir-wordpress-")
	if err != nil {
		return nil, err
	}
	h := &House{dir: dir, passwords: map[string]string{}}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"install", "-d", "-o", "mysql", "-m", "755", dir + "/db"},
		{"mariadb-install-db", "--no-defaults", "--user=mysql", "--datadir=" + dir + "/db/data", "--auth-root-authentication-method=normal", "--skip-test-db"},
		{"cp", "-rL", "/usr/share/wordpress", dir + "/www"},
	} {
		// What Debian's package links to and does not bring is not missed: cp says so, and goes on.
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil && args[0] != "cp" {
			return nil, fmt.Errorf("%s: %w\n%s", args[0], err, out)
		}
	}
	if err := h.write(); err != nil {
		return nil, err
	}
	db, err := leash.Start(leash.Command{Remove: dir, Args: []string{
		"/usr/sbin/mariadbd", "--no-defaults", "--user=mysql", "--datadir=" + dir + "/db/data", "--socket=" + h.socket(), "--pid-file=" + dir + "/db/pid", "--skip-networking",
		"--innodb-buffer-pool-size=32M", "--performance-schema=OFF", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin",
	}})
	if err != nil {
		return nil, err
	}
	run.stop = append(run.stop, db.Stop)
	if err := until(30*time.Second, func() error { return h.sql("", "CREATE DATABASE wp CHARACTER SET utf8mb4") }); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, db.Log())
	}
	return h, h.install()
}

func (h *House) socket() string { return h.dir + "/db/socket" }

// write puts our files where WordPress looks for them.
func (h *House) write() error {
	for name, at := range map[string]string{"wp-config.php": "www/wp-config.php", "guests.php": "www/wp-content/mu-plugins/guests.php", "router.php": "router.php", "install.php": "install.php"} {
		b, err := files.ReadFile("testdata/" + name)
		if err != nil {
			return err
		}
		path := filepath.Join(h.dir, at)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		os.Remove(path) // a link of the package's
		if err := os.WriteFile(path, b, 0o644); err != nil {
			return err
		}
	}
	uploads := h.dir + "/www/wp-content/uploads"
	if err := os.MkdirAll(uploads, 0o777); err != nil {
		return err
	}
	return os.Chmod(uploads, 0o777)
}

// install makes the site that the others are copies of.
func (h *House) install() error {
	php := exec.Command("php", h.dir+"/install.php", h.dir+"/www")
	php.Env = append(os.Environ(), h.env("wp", "http://127.0.0.1")...)
	var said, wrong bytes.Buffer
	php.Stdout, php.Stderr = &said, &wrong
	if err := php.Run(); err != nil {
		return fmt.Errorf("install: %w\n%s%s", err, said.String(), wrong.String())
	}
	for line := range strings.Lines(said.String()) {
		if name, password, ok := strings.Cut(strings.TrimSpace(line), " "); ok && len(password) == 24 {
			h.passwords[name] = password
		}
	}
	if len(h.passwords) != 3 {
		return fmt.Errorf("install: no passwords\n%s%s", said.String(), wrong.String())
	}
	return nil
}

func (h *House) env(db, home string) []string {
	return []string{"COMPTOIR_DB=" + db, "COMPTOIR_SOCKET=" + h.socket(), "COMPTOIR_HOME=" + home}
}

// sql runs statements.
func (h *House) sql(db, statements string) error {
	out, err := exec.Command("mariadb", "--no-defaults", "-uroot", "-S", h.socket(), "-e", statements, db).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mariadb: %w: %s", err, out)
	}
	return nil
}

// until tries something until it works.
func until(patience time.Duration, try func() error) (err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}

// Site is one blog, with one article (number 1).
type Site struct {
	URL      string
	Password string // the application password of "patron", who may do everything
	Guest    string // that of "guest", who may not
	house    *House
	db       string
}

// tables are those of a site.
var tables = []string{"commentmeta", "comments", "links", "options", "postmeta", "posts", "term_relationships", "term_taxonomy", "termmeta", "terms", "usermeta", "users"}

// Site starts another one; it ends with the test. Without pretty links its API is at ?rest_route=.
func (h *House) Site(t testing.TB, pretty bool) *Site {
	t.Helper()
	s := &Site{house: h, db: fmt.Sprintf("site%d", h.sites.Add(1)), Password: h.passwords["patron"], Guest: h.passwords["guest"]}
	var copying strings.Builder
	fmt.Fprintf(&copying, "CREATE DATABASE %s CHARACTER SET utf8mb4;", s.db)
	for _, name := range tables {
		fmt.Fprintf(&copying, "CREATE TABLE %[1]s.wp_%[2]s LIKE wp.wp_%[2]s; INSERT INTO %[1]s.wp_%[2]s SELECT * FROM wp.wp_%[2]s;", s.db, name)
	}
	if !pretty {
		fmt.Fprintf(&copying, "UPDATE %s.wp_options SET option_value = '' WHERE option_name = 'permalink_structure';", s.db)
	}
	if err := h.sql("wp", copying.String()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	s.URL = "http://" + at
	as, err := leash.User("www-data", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	php, err := leash.Start(leash.Command{Args: []string{"php", "-d", "opcache.enable_cli=1", "-S", at, "-t", h.dir + "/www", h.dir + "/router.php"}, Env: h.env(s.db, s.URL), As: as})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(php.Stop)
	if err := until(30*time.Second, func() error { return s.Ask("", http.MethodGet, "", nil, &struct{}{}) }); err != nil {
		t.Fatalf("%v\n%s", err, php.Log())
	}
	return s
}

// Ask makes a request of the API as somebody ("keeper", who may do everything, or "" for a guest), without our driver.
func (s *Site) Ask(who, method, path string, in, out any) error {
	_, err := s.ask(who, method, path, in, out, nil)
	return err
}

// Refusal is an answer that says no.
type Refusal struct {
	Status int
	Body   string
}

func (r Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Body) }

func (s *Site) ask(who, method, path string, in, out any, head http.Header) (http.Header, error) {
	route, query, _ := strings.Cut(path, "?")
	at := s.URL + "/?rest_route=" + url.QueryEscape("/wp/v2/"+route) + "&" + query
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, at, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range head {
		req.Header[k] = v
	}
	if who != "" {
		req.SetBasicAuth(who, s.house.passwords[who])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode > 299 {
		return nil, Refusal{resp.StatusCode, string(b)}
	}
	if i := bytes.IndexAny(b, "{["); i > 0 {
		b = b[i:]
	}
	return resp.Header, json.Unmarshal(b, out)
}

// Comment is what a guest leaves.
type Comment struct {
	Post, Parent int64
	Name, Email  string
	Content      string // markup
	At           time.Time
}

// Say leaves a comment as a guest, and returns its number.
func (s *Site) Say(c Comment) (int64, error) {
	in := map[string]any{"post": max(c.Post, 1), "content": c.Content, "author_name": c.Name, "author_email": c.Email}
	if c.Parent > 0 {
		in["parent"] = c.Parent
	}
	head := http.Header{}
	if !c.At.IsZero() {
		head.Set("X-Test-Date", c.At.UTC().Format("2006-01-02 15:04:05"))
	}
	var made struct{ ID int64 }
	_, err := s.ask("", http.MethodPost, "comments", in, &made, head)
	return made.ID, err
}

// Decide gives a comment a status, and Erase removes it, as somebody does in WordPress.
func (s *Site) Decide(id int64, status string) error {
	return s.Ask("keeper", http.MethodPost, fmt.Sprintf("comments/%d", id), map[string]string{"status": status}, &struct{}{})
}

func (s *Site) Erase(id int64) error {
	return s.Ask("keeper", http.MethodDelete, fmt.Sprintf("comments/%d?force=true", id), nil, &struct{}{})
}

// Holds has every new comment wait for a decision.
func (s *Site) Holds(t testing.TB) {
	t.Helper()
	if err := s.house.sql(s.db, "UPDATE wp_options SET option_value = '1' WHERE option_name = 'comment_moderation'"); err != nil {
		t.Fatal(err)
	}
}

// Revoke makes the application password of "patron" worthless, or good again.
func (s *Site) Revoke(on bool) error {
	name := [2]string{"_gone", "_application_passwords"}
	if on {
		name[0], name[1] = name[1], name[0]
	}
	return s.house.sql(s.db, fmt.Sprintf("UPDATE wp_usermeta SET meta_key = '%s' WHERE user_id = 1 AND meta_key = '%s'", name[1], name[0]))
}
