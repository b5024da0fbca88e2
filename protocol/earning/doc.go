// Package earning says why an epoch paid a seat more or less than the epoch before:
// from the payments on the ledger, what epochs paid in all, and what was counted of
// the seat's work. Whoever explains pay to a person asks it: the miner's log, assay
// earnings and assay explain, so that all give the same reasons in the same words.
//
// It computes with integers only, and does no I/O. Start with [Causes].
package earning
