// Package proof compares an export of a network's history (package history) with a
// ledger that it carries out again, block by block from the genesis (package
// audit). Nothing that a node said of rows is believed.
//
// What the ledger says of a row depends on its table:
//
//	payments  all of it, but for the time: what the ledger paid
//	weights   all of it, but for the time: rows that validators opened
//	tasks     all of it, but for the time: they follow from the ledger's seeds,
//	          rosters, commitments and draws
//	answers   the signed bytes open the seat's commitment, and the other columns say
//	          what the bytes do, but for the height at which the answer came
//	cards     the signed bytes stand under the root of what the judge opened, as the
//	          finding that the ledger has; the rest as with answers
//	scores    whose seat it is; what it was asked, gave, and judges found, of which a
//	          validator that could not get all counts less; and of which validators'
//	          opened rows the weights of the epoch are. What the weights were made of
//	          besides is the asked validator's own word
//
// Times stand in the headers of blocks and in an audit's records, but in no state:
// they are compared with the records, and that is said apart. What the ledger has
// and a table of tasks, answers or cards has not is counted as missing: a node need
// not have got all of them. Of payments and weights no row of an epoch may be
// missing; epochs that a table has not are told, and payments must have each that
// another table has.
//
// That the blocks are those of a network which others know, a state hash shows:
// what the ledger has of an epoch stands in its state from the end of the epoch
// behind it until the ledger forgets it ([Report.Bind]).
//
// Start reading at [Run].
package proof
