package app

import "syscall"

// noCoreDump has a crash leave no picture of the memory on disk: passwords and words of people are in it. What is to be
// known of a crash is on the standard error.
func noCoreDump() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
