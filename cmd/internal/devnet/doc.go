// Package devnet runs a whole network on this machine: validators and miners
// as separate processes on loopback, with the real model, told as a story while
// it happens. The command assay devnet is its face.
//
// A plain network stays up until the context ends. One with Config.Story has an
// end: records are asked for and made, a miner joins late, a validator is killed
// and comes back, and when two epochs in a row paid everybody as they should, and
// the records are paid, it prints who earned what.
//
// Start reading at [Run]. actor.go and network.go make keys, genesis and homes;
// programs.go finds the programs and process.go starts and ends them; launch.go
// has their flags; request.go buys records; narrate.go turns logs into
// sentences; watch.go reads the validators' API; story.go is the plot and
// conditions.go decides how it ends.
package devnet
