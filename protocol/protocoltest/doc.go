// Package protocoltest runs a whole network in memory, for tests: the real
// ledger behind a stand-in for consensus, a gossip bus that loses and delays,
// and stores that survive a crash. Nothing waits for a clock: one call of
// [Network.Block] makes a block and everything that it causes, and all chance
// follows from one seed.
//
// What it stands in for: CometBFT by proposers that take turns, gossipsub by a
// full mesh, pebble by maps. The rest is what ships: beacon chains, signatures,
// blocks through ledger.CheckBlock and ledger.Apply.
//
// It knows no role. A test attaches miners, validators or liars as a [Node],
// each behind a [Port]; see scripts/simtest. Start reading at [New].
package protocoltest
