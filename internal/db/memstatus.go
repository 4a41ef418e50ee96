package db

import (
	"fmt"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite would count each piece of memory that it takes, under one lock for all connections. Nobody reads that count,
// and SQLite's own documents advise against it (Recommended Compile-time Options, 2026-11). It can be said only before
// the first connection.
func init() {
	tls := libc.NewTLS()
	defer tls.Close()
	off := libc.NewVaList(int32(0))
	defer libc.Xfree(tls, off)
	if rc := sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_MEMSTATUS, off); rc != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("db: SQLite does not take its settings: %d", rc))
	}
}
