package ledger_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// rated is a network whose m1 answers and rates, and whose m2 rates, within two
// rounds: pairs that are set in round 1 are given to raters in round 2, and their
// ratings fall due in round 3.
func rated() *ledger.Genesis {
	g := testGenesis()
	g.Params.Kinds[0].Share = 3 * params.One / 4
	g.Params.Kinds = append(g.Params.Kinds, params.Raters(params.One/4, 2))
	g.Params.Preference.Pairs, g.Params.Preference.Memory = 3, 2
	rates := wire.Offer{Kind: preference.Kind, Capacity: 1}
	for i := range g.Seats {
		switch g.Seats[i].Hotkey {
		case secret("m1").Public():
			g.Seats[i].Offers = append(g.Seats[i].Offers, rates)
		case secret("m2").Public():
			g.Seats[i].Offers = []wire.Offer{rates}
		}
	}
	return g
}

// sets returns the chain of a setter, whose first link serves round 2.
func sets(name string) *ledger.ChainMaker { return chainOf(name+" sets", 2) }

// rates commits to ratings of a round that runs, and returns what opens them.
func (n *network) rates(name string, due protocol.Round, ratings ...byte) *wire.OpenRatings {
	n.tb.Helper()
	root, open, ok := n.ratings(name, due, ratings...)
	if !ok {
		n.tb.Fatalf("%s is asked no ratings in round %d", name, due)
	}
	n.block(n.tx(name, &wire.Commit{Round: due, Root: root}))
	return open
}

// ratings returns the root over ratings of a round that runs, and what opens them,
// where the seat is asked any.
func (n *network) ratings(name string, due protocol.Round, ratings ...byte) (protocol.Hash, *wire.OpenRatings, bool) {
	n.tb.Helper()
	s := n.seat(name)
	roster, _, err := ledger.ReadRosterSeat(n.tree, n.p.Schedule.EpochOfRound(due), s.ID.UID)
	if err != nil {
		n.tb.Fatal(err)
	}
	asked, err := ledger.ReadTasks(n.tree, n.chain, n.p, due, &roster)
	if err != nil {
		n.tb.Fatal(err)
	}
	slot, is := asked.First(preference.Kind)
	id, err := asked.ID(slot)
	if !is || err != nil {
		return protocol.Hash{}, nil, false
	}
	leaves := make([]protocol.Hash, asked.Slots())
	for i := range leaves {
		leaves[i] = wire.EmptySlotLeaf(uint16(i))
	}
	open := &wire.OpenRatings{Round: due, Salt: [32]byte{1}, Ratings: ratings}
	leaves[slot] = wire.SlotLeaf(n.chain, id, s.Hotkey, open.Salt, wire.SumOf(ratings))
	open.Proof = wire.MerkleProof(leaves, int(slot))
	return wire.MerkleRoot(leaves), open, true
}

