package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// URL returns the URL of a new, empty database of the test's own, dropped when the test ends.
//
// Where PostgreSQL is not installed the test is skipped; with COMPTOIR_REAL=1 it fails instead.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, cluster(t), "template1")
}

// From is URL with a database that prepare has filled, for migrations and other slow beginnings: prepare
// runs once a cluster for each version, which must change when what prepare does changes. Every test then
// gets a copy, in about 20 ms. Prepare closes every connection that it opens.
func From(t testing.TB, version string, prepare func(url string) error) string {
	t.Helper()
	admin := cluster(t)
	sum := sha256.Sum256([]byte(version))
	template := fmt.Sprintf("template_%x", sum[:12])
	if err := fill(t.Context(), admin, template, prepare); err != nil {
		t.Fatalf("pgtest: preparing the template database: %v", err)
	}
	return create(t, admin, template)
}

// own is the cluster of a process that was given none. Its leash ends it with the process.
var own = sync.OnceValues(func() (*Cluster, error) { return Start(context.Background()) })

func cluster(t testing.TB) string {
	t.Helper()
	switch env := os.Getenv(Env); env {
	case "off":
		t.Skip("PostgreSQL is left out: " + Env + "=off")
	case "":
	default:
		return env
	}
	c, err := own()
	if errors.Is(err, ErrNotInstalled) && os.Getenv("COMPTOIR_REAL") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.URL
}

func create(t testing.TB, admin, template string) string {
	t.Helper()
	name := "t_" + strings.ToLower(rand.Text())
	// FILE_COPY (PostgreSQL 15) is twice as fast as the default where nothing is synced to a disk.
	if err := do(t.Context(), admin, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := do(context.Background(), admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return named(admin, name)
}

// fill makes the template unless it is there already. Test processes run at once, so one of them takes a
// lock on the cluster; the mark IS_TEMPLATE comes last and says that prepare succeeded.
func fill(ctx context.Context, admin, template string, prepare func(url string) error) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // and with it goes the lock
	key := fnv.New64a()
	key.Write([]byte(template))
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(key.Sum64())); err != nil {
		return err
	}
	var filled bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)", template).Scan(&filled); err != nil || filled {
		return err
	}
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + template + " WITH (FORCE)", "CREATE DATABASE " + template} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := prepare(named(admin, template)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+template+" IS_TEMPLATE true")
	return err
}

func do(ctx context.Context, admin, sql string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// named is the cluster's URL with another database in it.
func named(admin, database string) string {
	u, err := url.Parse(admin)
	if err != nil {
		panic("pgtest: " + Env + " is no URL: " + err.Error())
	}
	u.Path = "/" + database
	return u.String()
}
