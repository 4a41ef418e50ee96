package pgtest

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var got string
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func TestTwoTestsNeverShareADatabase(t *testing.T) {
	var first string
	t.Run("first", func(t *testing.T) {
		first = URL(t)
		if err := do(t.Context(), first, "CREATE TABLE guest (name TEXT)"); err != nil {
			t.Fatal(err)
		}
	})
	second := URL(t)
	if first == second {
		t.Fatal("the second test was given the first one's database")
	}
	if got := query(t, second, "SELECT COALESCE(to_regclass('guest')::text, 'empty')"); got != "empty" {
		t.Errorf("a new database already holds %s", got)
	}
	if conn, err := pgx.Connect(t.Context(), first); err == nil {
		conn.Close(t.Context())
		t.Error("the first test ended, and its database is still there")
	}
}

func TestATemplateIsPreparedOnceAndCopiedToEach(t *testing.T) {
	prepared := 0
	prepare := func(url string) error {
		prepared++
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return err
		}
		defer conn.Close(t.Context())
		_, err = conn.Exec(t.Context(), "CREATE TABLE zinc (n BIGINT); INSERT INTO zinc VALUES (7)")
		return err
	}
	version := t.Name() + URL(t) // new to a cluster that outlives us
	for range 2 {
		url := From(t, version, prepare)
		if got := query(t, url, "UPDATE zinc SET n = n + 1 RETURNING n::text"); got != "8" {
			t.Errorf("n = %s: the copy is not as prepared", got)
		}
	}
	if prepared != 1 {
		t.Errorf("prepared %d times", prepared)
	}
}

func TestATemplateWhosePreparationFailedIsMadeAnew(t *testing.T) {
	admin := cluster(t)
	const template = "template_broken"
	broken := errors.New("the second migration fails")
	if err := fill(t.Context(), admin, template, func(string) error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("fill = %v", err)
	}
	called := false
	if err := fill(t.Context(), admin, template, func(string) error { called = true; return nil }); err != nil || !called {
		t.Errorf("the half-made template was used: called = %v, err = %v", called, err)
	}
	if err := do(t.Context(), admin, "ALTER DATABASE "+template+" IS_TEMPLATE false"); err != nil {
		t.Fatal(err)
	}
	if err := do(t.Context(), admin, "DROP DATABASE "+template); err != nil {
		t.Fatal(err)
	}
}

func TestAStoppedClusterLeavesNoFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("a second cluster takes a second")
	}
	c, err := Start(t.Context())
	if errors.Is(err, ErrNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := query(t, c.URL, "SHOW unix_socket_directories")
	if !strings.Contains(dir, "comptoir-pg-") {
		t.Fatalf("the cluster's folder is %q", dir)
	}
	c.Stop()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there", dir)
	}
}
