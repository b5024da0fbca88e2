// Package whatif computes an epoch of the network once more with other settings, by
// the rules that pay (package yuma): what each seat got, and what it would get.
// assay simulate --from-network and the dashboard ask it, so that both know the
// same settings by the same names.
//
// It computes with integers only, and does no I/O. Start with [Run].
package whatif
