// Package synthetic is the contract of verified synthesis, which makes synthetic
// data: what a model is asked, from a seed of 32 bytes alone, and what a program
// can check of its answer. One family of prompts a file; [Derive] is pure, and
// what the checks find goes into the data set beside the answer.
//
// Nobody writes a prompt and nobody chooses one, so that what is paid is the run
// and not the taste of who asked. A check is no gate of payment: a small model
// answers many prompts wrong, and has worked all the same.
//
// Packages text and value hold what checks and gates read texts and JSON with.
package synthetic
