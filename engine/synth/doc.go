// Package synth writes models of random weights in the shapes of real ones:
// nobody wants their answers, but they need the memory and the time of the real
// ones, so that who buys or rents a machine can size it without a download.
//
// Start reading at synth.go; blocks.go makes the weights.
package synth
