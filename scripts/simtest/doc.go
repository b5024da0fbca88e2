// Package simtest holds the tests of whole networks in memory: shipped miners
// and validators beside liars, on a tiny model, until the ledger has paid. Each
// test tells a story and ends with what its people earned.
//
// Run one with another seed by `go test ./scripts/simtest -run NAME -seed N`.
package simtest
