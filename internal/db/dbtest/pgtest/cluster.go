// Package pgtest gives tests empty PostgreSQL databases on a throwaway cluster.
//
// The cluster lives in a temporary folder, listens on a Unix socket there and keeps nothing safe (fsync is
// off). `make test` starts one for the whole run through the program pgrun, which names it in
// COMPTOIR_TEST_POSTGRES; a test process that finds no such name starts one for itself, in about a second.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"comptoir/internal/leash"

	"github.com/jackc/pgx/v5"
)

// Env names the cluster that tests share, as a URL of its maintenance database; "off" means that tests do
// without PostgreSQL.
const Env = "COMPTOIR_TEST_POSTGRES"

// ErrNotInstalled is returned by Start where there is no PostgreSQL to start.
var ErrNotInstalled = errors.New("pgtest: PostgreSQL is not installed (Debian: postgresql-15)")

// startLimit is generous: machines that run tests are busy.
const startLimit = time.Minute

// Cluster is a running throwaway server. It ends with this process at the latest.
type Cluster struct {
	URL     string // of the maintenance database
	command leash.Command
	server  *leash.Process
	folder  *leash.Process // does nothing but hold the folder, which it removes at the end
}

// Start makes a cluster and returns once it answers.
func Start(ctx context.Context) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	as, err := leash.User("postgres", "nobody")
	if err != nil {
		return nil, err
	}
	dir, err := leash.TempDir(memory(), "comptoir-pg-", as)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres",
		"-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
	initdb.Dir, initdb.SysProcAttr = "/", &syscall.SysProcAttr{Credential: as}
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	folder, err := leash.Start(leash.Command{Args: []string{"sleep", "infinity"}, As: as, Stop: syscall.SIGKILL, Remove: dir})
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	c := &Cluster{URL: "postgres://postgres@/postgres?host=" + url.QueryEscape(dir) + "&sslmode=disable", folder: folder}
	c.command = leash.Command{
		Args: []string{filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
			"-c", "listen_addresses=", "-c", "max_connections=400",
			"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"},
		As:   as,
		Stop: syscall.SIGQUIT, // at once: nothing in it is worth a tidy end
	}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) (err error) {
	if c.server, err = leash.Start(c.command); err != nil {
		return err
	}
	return c.ready(ctx)
}

// Restart ends the server as a crash of it does, leaves it away for a while, and starts it again on the same folder.
func (c *Cluster) Restart(ctx context.Context, away time.Duration) error {
	c.server.Stop()
	time.Sleep(away)
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return c.start(ctx)
}

// Stop ends the cluster and removes its folder.
func (c *Cluster) Stop() {
	if c.server != nil {
		c.server.Stop()
	}
	c.folder.Stop()
}

func (c *Cluster) ready(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, c.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.server.Done():
			return fmt.Errorf("pgtest: PostgreSQL ended at once:\n%s", c.server.Log())
		case <-ctx.Done():
			return fmt.Errorf("pgtest: PostgreSQL does not answer: %w\n%s", err, c.server.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// memory is a folder in main memory, where making a database takes a tenth of the time that it takes on a
// disk: 16 ms instead of 220. It returns "" where there is none with room to spare.
func memory() string {
	const dir, room = "/dev/shm", 1 << 30
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil || s.Bavail*uint64(s.Bsize) < room {
		return ""
	}
	return dir
}

// binaries returns the folder of the newest PostgreSQL: where Debian keeps it, out of everybody's PATH, or
// where PATH says.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", ErrNotInstalled
	}
	return filepath.Dir(path), nil
}

// version reads the 15 in /usr/lib/postgresql/15/bin/postgres.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}
