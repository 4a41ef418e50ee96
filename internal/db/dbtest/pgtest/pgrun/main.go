// Pgrun runs a command beside a throwaway PostgreSQL cluster that all its tests share:
//
//	go run ./internal/db/dbtest/pgtest/pgrun go test ./...
//
// The cluster ends with the command, whose exit status becomes pgrun's. Where PostgreSQL is not installed,
// or COMPTOIR_TEST_POSTGRES already says something, the command runs all the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"comptoir/internal/db/dbtest/pgtest"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: pgrun COMMAND [ARGUMENT]...")
		os.Exit(2)
	}
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgrun:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func run(command []string) (status int, err error) {
	// Ctrl-C reaches the command too; it ends first, then its databases.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
	if os.Getenv(pgtest.Env) == "" {
		cluster, err := pgtest.Start(context.Background())
		switch {
		case errors.Is(err, pgtest.ErrNotInstalled):
			fmt.Fprintln(os.Stderr, "pgrun:", err)
		case err != nil:
			return 0, err
		default:
			defer cluster.Stop()
			os.Setenv(pgtest.Env, cluster.URL)
		}
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
