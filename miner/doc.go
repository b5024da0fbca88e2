// Package miner is the role that answers tasks: it follows the ledger, derives
// what its seat is asked, has each task answered by the worker of its kind, seals
// the round's answers on the ledger and opens them after the deadline.
//
// [Miner.Step] is level-triggered: given a verified height it reads where things
// stand and does what is due, so that a miner which was killed at any moment
// goes on where its store says it was. What was sealed is in the store before
// it is announced, and is never sealed twice: the same salts and answers give the
// same commitment. It reads the ledger by single keys only, which a light reader
// can prove.
//
// Answering takes long and has its own goroutine ([Miner.Work]), so that blocks
// keep being followed. The package knows nothing of judging, disks or sockets:
// those come as small interfaces in [Config]. Start reading at miner.go.
//
// The round is the same for all kinds of tasks. A new kind is one more [Worker]:
// given a task it makes the body of an answer, and it says what the seat offers.
// Only the worker of the kind inference knows models ([Inference]); a seat that
// offers no kind that needs one opens none.
package miner
