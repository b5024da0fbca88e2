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
// against them, and takes no one node's word. Of blocks that others keep it
// verifies when they were made (lighttimes.go), and what they did with a
// transaction (outcome.go). [Node.Serve] answers its requests, and [Remote] is the
// other end of it; the stream between them is package gossip's.
//
// # Joining
//
// A node without a block that knows a checkpoint (Config.Trust) begins with a
// snapshot of the ledger after it and carries out the blocks from there on
// (statesync.go, snapshot.go); every node serves snapshots, at the same heights.
// Without a checkpoint, or with Config.Replay, it carries out all blocks. While it
// lacks some, its log says how far it is, to where, and how long that takes
// (catchup.go). One that comes no nearer to most of its peers takes part all the
// same (takepart.go): CometBFT alone would wait for blocks of which one boasts.
//
// # The port, and sentries
//
// Validators connect by TCP. The port that is announced is ours (front.go): it has
// a door, which keeps places for the addresses that the ledger names, and hands on
// what is let in to CometBFT's own listener on loopback; who may stay is decided by
// the id that a handshake has proven (admission.go). Nothing else needs to be open,
// and a firewall that knows the validators' addresses may let them alone in.
//
// A validator whose own line must not be found, for it could be flooded, stands
// behind sentries: nodes without a seat, on other machines, which are dialled in
// its place. Each is a validator's home with a hotkey of its own that never
// registers; its log says "consensus is up" with its id. The validator's
// config.toml has
//
//	[node]
//	listen = []                           # gossip only dials
//	[consensus]
//	listen = "10.0.0.1:9662"              # or any: it need not be reached
//	peers = ["SENTRY_ID@203.0.113.5:9662", "OTHER_ID@198.51.100.7:9662"]
//	private = true
//
// It then connects to its sentries alone, lets nobody else in, and puts an empty
// address on the ledger. Its votes and blocks go through them: CometBFT's nodes
// pass on what they hear, validators or not. A sentry lets its validator in because
// the ledger names the validator's id, wherever it dials from; other validators
// take the sentry as a stranger, so that it helps to name it in their
// consensus.peers. Two sentries bear the loss of one. Who is private does not end
// itself when no blocks come (Config.StallAfter): it cannot tell who is connected
// behind its sentries.
//
// What a block does is the ledger's. Start reading at [Node.Run], then app.go;
// for readers at [Light].
package consensus
