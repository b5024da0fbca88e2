// Package consensus orders the ledger's blocks with CometBFT. It is the only
// importer of CometBFT.
//
// [Node] runs the whole of it in the validator's process: an application around
// package ledger (app.go), proposals from a pool that our own gossip fills
// (pool.go), a signer that keeps on the disk, apart from the store, what it signed
// before it answers (signer.go, lastsigned.go), and connections to the validators
// that the ledger names (peers.go). [Node.Subscribe] tells of every block,
// [Node.Latest] reads the newest state.
//
// [Light] follows the same chain without taking part: it believes headers that
// two thirds of a known validator set signed, reads the state with proofs
// against them, and takes no one node's word. [Node.Serve] answers its
// requests, and [Remote] is the other end of it; the stream between them is
// package gossip's.
//
// What a block does is the ledger's. Start reading at [Node.Run], then app.go;
// for readers at [Light].
package consensus
