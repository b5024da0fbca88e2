// Package inference is the contract of the task kind "inference": which tasks
// a seat is asked, how its answers are sealed and opened, and what of an answer
// can be told to be wrong without running the model.
//
// Everything here is a pure function of what the ledger holds, so that miner,
// judge and reader rebuild the same tasks: nobody sends them. [Derive] makes a
// task from a round's seed; [Commitment], [Opening] and [CheckOpening] are the
// seal; [CheckResult] is the cheap check.
//
// Turning text into tokens is the model's (engine/tokenizer), and running is
// the engine's. Start reading at [Derive].
package inference
