// Package node assembles a node from its parts, in plain Go and in order: the
// database, the place in the gossip, and either consensus with a ledger of its
// own ([Full], a validator's) or a light reader that believes nothing without
// a proof ([Light], a miner's).
//
// It knows nothing of tasks and scores: package miner and package validator
// live on top of it, wired by the commands. Start reading at full.go.
package node
