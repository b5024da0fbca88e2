package ledger_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// committed brings a network to the last height before the answers of round 0 may
// be attested: m1 and m2 have committed to one answer each, numbers 0 and 1.
// Nobody attests by itself.
func committed(t *testing.T) *network {
	t.Helper()
	n := newNetwork(t, testGenesis()) // v1 has 100, v2 60 and v3 50 tokens
	n.deaf = map[string]bool{"v1": true, "v2": true, "v3": true}
	n.until(n.p.Schedule.CommitDeadline(0) - 1)
	n.block(n.tx("m1", &wire.Commit{Root: protocol.Hash{1}}), n.tx("m2", &wire.Commit{Root: protocol.Hash{2}}))
	n.until(n.p.Schedule.OpenDeadline(0))
	return n
}

// isGiven reports whether the one answer of a seat in round 0 was given.
func (n *network) isGiven(name string) bool {
	n.tb.Helper()
	rec, err := ledger.ReadGiven(n.tree, 0, n.seat(name).ID)
	if err != nil {
		n.tb.Fatal(err)
	}
	return rec.Slots.Has(0)
}

func TestAnAnswerIsGivenIfMoreThanHalfOfTheStakeHoldsIt(t *testing.T) {
	for _, c := range []struct {
		hold   map[string]wire.Bits
		m1, m2 bool
	}{
		{map[string]wire.Bits{"v1": {3}, "v2": {3}, "v3": {3}}, true, true},
		{map[string]wire.Bits{"v1": {3}}, false, false}, // 100 of 210
		{map[string]wire.Bits{"v2": {1}, "v3": {1}}, true, false},
		{map[string]wire.Bits{"v1": {2}, "v3": {2}, "v2": {}}, false, true},
		{map[string]wire.Bits{"v1": {1}, "v2": {2}, "v3": {2}}, false, true},
		{nil, false, false}, // silence is no vote for anybody
	} {
		n := committed(t)
		var txs [][]byte
		for name, bits := range c.hold {
			txs = append(txs, n.tx(name, &wire.Attest{Bits: bits}))
		}
		n.block(txs...)
		if n.height != n.p.Schedule.AttestDeadline(0) || n.isGiven("m1") != c.m1 || n.isGiven("m2") != c.m2 {
			t.Errorf("%v: at %d given %v and %v, want %v and %v", c.hold, n.height, n.isGiven("m1"), n.isGiven("m2"), c.m1, c.m2)
		}
		n.until(12) // the duties are drawn
		for name, given := range map[string]bool{"m1": c.m1, "m2": c.m2} {
			if d, ok, err := ledger.ReadDuties(n.tree, 0, n.seat(name).ID.UID); err != nil || ok != given {
				t.Errorf("%v: duties about %s: %+v, %v", c.hold, name, d, err)
			}
		}
		id := n.seat("m1").ID
		if s, _, err := ledger.ReadShown(n.tree, 0, id.UID); err != nil || (s.Seat == id && s.Counts[0] == 1) != c.m1 {
			t.Errorf("%v: shown %+v, %v", c.hold, s, err)
		}
	}
}

func TestNobodyVouchesForHisOwnSeat(t *testing.T) {
	g := testGenesis()
	g.Seats[3].Coldkey = g.Seats[0].Coldkey // m1 is of the owner of v1, who has almost half of the stake
	n := newNetwork(t, g)
	n.deaf = map[string]bool{"v1": true, "v2": true, "v3": true}
	n.until(n.p.Schedule.CommitDeadline(0) - 1)
	n.block(n.tx("m1", &wire.Commit{Root: protocol.Hash{1}}), n.tx("m2", &wire.Commit{Root: protocol.Hash{2}}))
	n.until(n.p.Schedule.OpenDeadline(0))
	n.block(n.tx("v1", &wire.Attest{Bits: wire.Bits{3}}), n.tx("v3", &wire.Attest{Bits: wire.Bits{3}})) // 50 of 110 but his own
	if n.isGiven("m1") || !n.isGiven("m2") {
		t.Errorf("given %v and %v, want m2's alone", n.isGiven("m1"), n.isGiven("m2"))
	}
}

// TestAJudgeSaysNothingOfAnswersThatThereAreNot: it pays nothing for what the state
// keeps, and 48 KiB of bits would stay for epochs.
func TestAJudgeSaysNothingOfAnswersThatThereAreNot(t *testing.T) {
	n := committed(t)
	if r, _, err := ledger.ReadRound(n.tree, 0); err != nil || r.Published != 2 {
		t.Fatalf("%d answers to attest, %v; want 2", r.Published, err)
	}
	for name, bits := range map[string]wire.Bits{
		"as long as may be":      bytes.Repeat([]byte{0xff}, wire.MaxAttestBytes),
		"a byte of no answer":    {3, 0},
		"one answer beyond them": {7},
	} {
		raw := n.tx("v1", &wire.Attest{Bits: bits})
		if err := ledger.CheckBlock(n.tree, n.chain, n.p, n.draft(raw)); !errors.Is(err, ledger.ErrUnknown) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrUnknown)
		}
	}
	n.block(n.tx("v1", &wire.Attest{Bits: wire.Bits{3}}))
	if a, ok, err := ledger.ReadAttest(n.tree, 0, 0); err != nil || !ok || !slices.Equal(a.Bits, wire.Bits{3}) {
		t.Errorf("kept %v, %v, %v", a.Bits, ok, err)
	}
}

// TestWhereNothingWasPublishedThereIsNothingToSay: an empty round keeps no bits.
func TestWhereNothingWasPublishedThereIsNothingToSay(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(n.p.Schedule.OpenDeadline(0))
	n.refused(n.tx("v1", &wire.Attest{Bits: wire.Bits{0}}), ledger.ErrUnknown)
	n.block(n.tx("v1", &wire.Attest{}))
}

func TestAttestationsThatDoNotCountAreLeftOut(t *testing.T) {
	n := committed(t)
	n.refused(n.tx("v1", &wire.Attest{Round: 1}), ledger.ErrDeadline)
	n.refused(n.tx("m1", &wire.Attest{}), ledger.ErrNotPermitted)
	twice := n.draft(n.tx("v2", &wire.Attest{}), n.tx("v2", &wire.Attest{Bits: wire.Bits{1}}))
	if err := ledger.CheckBlock(n.tree, n.chain, n.p, twice); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("a second one: got %v, want %v", err, ledger.ErrDuplicate)
	}
	n.block(n.tx("v1", &wire.Attest{Bits: wire.Bits{3}}))
	n.refused(n.tx("v2", &wire.Attest{}), ledger.ErrDeadline) // too late
}
