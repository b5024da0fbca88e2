package main

import (
	"github.com/assaynet/assay/protocol"
)

// liar is one way to be paid for what was not done, or to harm who did it.
type liar struct {
	name string
	does string // in one line
	// judges says that it is one of the four validators, else it is a miner beside
	// three honest ones.
	judges bool
	// paysOnly says that its lies may all fall on answers that it planted: judges see
	// them by hashing then, in what they weigh, and nothing on the ledger shows them.
	// Its pay must be less than half of an honest one's.
	paysOnly bool
	// bounded says that nothing shows what it does, and that it must not have more than
	// a twentieth above an honest one.
	bounded bool
	// fellow is another that lies, so that there is something to lie about; "" for
	// nobody.
	fellow string
	// enter puts its node into a network that has no block yet.
	enter func(s *stage) error
	// each is called after each block; nil for nothing.
	each func(s *stage, h protocol.Height) error
}

// all holds the liars: judges first.
var all = []*liar{
	stamp, hasher, slander, broken, copiesVotes, abstains, copiesWeights, doubleSign,
	altered, oneInTen, skip, frame, wrongPath, leak, floods,
}

// me is the name of the liar's actor.
const me = "liar"
