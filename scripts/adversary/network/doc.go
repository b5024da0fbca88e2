// Package network runs a network for those who attack it: validators and miners
// are the shipped programs, each a process with a home of its own, with a model so
// small that an answer takes a millisecond. Whoever starts it may put accounts and
// seats of attackers into the genesis.
//
// It differs from assay devnet in what its genesis holds, how fast its blocks come
// and what its nodes may suffer: they can be stopped, continued and started again.
// Start reading at New.
package network
