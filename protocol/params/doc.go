// Package params holds the constants of each network, each number with its
// reason. They are part of the genesis, and so of the chain id: two nodes with
// different constants are on different chains and do not hear each other.
//
// It leaves to config files what one operator may choose without asking others.
// Start reading at [Params]; [Local] and [Demo] are the networks that ship.
package params
