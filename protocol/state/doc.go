// Package state keeps the ledger's state in a Merkle tree, version h after
// block h, and proves single values of it. It is the only importer of iavl.
//
// [State] is the working tree that a block changes; [State.Commit] makes it
// the next version in one atomic, synced write, so that after a crash the state
// is that of a whole block. [Snapshot] reads one version, also while blocks go
// on. [Snapshot.Prove] gives a proof of a value or of its absence, and [Verify]
// checks it against nothing but the root, which is the app hash that header
// h + 1 carries.
//
// [Snapshot.Export] gives a whole version in parts, from which [State.Restore]
// makes it again on another node; that they are the right ones, the root alone
// says.
//
// What the keys mean is the ledger's. Start reading at [State].
package state
