// Package scoring judges answers and makes weights of the judgements.
//
// A [Judge] runs the model over an answer and finds it exact or says where it
// differs; one run gives the root of every other judge, too, by hashing alone,
// so that a false card is known from an own run. [Tally], [Average] and [Row]
// turn what was counted in an epoch into sixteen-bit weights, in integers only:
// two validators that counted the same send the same. One file per task kind.
//
// It keeps nothing: package validator stores judgements and averages, and says
// what belongs to an epoch. Start reading at [Judge] and weights.go.
package scoring
