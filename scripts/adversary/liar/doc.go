// Command liar is a miner that cheats, for the demo: the shipped miner
// cannot. It is built from the same packages, with a model that lies.
//
//	liar -lie altered  serves a model with altered weights under the honest model's id
//	liar -lie copier   runs nothing, and opens what it copied from others' answers
//
// Both commit in time, open what they committed to and sign everything
// rightly; only the judges' own runs give them away. Start reading at lies.go.
package main
