// Package archtest holds the tests of the house's plan: who imports whom, who writes which table, what every
// statement on a place's table must name, and what may be logged. It has no code of its own.
//
// The rules stand in ARCHITECTURE.md, in fenced tables that these tests read; what a table says is the rule.
package archtest
