// Command demo runs a whole network on this machine: validators and miners as
// separate processes on loopback, with the real model.
//
//	demo -mode demo     four validators, five miners, two of which cheat; ends by itself
//	demo -mode devnet   four validators, two honest miners; stays up until Ctrl-C
//
// scripts/demo/run.sh fetches the model, builds the programs and calls it. Start
// reading at main.go; network.go makes keys, genesis and homes; process.go
// starts and ends processes; narrate.go turns logs into sentences; watch.go
// reads the validators' API; conditions.go decides success.
package main
