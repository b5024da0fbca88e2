// Package yuma turns the weights that validators set into what every seat
// earns: Yuma consensus, one epoch at a time.
//
// [Run] is a pure function of its [Input], in integers only, so that all
// validators, and any researcher with the recorded input, get the same bits. It
// covers what an epoch computes, in the order of the steps:
//
//	stake.go      activity, the stake shares, the permits
//	weights.go    which weights count: permits, self votes, outdated votes, votes for a former holder of the seat
//	consensus.go  the stake-weighted median of each column, and the clipping to it
//	bonds.go      what validators hold in miners: the original rule and Yuma3
//	liquid.go     how fast a bond moves: liquid alpha
//	emission.go   the shares, and the emission in units
//
// A row belongs to a validator and a column to a miner; both are uids, dense
// from 0. The behaviour, rounding included, is that of Bittensor's chain
// (opentensor/subtensor at 14bc6f9f9), whose recorded epochs in testdata hold
// exactly. Where Assay departs from it, [Params] has a switch whose zero value
// is the reference.
//
// The package leaves to the ledger: which weights are revealed when,
// registration and pruning, duty, and the transfer of what is paid.
package yuma
