package validator

import (
	"testing"

	"github.com/assaynet/assay/protocol/wire"
)

// TestTheCaseToChallengeWaitsForOwnPairsAndVotesDoNot: while own pairs are made the
// reference runs what is voted on, and then what is to be challenged, though that
// has the sooner deadline.
func TestTheCaseToChallengeWaitsForOwnPairsAndVotesDoNot(t *testing.T) {
	making := true
	c := newConfirming(nil, nil, nil, func() bool { return making })
	c.apart = true
	challenge, vote := wire.AnswerKey{Round: 1, UID: 3}, wire.AnswerKey{Round: 1, UID: 4}
	c.ask(challenge, 59, true)
	c.ask(vote, 65, false)
	c.hand(0)
	next := func() wire.AnswerKey {
		k, inner := c.begin(t.Context())
		if inner != nil && !c.end(inner) {
			t.Errorf("the run of %v gave way", k)
		}
		return k
	}
	if got := next(); got != vote {
		t.Errorf("ran %v, want the vote's %v", got, vote)
	}
	if got := next(); got != (wire.AnswerKey{}) {
		t.Errorf("ran %v while pairs were made", got)
	}
	making = false
	if got := next(); got != challenge {
		t.Errorf("ran %v, want the challenge's %v", got, challenge)
	}
}
