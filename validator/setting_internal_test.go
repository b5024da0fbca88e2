package validator

import "testing"

// TestOwnPairsAreTakenOnce, and from then on they are being made. Where a step has
// taken them back since the worker looked, there are none, and nothing breaks.
func TestOwnPairsAreTakenOnce(t *testing.T) {
	s := newSetting(nil, nil, newQueue())
	s.hand([]settingJob{{round: 3, own: true}, {round: 2}}, 2)
	if own := s.takeOwn(); own == nil || own.round != 3 || !s.busy() || s.ownWaits() {
		t.Fatalf("took %+v, busy %t, own pairs wait: %t", own, s.busy(), s.ownWaits())
	}
	s.noteMaking(false)
	if own := s.takeOwn(); own != nil || s.busy() {
		t.Errorf("took %+v, which is another's, busy %t", own, s.busy())
	}
	s.hand(nil, 3)
	if own := s.takeOwn(); own != nil {
		t.Errorf("took %+v where nothing waits", own)
	}
}
