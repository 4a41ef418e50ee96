package db

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"comptoir/internal/fault"
)

// wakeChannel is the NOTIFY channel; the payload is a place id.
const wakeChannel = "comptoir_journal"

type postgresEngine struct {
	pool     *pgxpool.Pool
	wakes    *wakes
	stop     context.CancelFunc
	listener sync.WaitGroup
}

func openPostgres(ctx context.Context, url string, d *DB) (engine, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fault.New(fault.Invalid, "db.open", "db.url") // the cause may show the password
	}
	cfg.MaxConns = max(cfg.MaxConns, 12)
	// What a person was told is kept is kept, whatever the server is set to: its faster setting loses the last moments.
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, classifyPostgres(err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fault.Wrap(err, fault.Unavailable, "db.open", "db.unreachable")
	}
	lctx, stop := context.WithCancel(context.Background())
	e := &postgresEngine{pool: pool, wakes: &d.wakes, stop: stop}
	e.listener.Go(func() { e.listen(lctx, cfg.ConnConfig.Copy()) })
	return e, nil
}

func (e *postgresEngine) close() {
	e.stop()
	e.listener.Wait()
	e.pool.Close()
}

// Pool is the pool of PostgreSQL connections, for the job queue; nil on SQLite.
func (d *DB) Pool() *pgxpool.Pool {
	if e, ok := d.engine.(*postgresEngine); ok {
		return e.pool
	}
	return nil
}

func (e *postgresEngine) Query(ctx context.Context, q string, args ...any) (Rows, error) {
	return pgQuery(ctx, e.pool, q, args)
}

func (e *postgresEngine) QueryRow(ctx context.Context, q string, args ...any) Row {
	return pgRow{e.pool.QueryRow(ctx, q, storable(args)...)}
}

func (e *postgresEngine) write(ctx context.Context, fn func(Tx) error) error {
	tx, err := e.pool.Begin(ctx)
	if err != nil {
		return classifyPostgres(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	t := &pgTx{tx: tx}
	if err := fn(t); err != nil {
		return err
	}
	for _, id := range t.woken {
		if _, err := tx.Exec(ctx, "SELECT pg_notify($1, $2)", wakeChannel, id); err != nil {
			return classifyPostgres(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		var pe *pgconn.PgError
		if errors.As(err, &pe) || errors.Is(err, pgx.ErrTxCommitRollback) {
			return classifyPostgres(err) // the server said no: surely not committed
		}
		return fault.Wrap(err, fault.Ambiguous, "db.commit", "db.commit_unknown")
	}
	e.wakes.wake(t.woken...)
	return nil
}

func (e *postgresEngine) snapshot(ctx context.Context, fn func(Querier) error) error {
	tx, err := e.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return classifyPostgres(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	return fn(&pgTx{tx: tx})
}

func (e *postgresEngine) script(ctx context.Context, tx Tx, text string) error {
	_, err := tx.Raw().(pgx.Tx).Conn().PgConn().Exec(ctx, text).ReadAll()
	return classifyPostgres(err)
}

func (e *postgresEngine) ping(ctx context.Context) error { return classifyPostgres(e.pool.Ping(ctx)) }

// listen keeps one connection of its own on the wake channel. After each loss it wakes every place,
// because it does not know what it missed.
func (e *postgresEngine) listen(ctx context.Context, cfg *pgx.ConnConfig) {
	for wait := time.Duration(0); ctx.Err() == nil; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(max(2*wait, 100*time.Millisecond), 5*time.Second)
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			continue
		}
		if _, err := conn.Exec(ctx, "LISTEN "+wakeChannel); err == nil {
			wait = 0
			e.wakes.wake(AllPlaces)
			for {
				n, err := conn.WaitForNotification(ctx)
				if err != nil {
					break
				}
				e.wakes.wake(n.Payload)
			}
		}
		conn.Close(context.WithoutCancel(ctx))
	}
}

type pgQuerier interface {
	Query(ctx context.Context, q string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, q string, args ...any) pgx.Row
}

// storable replaces what PostgreSQL refuses in text and SQLite takes. An id with such bytes then names nothing, as it
// should, instead of failing the statement and its transaction. What people write was made plain long before.
func storable(args []any) []any {
	for i, a := range args {
		s, ok := a.(string)
		if !ok || isPlain(s) {
			continue
		}
		args = slices.Clone(args)
		args[i] = plain(s)
	}
	return args
}

// plain replaces NUL and bytes that are no UTF-8 by the mark that says so.
func plain(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func isPlain(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func pgQuery(ctx context.Context, q pgQuerier, sql string, args []any) (Rows, error) {
	rows, err := q.Query(ctx, sql, storable(args)...)
	if err != nil {
		return nil, classifyPostgres(err)
	}
	return pgRows{rows}, nil
}

type pgTx struct {
	tx    pgx.Tx
	woken []string
}

func (t *pgTx) Raw() any            { return t.tx }
func (t *pgTx) Wake(placeID string) { t.woken = append(t.woken, placeID) }

func (t *pgTx) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, q, storable(args)...)
	return tag.RowsAffected(), classifyPostgres(err)
}

func (t *pgTx) Query(ctx context.Context, q string, args ...any) (Rows, error) {
	return pgQuery(ctx, t.tx, q, args)
}

func (t *pgTx) QueryRow(ctx context.Context, q string, args ...any) Row {
	return pgRow{t.tx.QueryRow(ctx, q, storable(args)...)}
}

type pgRows struct{ pgx.Rows }

func (r pgRows) Err() error             { return classifyPostgres(r.Rows.Err()) }
func (r pgRows) Scan(dest ...any) error { return classifyPostgres(r.Rows.Scan(dest...)) }

type pgRow struct{ row pgx.Row }

func (r pgRow) Scan(dest ...any) error { return classifyPostgres(r.row.Scan(dest...)) }

// classifyPostgres gives an error of the driver its meaning.
func classifyPostgres(err error) error {
	var pe *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoRows
	case errors.As(err, &pe):
		switch pe.Code {
		case "40001", "40P01", "57P01", "57P02", "57P03", "53300":
			return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.busy", Err: err}
		case "53100", "53200", "58030":
			return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.disk", Err: err}
		case "25006":
			return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.unwritable", Err: err}
		}
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case pgconn.SafeToRetry(err), pgconn.Timeout(err):
		return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.unreachable", Err: err}
	}
	return err
}

func uniquePostgres(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505"
}
