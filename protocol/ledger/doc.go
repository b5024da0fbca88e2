// Package ledger is the state machine that the validators agree on: accounts,
// stakes, seats, the beacon, rounds, duties, weights and emission.
//
// [Apply] is a pure function of the state and a block: no clock, disk, socket,
// goroutine or float. The state is a tree of keys and canonical CBOR values
// behind the interface [Tree]; package state puts a Merkle tree there, tests a
// map. Every key that a light reader needs can be proven by itself.
//
// Rule violations are a [RuleError] with a [Reason]; they are part of a block's
// result. An error of the tree itself ends Apply, and nothing of the block holds.
//
// Who signs for what is whose is in owner.go, how a seat gets another hotkey in
// hotkey.go, what all stake on a hotkey is in pool.go, which answers were given in
// attest.go, and what keeps silence from being paid in payout.go. What people ask
// to be made and pay by escrow, without any seat, is in request.go, and how judges
// settle it in finding.go.
//
// It leaves ordering to consensus, storage to state, and the questions that a
// judge answers to scoring. Start reading at records.go, then apply.go.
package ledger
