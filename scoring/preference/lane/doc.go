// Package lane says what the raters of the people's lane are worth in an epoch. It
// reads the ledger, makes pairs with their answers of what setters and raters
// opened, and has package scoring/preference score them.
//
//	pairs    of each round of the lane that fell due in the epochs e − Memory + 1 …
//	         e, those that were dealt and whose setter opened them
//	answers  of each rater that a pair was dealt to; absent where it opened no
//	         ratings, or some that are not as many as it was dealt
//	setter   its owner, so that many validators of one owner count as one
//	memory   the epochs before e, scored in their order from nothing: so the score
//	         is a function of what the ledger holds, and whoever has the state has
//	         it to the unit, also who joined today
//
//	worth = ⌊pay · 65536 · share ÷ Σ pay⌋
//
// in 65536ths of a unit, of which the kind's full work is 65536
// (params.Kind.Full): so a row of weights gives the lane share ÷ 65536 of the
// kind's share, and the rest to nobody. share is that of scoring/preference, which
// is absolute.
//
// Start reading at [Read].
package lane
