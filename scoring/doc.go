// Package scoring judges answers and makes weights of the judgements.
//
// A judge of a kind ([Inference]) checks an answer and says what it found, an
// [Outcome]: its finding is in the words of all kinds, its reasons are the
// kind's own. One run gives the card of every other judge, too, by hashing
// alone, so that a false card is known from an own run. [Tally], [Average] and
// [Row] turn what was counted in an epoch into sixteen-bit weights, in integers
// only: two validators that counted the same send the same. A kind has a file of
// its own here, and nothing else of the package knows it.
//
// It keeps nothing: package validator stores judgements and averages, and says
// what belongs to an epoch. Start reading at [Outcome] and weights.go.
package scoring
