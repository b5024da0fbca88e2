package protocol_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
)

// One epoch of twelve blocks with two rounds:
//
//	height   0  1  2  3  4  5 | 6  7  8  9 10 11 | 12
//	round    0 (commit to 3, open to 4) | 1      | 2
//	epoch    0                                   | 1
func TestScheduleSaysWhenThingsHappen(t *testing.T) {
	s := protocol.Schedule{Tempo: 12, RoundLength: 6, CommitBlocks: 3, OpenBlocks: 4}
	for h := range protocol.Height(40) {
		e, r := s.EpochOf(h), s.RoundOf(h)
		if h < s.EpochStart(e) || h > s.EpochEnd(e) || s.IsEpochEnd(h) != (h == s.EpochEnd(e)) {
			t.Errorf("height %d is not in epoch %d", h, e)
		}
		if h < s.RoundStart(r) || h >= s.RoundStart(r+1) || s.EpochOfRound(r) != e {
			t.Errorf("height %d is not in round %d of epoch %d", h, r, e)
		}
	}
	if got := s.RoundsPerEpoch(); got != 2 {
		t.Errorf("got %d rounds", got)
	}
	if s.CommitDeadline(1) != 9 || s.OpenDeadline(1) != 10 || s.EpochEnd(0) != 11 || s.EpochStart(1) != 12 {
		t.Errorf("got %d, %d, %d, %d", s.CommitDeadline(1), s.OpenDeadline(1), s.EpochEnd(0), s.EpochStart(1))
	}
	if got := protocol.UID(7).String(); got != "7" {
		t.Errorf("got %q", got)
	}
}
