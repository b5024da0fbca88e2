// Package preference is the kind of tasks that people do: which of two responses
// is better. It has what follows from the ledger alone; who is paid what for it
// follows in scoring/preference.
//
// A round of the lane is as many rounds as the kind has (params.Kind.Rounds). It
// is named by its first, n; its ratings fall due in the last, d:
//
//	n − 1            the task seed is drawn. Each setter, a validator, makes its
//	                 pairs of H(link ‖ seed) (package pair), link being the one of
//	                 its own chain that serves n: it chooses nothing. Until the
//	                 round ends it puts their root on the ledger; then it publishes
//	                 their texts
//	n … d            the task seed of n is drawn, and deals the pairs to the raters
//	                 ([Deal]). They rate; their ratings are one answer, a few bytes
//	                 in one slot of their commitment of d
//	d, after the     setters show link and origins on the ledger, who then do not
//	  commitments    know any rating
//	d, after the     raters open their ratings on the ledger
//	  openings
//	then             the duty seed of d draws a few judges for each set, who make it
//	                 again; where one makes other pairs it doubts the set on the
//	                 ledger, and all look
//
// What is not there in time does not count: no root, no pairs; no link, and the
// pairs are as not set; no ratings, and all of them are absent.
//
// An opened link from which the published pairs or their origins do not follow is
// a lie that anyone can show: [CheckSet] is a pure function of the ledger and the
// bits of the network's model.
//
// To set pairs, publish and open them is a duty of judges as drawn judgements are:
// who leaves one out, or lies, is paid that much less (package ledger).
//
// Nobody judges a rating: it is no statement that could be false. So the kind has
// no judges, and no card. Start reading at [Deal].
package preference
