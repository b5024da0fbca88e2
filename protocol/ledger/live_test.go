package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// fourValidators have equal stakes; an epoch has 20 blocks, and who is silent for
// 40 is jailed at the end of one.
func fourValidators() *ledger.Genesis {
	g := testGenesis()
	g.Params.Seats.MaxSilence, g.Params.Tasks.Retention = 40, 64
	g.Seats = nil
	for _, name := range []string{"v1", "v2", "v3", "v4"} {
		g.Seats = append(g.Seats, seat(name, 100*protocol.Unit, true))
	}
	g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: secret("v4 cold").Public(), Balance: 100 * protocol.Unit})
	return g
}

// chosen returns the names of the consensus set.
func (n *network) chosen() (out []string) {
	n.tb.Helper()
	set, _, err := ledger.ReadValidators(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	for _, v := range set.Set {
		out = append(out, n.consKeys[v.Key])
	}
	return out
}

// inSet complains unless exactly these are in the consensus set.
func (n *network) inSet(names ...string) {
	n.tb.Helper()
	if got := n.chosen(); !slices.Equal(got, names) {
		n.tb.Errorf("after block %d: got %v in the set, want %v", n.height, got, names)
	}
}

// v4 dies after block 25. At the end of epoch 3 that is 54 blocks ago: it is
// jailed, keeps its stake, and comes back when it asked for it.
func TestWhoIsSilentIsJailedAndComesBack(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(25)
	n.silent = map[string]bool{"v4": true}
	n.until(78)
	n.inSet("v1", "v2", "v3", "v4")
	if err := n.do("v4", &wire.Unjail{Epoch: 3}); ledger.ReasonOf(err) != ledger.ErrNotPermitted {
		t.Errorf("not jailed: got %v, want %v", err, ledger.ErrNotPermitted)
	}
	if !slices.Contains(n.events(), ledger.EventJailed) || !slices.Contains(n.events(), ledger.EventPermitLost) {
		t.Errorf("block %d: got %v", n.height, n.events())
	}
	n.inSet("v1", "v2", "v3")
	s := n.seat("v4")
	if want := (ledger.Jail{Held: true, From: 4, Wait: 1}); s.Jail != want || s.Permit {
		t.Errorf("got %+v, permit %v, want %+v", s.Jail, s.Permit, want)
	}
	if got := n.staked("v4", "v4 cold"); got != 100*protocol.Unit {
		t.Errorf("v4 has %s, want all of its stake", got)
	}

	// It runs again, but nothing happens by itself.
	n.silent = nil
	n.until(85)
	out, err := ledger.PermitOutlook(n.tree, n.p, secret("v4").Public(), 4)
	if err != nil || out.Lacks != ledger.LackJail || out.Jail != s.Jail {
		t.Errorf("outlook: got %+v, %v", out, err)
	}
	for _, e := range []protocol.Epoch{3, 5} {
		if err := n.do("v4", &wire.Unjail{Epoch: e}); ledger.ReasonOf(err) != ledger.ErrDeadline {
			t.Errorf("in epoch 4 for %d: got %v, want %v", e, err, ledger.ErrDeadline)
		}
	}
	if err := n.do("v4", &wire.Unjail{Epoch: 4}); err != nil {
		t.Fatal(err)
	}
	if err := n.do("v4", &wire.Unjail{Epoch: 4}); ledger.ReasonOf(err) != ledger.ErrDuplicate {
		t.Errorf("asked twice: got %v, want %v", err, ledger.ErrDuplicate)
	}
	if out, err = ledger.PermitOutlook(n.tree, n.p, secret("v4").Public(), 4); err != nil || out.Lacks != "" || out.From != 5 {
		t.Errorf("outlook: got %+v, %v, want a permit in epoch 5", out, err)
	}
	n.until(98)
	n.inSet("v1", "v2", "v3")
	n.until(99)
	n.inSet("v1", "v2", "v3", "v4")
	if s := n.seat("v4"); !s.Permit || s.Jail.Held || s.Jail.Asks {
		t.Errorf("got %+v", s.Jail)
	}
	n.until(139)
	n.inSet("v1", "v2", "v3", "v4")
}

// The wait doubles each time, up to 16 epochs, and is one again long after.
func TestTheWaitDoublesWhileASeatFailsAgainAndAgain(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(2)
	n.silent = map[string]bool{"v4": true}
	for _, wait := range []uint64{1, 2, 4, 8, 16, 16} {
		for e := n.p.Schedule.EpochOf(n.next()); !n.seat("v4").Jail.Held; e++ {
			n.until(n.p.Schedule.EpochEnd(e))
		}
		jail := n.seat("v4").Jail
		if jail.Wait != wait {
			t.Fatalf("got a wait of %d, want %d", jail.Wait, wait)
		}
		n.until(n.p.Schedule.EpochEnd(jail.Free() - 2))
		if wait > 1 {
			if err := n.do("v4", &wire.Unjail{Epoch: jail.Free() - 2}); ledger.ReasonOf(err) != ledger.ErrDeadline {
				t.Errorf("a wait of %d: got %v, want %v", wait, err, ledger.ErrDeadline)
			}
		}
		n.until(n.p.Schedule.EpochStart(jail.Free() - 1))
		if err := n.do("v4", &wire.Unjail{Epoch: jail.Free() - 1}); err != nil {
			t.Fatal(err)
		}
		n.until(n.p.Schedule.EpochEnd(jail.Free() - 1))
	}
	// Alive for 64 epochs after the wait, it is as if it had never been.
	s := n.seat("v4")
	n.silent = nil
	n.until(n.p.Schedule.EpochEnd(s.Jail.Free()))
	n.jump(n.p.Schedule.EpochStart(s.Jail.Free() + 64))
	n.until(n.height + 2)
	n.silent = map[string]bool{"v4": true}
	n.until(n.p.Schedule.EpochEnd(n.p.Schedule.EpochOf(n.height) + 2))
	if got := n.seat("v4").Jail; !got.Held || got.Wait != 1 {
		t.Errorf("got %+v, want a wait of one epoch", got)
	}
}

// v4's votes are in no block. Where those who made the blocks have two thirds of
// the other's power and not more, they might be leaving them out; and its own
// block is a sign of life as good as a vote.
func TestACoalitionCannotCallTheLivingDead(t *testing.T) {
	for _, c := range []struct {
		what    string
		silent  []string // make no blocks
		jailed  bool
		proving bool // v4 makes blocks
	}{
		{what: "two of the three others make all blocks", silent: []string{"v3", "v4"}},
		{what: "all others make blocks", silent: []string{"v4"}, jailed: true},
		{what: "v4 makes blocks, too", proving: true},
	} {
		n := newNetwork(t, fourValidators())
		n.until(2)
		n.unheard = map[string]bool{"v4": true}
		for n.height < 79 {
			b := n.draft()
			for i := 0; slices.Contains(c.silent, n.consKeys[b.Proposer]); i++ {
				n.turn++
				b = n.draft()
			}
			n.apply(b)
		}
		if got := n.seat("v4").Jail.Held; got != c.jailed {
			t.Errorf("%s: jailed %v, want %v", c.what, got, c.jailed)
		}
		if n.seat("v3").Jail.Held {
			t.Errorf("%s: v3 votes and is jailed", c.what)
		}
	}
}

// Whoever votes for no block is there; who does nothing else is not dead.
func TestAVoteForNoBlockIsASignOfLife(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.silent = map[string]bool{"v4": true}
	for n.height < 79 {
		b := n.draft()
		if n.height > 0 {
			b.Votes[3].Flag = ledger.VoteNil
		}
		n.apply(b)
	}
	n.inSet("v1", "v2", "v3", "v4")
}

// Who rotates its key is known by both: its votes count under the former key for
// two blocks of the new set, and under the new one from then on.
func TestARotatedKeySpeaksForItsSeat(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(22)
	n.consKeys[secret("v4 next").Public()] = "v4"
	if err := n.do("v4", n.consensusAs("v4", " next", "h:1")); err != nil {
		t.Fatal(err)
	}
	n.until(40)
	last := func() protocol.Height {
		t.Helper()
		rec, err := ledger.ReadSigned(n.tree)
		if err != nil {
			t.Fatal(err)
		}
		return rec.Of(3).Last
	}
	for n.height < 60 {
		if n.block(); last() != n.height-1 {
			t.Fatalf("after block %d v4 signed %d last", n.height, last())
		}
	}
	rec, _ := ledger.ReadSigned(n.tree)
	if len(rec.Members) != 4 || rec.Members[3].Address != key.AddressOf(secret("v4 next").Public()) {
		t.Errorf("got %+v, want one entry of each", rec.Members)
	}
}

// proof says that a member voted twice at a height.
func proof(name string, h uint64) ledger.Misbehaviour {
	return ledger.Misbehaviour{Offence: ledger.OffenceDoubleVote, Address: ledger.ConsensusAddress(key.AddressOf(secret(name + " consensus").Public())), Height: h}
}

// v1 voted twice in so many rounds that a block is full of it; v2's lie counts all
// the same, for consensus tells of it only there.
func TestWhoLiesOftenHidesNobodysLie(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(22)
	b := n.draft()
	b.Misbehaviour = append(slices.Repeat([]ledger.Misbehaviour{proof("v1", 20)}, 300), proof("v2", 21))
	n.apply(b)
	if !n.seat("v1").Jail.Lied || !n.seat("v2").Jail.Lied || n.seat("v3").Jail.Held {
		t.Errorf("v1 %+v, v2 %+v, v3 %+v", n.seat("v1").Jail, n.seat("v2").Jail, n.seat("v3").Jail)
	}
}

// A proof of two votes for one height costs the permit and the longest wait, and
// never stake; more proofs of the same time change nothing, nor does a stranger's.
func TestWhoSignsTwiceIsJailed(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(22)
	b := n.draft()
	b.Misbehaviour = []ledger.Misbehaviour{proof("v2", 20), proof("v2", 21), proof("nobody", 20)}
	n.apply(b)
	want := ledger.Jail{Held: true, Lied: true, From: 2, Wait: 16, Told: 2}
	if got := n.seat("v2"); got.Jail != want || !got.Permit {
		t.Errorf("got %+v, permit %v, want %+v and the permit until the epoch ends", got.Jail, got.Permit, want)
	}
	n.until(39)
	n.inSet("v1", "v3", "v4")
	b = n.draft()
	b.Misbehaviour = []ledger.Misbehaviour{proof("v2", 39)}
	n.apply(b)
	if got := n.seat("v2").Jail; got != want || n.staked("v2", "v2 cold") != 100*protocol.Unit {
		t.Errorf("got %+v, want %+v still, and all stake", got, want)
	}
}

// All chains end with height 2^20, as they began. The network goes on without
// links: the beacon moves by itself, and draws nothing; a link that is left out
// before is refused, and so is any but zeros after. When the next chains serve
// tasks are drawn again.
func TestANetworkWhoseChainsAllEndGoesOn(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(2)
	const end = ledger.ChainLength + 1 // the first height without a link
	n.jump(end - 2)
	meta, _, _ := ledger.ReadMeta(n.tree)
	meta.LastStep = n.p.Schedule.EpochStart(n.p.Schedule.EpochOf(end)) - 1
	n.set(ledger.MetaKey(), meta)
	signed, err := ledger.ReadSigned(n.tree)
	if err != nil {
		t.Fatal(err)
	}
	for i := range signed.Members {
		signed.Members[i].Last = end - 3
	}
	n.set(ledger.SignedKey(), signed)
	refused := func(link protocol.Hash) {
		t.Helper()
		b := n.draft()
		b.Txs[0] = wire.Encode(&wire.BlockHead{Link: link})
		if err := ledger.CheckBlock(n.tree, n.chain, n.p, b); !errors.Is(err, ledger.ErrBlock) {
			t.Errorf("height %d with link %s: got %v, want it refused", b.Height, link.Short(), err)
		}
	}
	refused(protocol.Hash{}) // who has a link may not withhold it
	n.until(end - 1)
	refused(protocol.Hash{1})
	last, _, _ := ledger.ReadBeacon(n.tree, end-2)
	n.until(end + 1) // zero links: head has none to open
	for h := protocol.Height(end - 1); h <= end; h++ {
		b, _, _ := ledger.ReadBeacon(n.tree, h)
		want := wire.HashOf("assay/1/beacon", last.Beacon[:])
		if counted := h < end; b.Counted != counted || !counted && b.Beacon != want {
			t.Errorf("beacon of %d: got %+v, counted %v wanted", h, b, counted)
		}
		last = b
	}
	from := n.p.Schedule.EpochOf(n.next()) + 2
	var txs [][]byte
	for _, name := range []string{"v1", "v2", "v3", "v4"} {
		if s := n.seat(name); !s.Permit { // a block without a link is a right one
			t.Errorf("%s lost its permit", name)
		}
		chain := chainOf(name, n.p.Schedule.EpochStart(from))
		n.makers[name] = append(n.makers[name], chain)
		txs = append(txs, n.tx(name, &wire.ExtendBeacon{Start: chain.Start(), Anchor: chain.Anchor()}))
	}
	n.block(txs...)
	n.until(n.p.Schedule.EpochEnd(from-1) + 1)
	n.inSet("v1", "v2", "v3", "v4")
	if b, _, _ := ledger.ReadBeacon(n.tree, n.height-2); b.Counted {
		t.Error("a link counts that is none")
	}
	n.until(n.p.Schedule.EpochStart(from) + 6)
	if r, _, _ := ledger.ReadRound(n.tree, n.p.Schedule.RoundOf(n.height)); r.TaskSeed.IsZero() {
		t.Error("no tasks are drawn when the next chains serve")
	}
}
