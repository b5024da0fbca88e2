// Package store keeps everything that a node must find again after a crash, in
// one pebble database per node. It is the only importer of pebble.
//
// [Open] checks what it finds: a newer schema, a damaged file and a database
// that is in use are three errors ([ErrNewerSchema], [ErrCorrupt], [ErrLocked]),
// and nothing is ever reset silently. What the disk refuses ends the opening at
// once, and later the process ([Options].Fatal), with the system's own number:
// nothing is tried again, and nothing waits for space (disk.go).
//
// A key is the name of its [Space], a zero byte and the caller's key, so that
// names of spaces need not be free of each other's prefixes. [Space] is the
// plain view; [Table] puts canonical CBOR records on top, and tables.go
// declares those that are not a role's. A [Batch] is atomic across spaces and
// on the disk before Commit returns: what was committed is there after SIGKILL
// or power loss, what was not may be missing, and never is a part of a batch
// there.
//
// [Space.View] gives CometBFT's and the Merkle tree's stores a home in the same
// database.
//
// What the records mean is left to the roles, and which of them count to the
// ledger. Start reading at db.go.
package store
