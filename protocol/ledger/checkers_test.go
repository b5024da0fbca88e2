package ledger_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// opened is a network of three validators, of whom v1 set and opened pairs of
// round 2, whose ratings fell due in round 3; one of the others is to make them
// again.
func opened(t *testing.T) (*network, []preference.Set) {
	t.Helper()
	g := rated()
	g.Params.Preference.Checkers = 1
	n := newNetwork(t, g)
	n.until(2)
	for _, name := range []string{"v1", "v2"} {
		if err := n.do(name, &wire.ExtendSetter{Start: 2, Anchor: sets(name).Anchor()}); err != nil {
			t.Fatal(err)
		}
	}
	n.until(14)
	n.block(n.tx("v1", &wire.SetPairs{Round: 2, Root: protocol.Hash{7}}), n.tx("v2", &wire.SetPairs{Round: 2, Root: protocol.Hash{8}}))
	n.until(36)
	link, _ := sets("v1").Link(2)
	n.block(n.tx("v1", &wire.OpenPairs{Round: 2, Link: link, Origins: []byte{0, 13, 26}}))
	return n, n.sets(2)
}

// sets returns the sets of a round.
func (n *network) sets(round protocol.Round) []preference.Set {
	n.tb.Helper()
	list, err := ledger.ReadSets(n.tree, round)
	if err != nil {
		n.tb.Fatal(err)
	}
	return list
}

// Only who was drawn can have all others look, once, and only at what is open.
func TestACheckerDoubtsAndNobodyElse(t *testing.T) {
	n, list := opened(t)
	doubt := &wire.DoubtPairs{Round: 2, Setter: n.seat("v1").ID}
	if _, drawn, err := ledger.ReadCheckers(n.tree, n.p, 3, list); err != nil || drawn {
		t.Errorf("checkers are drawn while links may be opened: %v, %v", drawn, err)
	}
	n.refused(n.tx("v2", doubt), ledger.ErrDeadline)
	n.until(43)
	lists, drawn, err := ledger.ReadCheckers(n.tree, n.p, 3, list)
	if err != nil || !drawn || len(lists) != 2 || len(lists[0]) != 1 {
		t.Fatalf("checkers are %v, %v, %v", lists, drawn, err)
	}
	checker, other := "v2", "v3"
	if lists[0][0] != n.seat(checker).ID {
		checker, other = other, checker
	}
	if lists[0][0] != n.seat(checker).ID {
		t.Fatalf("seat %v checks the pairs of v1", lists[0][0])
	}
	n.refused(n.tx(other, doubt), ledger.ErrNotPermitted)
	n.refused(n.tx("v1", doubt), ledger.ErrNotPermitted)
	n.refused(n.tx("m1", doubt), ledger.ErrNotPermitted)
	n.refused(n.tx(checker, &wire.DoubtPairs{Round: 2, Setter: n.seat("v2").ID}), ledger.ErrUnknown) // not open
	n.refused(n.tx(checker, &wire.DoubtPairs{Round: 2, Setter: n.seat("m1").ID}), ledger.ErrUnknown)
	n.refused(n.tx(checker, &wire.DoubtPairs{Round: 2, Setter: protocol.SeatID{UID: 0, Registered: 9}}), ledger.ErrUnknown)
	n.refused(n.tx(checker, &wire.DoubtPairs{Round: 3, Setter: doubt.Setter}), ledger.ErrDeadline)

	n.block(n.tx(checker, doubt))
	now := n.sets(2)
	if !now[0].Doubted || now[1].Doubted {
		t.Errorf("sets are %+v", now)
	}
	now[0].Doubted = false
	if !slices.EqualFunc(now, list, func(a, b preference.Set) bool {
		return a.Setter == b.Setter && a.Coldkey == b.Coldkey && a.Root == b.Root && a.Link == b.Link && slices.Equal(a.Origins, b.Origins) && !a.Doubted
	}) {
		t.Errorf("a doubt changed %+v to %+v", list, now)
	}
	n.refused(n.tx(checker, doubt), ledger.ErrDuplicate)
}

// A doubt pays nothing, and goes before all that does: nobody can keep those of
// many rounds, and fill blocks with them. It counts as long as others look.
func TestADoubtComesWhileOthersLook(t *testing.T) {
	n, list := opened(t)
	last := n.p.Schedule.RoundStart(2+2*(ledger.DoubtLanes+1)) - 1
	n.until(last - 1)
	lists, _, err := ledger.ReadCheckers(n.tree, n.p, 3, list)
	if err != nil {
		t.Fatal(err)
	}
	checker := "v2"
	if lists[0][0] != n.seat(checker).ID {
		checker = "v3"
	}
	doubt := n.tx(checker, &wire.DoubtPairs{Round: 2, Setter: n.seat("v1").ID})
	if err := ledger.CheckBlock(n.tree, n.chain, n.p, n.draft(doubt)); err != nil {
		t.Errorf("in block %d: %v", last, err)
	}
	n.until(last)
	n.refused(doubt, ledger.ErrDeadline)
}

// Checkers are of other owners than the setter and than each other, drawn by
// stake, and others for each seed.
func TestCheckersAreDrawnByStakeFromOtherOwners(t *testing.T) {
	owner := func(n byte) protocol.PublicKey { return protocol.PublicKey{2, n} }
	var judges []ledger.RosterJudge
	for i, j := range []struct {
		owner byte
		stake protocol.Amount
	}{{0, 500}, {0, 500}, {1, 100}, {2, 200}, {2, 300}, {3, 400}} {
		judges = append(judges, ledger.RosterJudge{ID: protocol.SeatID{UID: protocol.UID(i)}, Coldkey: owner(j.owner), Stake: j.stake})
	}
	p := params.Local()
	set := preference.Set{Setter: judges[0].ID, Coldkey: owner(0)}
	const draws = 10_000
	var first [6]int
	for i := range uint64(draws) {
		var seed protocol.Hash
		binary.BigEndian.PutUint64(seed[:], i)
		p.Preference.Checkers = 2
		two := ledger.Checkers(&p, seed, judges, &set)
		if len(two) != 2 || judges[two[0].UID].Coldkey == judges[two[1].UID].Coldkey || two[0].UID < 2 || two[1].UID < 2 {
			t.Fatalf("drew %v", two)
		}
		p.Preference.Checkers = 9
		if all := ledger.Checkers(&p, seed, judges, &set); len(all) != 3 || !slices.Equal(all[:2], two) {
			t.Fatalf("of three owners drew %v, then %v", two, all)
		}
		first[two[0].UID]++
	}
	for uid, want := range []int{0, 0, 1000, 2000, 3000, 4000} {
		if got := first[uid]; got < want-want/10 || got > want+want/10 {
			t.Errorf("seat %d with %d of 1000 was drawn first %d times of %d", uid, judges[uid].Stake, got, draws)
		}
	}
	if none := ledger.Checkers(&p, protocol.Hash{1}, judges[:2], &set); len(none) != 0 {
		t.Errorf("of the setter's own drew %v", none)
	}
}

// What an error is to whoever would have all look at sets that are not there.
func TestWithoutPeopleThereIsNothingToDoubt(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(2)
	if err := ledger.CheckBlock(n.tree, n.chain, n.p, n.draft(n.tx("v1", &wire.DoubtPairs{Round: 2}))); !errors.Is(err, ledger.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}
