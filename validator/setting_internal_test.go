package validator

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/validator/record"
)

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

// TestWhoDoubtsManySetsDoesNotKeepOthersFromTheirs: the sets for which the ledger
// drew this validator come before all that others doubt.
func TestWhoDoubtsManySetsDoesNotKeepOthersFromTheirs(t *testing.T) {
	job := func(uid protocol.UID, doubted, mine bool) settingJob {
		return settingJob{set: preference.Set{Setter: protocol.SeatID{UID: uid}, Doubted: doubted}, mine: mine}
	}
	var got []protocol.UID
	for _, j := range inTurn([]settingJob{job(1, true, false), job(2, true, false), job(3, false, true), job(4, true, false), job(5, true, true)}) {
		got = append(got, j.set.Setter.UID)
	}
	if want := []protocol.UID{3, 5, 1, 2, 4}; !slices.Equal(got, want) {
		t.Errorf("made again in the order %v, want %v", got, want)
	}
}

// TestASetIsMadeAgainOnce, though the step finds it anew while it is made: there is
// no engine here that could make it a second time.
func TestASetIsMadeAgainOnce(t *testing.T) {
	db, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := newSetting(&base{cfg: Config{Setter: &Setter{}}, book: record.NewBook(node.RecordsOf(db), "chain")}, nil, newQueue())
	j := &settingJob{round: 2, set: preference.Set{Setter: protocol.SeatID{UID: 4, Registered: 9}, Origins: []byte{13}}}
	var b record.Batch
	b.Checked(j.round, &record.Checked{Setter: j.set.Setter})
	if err := s.book.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := s.check(t.Context(), j); err != nil {
		t.Error(err)
	}
}
