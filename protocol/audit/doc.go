// Package audit re-derives what a network paid, from what its blocks were given.
//
// A [Record] is one block as a node keeps it: its transactions, and what consensus
// told with them, which is in no transaction; the hash of the state that it made;
// and, of the last block of an epoch, what that epoch paid. A [Writer] puts the
// records of a network, from its genesis on, into one file; a [Reader] takes such
// a file from anybody. [Replay] carries the blocks out with package ledger, which
// is what validators run, and names the first thing that comes out differently.
//
// Nothing is believed but the genesis. A replay says that the records contradict
// themselves nowhere: every signature is right, every payment follows. That they
// are those of a network which others know is said by the state hash of a block,
// which its validators signed, and by the hash of the file.
//
// SPEC.md has the format. Start reading at [Record], then [Replay].
package audit
