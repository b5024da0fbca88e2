// Package synthetic is the task kind "synthetic": a model makes a record of
// synthetic data, and the record is its run, verified and paid as one of the kind
// inference, whose bodies it has within its own. What is asked follows from the
// task's id: a family, and in it a question, from a seed of 32 bytes alone
// ([Derive]). One family of questions a file; their texts and words are in
// families.json, which other programs read, too.
//
// Nobody writes a question and nobody chooses one, so that what is paid is the run
// and not the taste of who asked. A question has checks, which a program makes of
// an answer; with other gates (scoring/synthetic) they decide whether the record
// enters a data set, and the judges' cards say which it failed. They are no gates
// of payment: a small model answers many questions wrong, and has worked all the
// same.
//
// Packages text and value hold what checks and gates read texts and JSON with.
// Start reading at body.go, then [Draw].
package synthetic
