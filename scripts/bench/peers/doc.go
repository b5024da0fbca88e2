// Command peers measures our engine against llama.cpp on this machine:
// both on the same model, in alternation, each in a process of its own.
//
//	peers compare -llama DIR [-repeat 5] [-threads 2] [-parts LIST] MODEL…
//	peers ours -model MODEL -part PART      what compare runs for our side
//	peers random -shape SHAPE -type TYPE [-context N] OUT   writes a model of random weights
//
// scripts/bench/peers.sh builds llama.cpp (build.sh), finds the models and calls
// compare, which prints a table of medians and ratios for each model.
//
// Start reading at compare.go (the alternation); ours.go and theirs.go are the
// two sides, long.go is both behind long prompts, process.go runs a side and
// watches its memory, table.go prints.
package main
