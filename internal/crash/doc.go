// Package crash holds tests only: the whole program, broken in the ways that a house breaks it.
//
// A real `comptoir serve` runs, built with the tag faults, and clients outside it keep their own lists: what
// guests were thanked for, what lies in the mailbox, which answers were taken. The program is killed, its disk
// fills, its clock leaps; then the lists are held against what it kept, and the mail server's ledger against
// what it sent. Nothing acknowledged may be missing, nothing may be there twice, nothing may be stuck.
//
// `make crash` runs the long form, `make test` a short one; both print the seed that plays the same plan of
// faults again.
package crash