func TestPairsAreSetRatedAndOpenedEachInItsTime(t *testing.T) {
	n := newNetwork(t, rated())
	link := func(name string) protocol.Hash {
		l, _ := sets(name).Link(2)
		return l
	}
	n.until(2)
	for name, c := range map[string]struct {
		body wire.ExtendSetter
		want error
	}{
		"an anchor of zeros": {wire.ExtendSetter{Start: 2}, ledger.ErrBadKey},
		"whose seed is near": {wire.ExtendSetter{Start: 1, Anchor: protocol.Hash{1}}, ledger.ErrDeadline},
		"much later":         {wire.ExtendSetter{Start: 7, Anchor: protocol.Hash{1}}, ledger.ErrDeadline},
	} {
		if err := n.do("v1", &c.body); !errors.Is(err, c.want) {
			t.Errorf("a chain of %s: got %v, want %v", name, err, c.want)
		}
	}
	for _, name := range []string{"v1", "v2"} {
		if err := n.do(name, &wire.ExtendSetter{Start: 2, Anchor: sets(name).Anchor()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.do("v1", &wire.ExtendSetter{Start: 2, Anchor: protocol.Hash{1}}); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("another chain instead of one that waits: got %v", err)
	}

	pairs := &wire.SetPairs{Round: 2, Root: protocol.Hash{7}}
	n.refused(n.tx("v1", pairs), ledger.ErrDeadline) // two rounds ahead
	n.until(10)
	n.refused(n.tx("v1", pairs), ledger.ErrDeadline) // no seed yet
	n.until(14)
	n.refused(n.tx("v1", &wire.SetPairs{Round: 3, Root: protocol.Hash{7}}), ledger.ErrDeadline) // raters get none then
	n.refused(n.tx("v3", pairs), ledger.ErrMismatch)                                            // it has no chain
	n.refused(n.tx("m1", pairs), ledger.ErrNotPermitted)
	n.block(n.tx("v1", pairs), n.tx("v2", &wire.SetPairs{Round: 2, Root: protocol.Hash{8}}))
	n.refused(n.tx("v1", &wire.SetPairs{Round: 2, Root: protocol.Hash{9}}), ledger.ErrDuplicate)

	open := &wire.OpenPairs{Round: 2, Link: link("v1"), Origins: []byte{0, 13, 26}}
	n.until(34)
	m1 := n.rates("m1", 3, 0x12)
	m2 := n.rates("m2", 3, 0x50)
	n.until(36)
	n.refused(n.tx("v1", &wire.OpenPairs{Round: 2, Link: link("v2"), Origins: open.Origins}), ledger.ErrMismatch)
	n.refused(n.tx("v1", &wire.OpenPairs{Round: 2, Link: open.Link, Origins: []byte{0}}), ledger.ErrMismatch)
	n.refused(n.tx("v3", open), ledger.ErrUnknown)
	n.refused(n.tx("m1", m1), ledger.ErrDeadline) // pairs may be opened still
	twice := n.draft(n.tx("v1", open), n.txAt("v1", n.nonce(secret("v1").Public())+1, open))
	if err := ledger.CheckBlock(n.tree, n.chain, n.p, twice); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("opened twice: got %v", err)
	}
	n.block(n.tx("v1", open))

	n.refused(n.tx("v2", &wire.OpenPairs{Round: 2, Link: link("v2"), Origins: open.Origins}), ledger.ErrDeadline)
	other := *m1
	other.Ratings = []byte{0x21}
	n.refused(n.tx("m1", &other), ledger.ErrMismatch)
	other = *m1
	other.Salt[0]++
	n.refused(n.tx("m1", &other), ledger.ErrMismatch)
	n.refused(n.tx("v1", m1), ledger.ErrNotPermitted)
	n.block(n.tx("m1", m1))
	n.refused(n.tx("m1", m1), ledger.ErrDuplicate)
	n.block()
	n.refused(n.tx("m2", m2), ledger.ErrDeadline)

	lane, ok, err := ledger.ReadLane(n.tree, n.p, 3)
	if err != nil || !ok || lane.Set != 2 || lane.Seed.IsZero() || len(lane.Sets) != 2 || len(lane.Raters) != 2 {
		t.Fatalf("the lane is %+v, %v, %v", lane, ok, err)
	}
	if !lane.Sets[0].Opened() || !bytes.Equal(lane.Sets[0].Origins, open.Origins) || lane.Sets[1].Opened() {
		t.Errorf("sets are %+v", lane.Sets)
	}
	for uid, want := range map[protocol.UID]bool{3: true, 4: false} {
		r, ok, err := ledger.ReadRatings(n.tree, 3, uid)
		if err != nil || ok != want || ok && !bytes.Equal(r.Ratings, m1.Ratings) {
			t.Errorf("seat %d: ratings %x, %v, %v", uid, r.Ratings, ok, err)
		}
	}
	if d, ok, err := ledger.ReadDuties(n.tree, 3, 4); ok || err != nil {
		t.Errorf("duties about ratings: %+v, %v", d, err)
	}

	n.until(n.p.Schedule.EpochEnd(5)) // four epochs after that of both rounds
	if lane, _, err = ledger.ReadLane(n.tree, n.p, 3); err != nil || len(lane.Sets) != 0 || len(lane.Raters) != 0 {
		t.Errorf("kept for too long: %+v, %v", lane, err)
	}
	if _, ok, err := ledger.ReadRatings(n.tree, 3, 3); ok || err != nil {
		t.Error("ratings are kept for too long", err)
	}
}

// A link that was shown serves no other round, and one that was left out is no
// hindrance to those after it.
func TestALinkServesItsRoundAlone(t *testing.T) {
	n := newNetwork(t, rated())
	n.until(2)
	if err := n.do("v1", &wire.ExtendSetter{Start: 2, Anchor: sets("v1").Anchor()}); err != nil {
		t.Fatal(err)
	}
	n.until(14)
	n.block(n.tx("v1", &wire.SetPairs{Round: 2, Root: protocol.Hash{7}}))
	n.until(34) // round 2 is never opened
	n.block(n.tx("v1", &wire.SetPairs{Round: 4, Root: protocol.Hash{8}}))
	n.until(56)
	origins := []byte{0, 0, 0}
	early, _ := sets("v1").Link(2)
	right, _ := sets("v1").Link(4)
	n.refused(n.tx("v1", &wire.OpenPairs{Round: 4, Link: early, Origins: origins}), ledger.ErrMismatch)
	n.refused(n.tx("v1", &wire.OpenPairs{Round: 2, Link: early, Origins: origins}), ledger.ErrDeadline)
	if err := n.do("v1", &wire.OpenPairs{Round: 4, Link: right, Origins: origins}); err != nil {
		t.Error(err)
	}
	rec, ok, err := ledger.ReadSetter(n.tree, 0)
	if err != nil || !ok || rec.Serves(4) || !rec.Serves(6) {
		t.Errorf("the setter is %+v, %v, %v", rec, ok, err)
	}
}

// setters are the validators of [rated], whose chains serve round 4, the first
// that pairs are owed for: those of round 2 are set in epoch 0, before which nobody
// judged.
func setters(t *testing.T) *network {
	t.Helper()
	n := newNetwork(t, rated())
	n.until(2)
	for _, name := range []string{"v1", "v2", "v3"} {
		if err := n.do(name, &wire.ExtendSetter{Start: 2, Anchor: sets(name).Anchor()}); err != nil {
			t.Fatal(err)
		}
	}
	n.until(34)
	return n
}

// opens returns what opens a setter's pairs of round 4 by its link for a round.
func opens(name string, link protocol.Round) *wire.OpenPairs {
	l, _ := sets(name).Link(protocol.Height(link))
	return &wire.OpenPairs{Round: 4, Link: l, Origins: []byte{0, 13, 26}}
}

// Who does not set, or does not open, loses of its dividends.
func TestPairsAreADuty(t *testing.T) {
	for name, c := range map[string]struct {
		set, open []string
		want      map[string]uint32
	}{
		"one withholds, one sets none": {[]string{"v1", "v2"}, []string{"v1"}, map[string]uint32{"v1": 1}},
		"all do":                       {[]string{"v1", "v2", "v3"}, []string{"v1", "v2", "v3"}, map[string]uint32{"v1": 1, "v2": 1, "v3": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			n := setters(t)
			for _, name := range c.set {
				n.block(n.tx(name, &wire.SetPairs{Round: 4, Root: protocol.Hash{7}}))
			}
			n.until(56)
			var open [][]byte
			for _, name := range c.open {
				open = append(open, n.tx(name, opens(name, 4)))
			}
			n.block(open...)
			n.until(n.p.Schedule.EpochEnd(3))
			for uid, name := range []string{"v1", "v2", "v3"} {
				if p := n.payment(2, protocol.UID(uid)); p.Drawn != 0 || p.Duty != 65535 {
					t.Errorf("%s owed %d sets of epoch 0, %d", name, p.Drawn, p.Duty)
				}
				p := n.payment(3, protocol.UID(uid))
				if want := c.want[name]; p.Drawn != 1 || p.Fulfilled != want || p.Duty != uint16(65535*want) {
					t.Errorf("%s did %d of %d duties, %d; want %d", name, p.Fulfilled, p.Drawn, p.Duty, want)
				}
			}
		})
	}
}

// A setter fixed its links long ago: no other one opens its pairs, neither
// another's, nor its own of another round, nor one that it made up.
func TestASetterThatOpensAnotherLinkIsRefused(t *testing.T) {
	n := setters(t)
	n.block(n.tx("v1", &wire.SetPairs{Round: 4, Root: protocol.Hash{7}}), n.tx("v2", &wire.SetPairs{Round: 4, Root: protocol.Hash{8}}))
	n.until(56)
	invented := opens("v1", 4)
	invented.Link[31] ^= 1
	for _, open := range []*wire.OpenPairs{opens("v2", 4), opens("v1", 2), opens("v1", 6), invented} {
		n.refused(n.tx("v1", open), ledger.ErrMismatch)
	}
	n.block()
	l, _, err := ledger.ReadLane(n.tree, n.p, 5)
	if err != nil || len(l.Sets) != 2 || l.Sets[0].Opened() {
		t.Errorf("the sets are %+v, %v", l.Sets, err)
	}
}

// A rater that seals twice has sealed what it sealed first.
func TestARaterThatSealsTwiceIsRefused(t *testing.T) {
	n := newNetwork(t, rated())
	n.until(34)
	first := n.rates("m2", 3, 0x12)
	n.refused(n.tx("m2", &wire.Commit{Round: 3, Root: protocol.Hash{1}}), ledger.ErrDuplicate)
	n.until(37)
	second := *first
	second.Ratings = []byte{0x55}
	n.refused(n.tx("m2", &second), ledger.ErrMismatch)
	n.block(n.tx("m2", first))
	if r, ok, err := ledger.ReadRatings(n.tree, 3, 4); err != nil || !ok || !bytes.Equal(r.Ratings, first.Ratings) {
		t.Errorf("ratings are %x, %v, %v", r.Ratings, ok, err)
	}
}
