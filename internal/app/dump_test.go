package app_test

import (
	"context"
	"io"
	"log/slog"
	"syscall"
	"testing"

	"comptoir/internal/app"
)

func TestACrashLeavesNoMemoryOnDisk(t *testing.T) {
	var before, now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &before); err != nil {
		t.Fatal(err)
	}
	if before.Cur == 0 && syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: before.Max, Max: before.Max}) != nil || before.Max == 0 {
		t.Skip("this machine leaves none anyway")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := app.Run(ctx, app.Config{Data: t.TempDir(), Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), io.Discard); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &now); err != nil || now.Cur != 0 {
		t.Errorf("%d bytes of memory may be left, %v", now.Cur, err)
	}
}
