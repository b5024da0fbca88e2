// Package task is what all kinds of tasks have in common: how a task follows from
// the beacon, how the answers of a round are sealed and opened, and what a
// [Kind] is. The kinds have packages of their own below this one, and stand in
// one table (package kinds).
//
// Every kind obeys one law:
//
//	A judgement is a pure function of public bytes that exist when it is due. So
//	two honest judges of one answer sign the same finding, and the bodies of
//	their cards differ only by what binds each to its own hotkey, which the other
//	can compute. What differs is a lie.
//
// Where honest raters may differ, as in a matter of taste, the rating is the
// answer, not the judgement; what it is worth is computed from all answers, as
// the ledger has them.
//
// A duty is an answer that the beacon drew for a validator to judge, and each
// drawn answer has two judges or more: the law makes each of them a check of the
// other. What the kind of a task decides is what is asked (the body of the
// task), what may be answered, and what a judge says (the body of the card); the
// findings, and what follows from them, are the same for all.
//
// Everything here is a pure function of what the ledger holds, so that miner,
// judge and reader rebuild the same tasks: nobody sends them. [Table.Derive]
// makes a task from a round's seed; [Sealed] and [CheckOpening] are the seal.
// Start reading at [Kind].
package task
