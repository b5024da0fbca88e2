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
// the ledger has them. Such a kind has no judges (params.Kind.OnLedger): its
// answers are opened on the ledger, and duties and cards of it there are none.
// Package preference is the one.
//
// A duty is an answer that the beacon drew for a validator to judge, and each
// drawn answer has two judges or more: the law makes each of them a check of the
// other. What the kind of a task decides is what is asked (the body of the
// task), what may be answered, what a judge says (the body of the card), and what
// an answer is worth; the findings, and what follows from them, are the same for
// all. How much a kind is paid, how many slots and judges it has, and how long its
// tasks take, are numbers of the network (package params, Kind): the ledger knows
// no more of it.
//
// # What a new kind costs
//
//   - a package below this one: the bodies of task, answer and card, and the
//     [Kind], whose decoders have fuzz tests; [Bodies] makes its checks of them
//   - a line in kinds.All, and one in the parameters of each network that pays for
//     it; a section of params where it has numbers of its own
//   - a worker (miner.Worker) and a judge (validator.Judge), each with the line
//     that gives it to the daemon
//   - how its bodies are shown and checked by people: a file beside inference.go in
//     protocol/api and in cmd/assay
//   - a part of SPEC.md, section 11, and of the oracle that is written from it
//
// Ledger, messages, gossip, commitments, duties, cards, weights and pay need
// nothing. The kind echo of scripts/simtest/echo_test.go, which lives there only,
// has all places but the printers in seventy lines, and goes from task to pay
// beside inference. A test in package kinds walks the table, and fails where a
// kind lacks what it must have.
//
// Everything here is a pure function of what the ledger holds, so that miner,
// judge and reader rebuild the same tasks: nobody sends them. A [Round] says
// what a seat is asked; [Table.Derive] makes a task of it; [Sealed] and
// [CheckOpening] are the seal. Start reading at [Kind].
package task
