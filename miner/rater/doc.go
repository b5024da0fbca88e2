// Package rater is the miner's worker of the people's lane: it follows which pairs
// a seat is dealt (package task/preference), takes their texts from gossip, lays
// them on a desk, and answers with the ratings that lie there when the round is
// sealed. It rates nothing: who does, a person or a script, is behind [Desk].
//
// Nothing is kept here. Setters publish their pairs again while they are rated, and
// what was rated is the desk's; so a miner that was killed in the middle of a round
// goes on with what its people did.
package rater
