package place

import (
	"context"
	"time"
)

// Tests count hashes; they do not pay for them.
func init() { passwords.argonParams = argonParams{memory: 64, passes: 1, threads: 1} }

// Cost is what a hash costs outside of tests: KiB, passes, threads, and how many are made at once.
func Cost() [4]int {
	return [4]int{int(argonCost.memory), int(argonCost.passes), int(argonCost.threads), cap(passwords.slots)}
}

// Hashes tells how many password hashes this process has computed.
func Hashes() int64 { return passwords.done.Load() }

// HoldHashes takes every slot, as a flood of sign-ins would, until the returned function is called.
func HoldHashes() (release func()) {
	for range cap(passwords.slots) {
		passwords.slots <- struct{}{}
	}
	return func() {
		for range cap(passwords.slots) {
			<-passwords.slots
		}
	}
}

// CheckPassword is what a new password is judged by.
func CheckPassword(password string, own ...string) string { return checkPassword(password, own...) }

// WeakHash is a password as a version with cheaper hashes stored it.
func WeakHash(password string) string {
	h := newHasher(argonParams{memory: 8, passes: 1, threads: 1}, 1)
	s, err := h.hash(context.Background(), password)
	if err != nil {
		panic(err)
	}
	return s
}

// CodeAt is what an app shows at a moment.
func CodeAt(secret []byte, at time.Time) string {
	return codeAt(secret, at.Unix()/int64(codeEvery/time.Second))
}

// AcceptAs is the last step of accepting an invitation, when the password was right.
var AcceptAs = acceptAs
