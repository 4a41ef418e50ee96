// Package networktest is the whole test of a driver: Run asks a driver for what the contract of package
// network promises, against that network's server faked in memory, over a wire that the suite breaks.
//
// It knows no network. A driver's test is one call:
//
//	func TestConformance(t *testing.T) { networktest.Run(t, email.Driver{}, newFake) }
//
// # What a driver's author provides
//
// A Fake: the network's server as its documents describe it, strict where they are, with one account on it and a
// ledger of what it took. It is written from the documents, not from the driver, and decodes what arrives by other
// means than the driver's. Endpoint, credential and Wire open that account; the suite puts its Breaker between.
//
// What a driver can do is found by type assertion on its Client, and all of that is tested. Some of it cannot be seen
// from outside, so the fake shows it by a method more:
//
//	the driver                                     the fake
//	is a network.Reactor                           must be a Witness
//	is a network.Moderator                         must be an Overseer
//	is a network.Meter                             must be a Public
//	has Limits.Attachments                         must fill Accepted.Files
//	is a network.Deleter                           must fill Accepted.Gone
//	has Limits.Text because the network counts     is a Judge
//	chooses who can read a post                    must heed Said.Private and fill Accepted.Visibility
//	reads attachments                              is an Illustrator
//	follows what is changed and taken back         is a Reviser
//	has Limits.Unpublished                         must fill Accepted.Unpublished
//	has a credential that can end                  is a Revoker
//	meets limits of rate                           is a Throttler, in the network's own dialect
//	reads items that may be malformed              is a Spoiler
//	has a cursor that may lose its meaning         is a Renumberer
//	compares its clock with the network's          is a Skewer
//
// Where the fake must, its absence fails the suite; where it is free to, the check is skipped and says so.
//
// What the suite finds is only as good as the suite: package mutants plants one small mistake after the other in the
// drivers and sees it found (make mutants). A new check comes with a mistake that it finds.
package networktest
