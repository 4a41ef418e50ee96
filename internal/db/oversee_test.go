package db_test

import (
	"testing"

	"comptoir/internal/db/dbtest"
)

// The job queue repeats its questions on connections that keep them. One that is asked again while its first
// answer is still being read, and one that follows a change of the schema, are answered right.
func TestAQuestionThatIsKeptIsAnsweredAnew(t *testing.T) {
	handle := dbtest.SQLite(t).SQLDB()
	tx, err := handle.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	exec := func(q string) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE due (n)")
	exec("INSERT INTO due VALUES (1), (2), (3)")
	const question = "SELECT * FROM due WHERE n >= ? ORDER BY n"
	first := func(from int) (columns []string, n int) {
		t.Helper()
		rows, err := tx.QueryContext(t.Context(), question, from)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if columns, err = rows.Columns(); err != nil || !rows.Next() {
			t.Fatal(columns, err, rows.Err())
		}
		dest := []any{&n, new(any)}
		if err := rows.Scan(dest[:len(columns)]...); err != nil {
			t.Fatal(err)
		}
		return columns, n
	}
	outer, err := tx.QueryContext(t.Context(), question, 1)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for sum < 1000 && outer.Next() {
		var n int
		if err := outer.Scan(&n); err != nil {
			t.Fatal(err)
		}
		_, inner := first(n)
		sum += n*10 + inner
	}
	if err := outer.Close(); err != nil || sum != 66 {
		t.Errorf("read %d, %v", sum, err)
	}
	exec("ALTER TABLE due ADD COLUMN more DEFAULT 7")
	if columns, n := first(2); len(columns) != 2 || n != 2 {
		t.Errorf("after a change of the schema: %v, %d", columns, n)
	}
}
