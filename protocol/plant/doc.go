// Package plant has the answers that a seat alters on purpose, so that a judge who
// does not look is found out: which they are, what is altered, and how that is
// proven afterwards by hashing alone.
//
// For each epoch a seat has a link of a hash chain that was fixed before the tasks
// of the epoch were known, and is secret until it is opened:
//
//	link i       = H(link i + 1), the last one a secret; it serves epoch start + i
//	β            = H("assay/1/plant", link ‖ task seed of the round ‖ seat id)
//	draw of s    = SHA-256(β ‖ s), for slot s of the round
//	planted      iff its first eight bytes are below ρ·2⁶⁴
//	place        = its next eight bytes modulo the number of leaves
//	state        = H("assay/1/plant/state", β ‖ s ‖ place ‖ true state hash)
//
// In the leaf at place the altered state hash stands for the true one; tokens stay,
// so that no look at the answer shows it. What stands there is a SHA-256 of these
// tags: it is no state's hash, so that whoever found such an answer exact did not
// run the model. And who ran it finds that one leaf differs, also where the miner
// is honest: so nobody is framed, and after the link is open everybody sees by
// hashing that nothing else differs.
//
// It finds out who says "exact" without a run. Who says "false" without one is not
// found out by plants: of a plant that is even right. Against that another judge's
// run has to be weighed with it, in challenges and verdicts, which are not there
// yet; until then a false "false" is one judge's own opinion, and moves no stake.
//
// The package only hashes. What a link costs who does not open it is for package
// ledger to say.
package plant
