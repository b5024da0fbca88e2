package simtest_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// headOf returns a block with another head.
func headOf(b *ledger.Block, link protocol.Hash) *ledger.Block {
	c := *b
	c.Txs = append([][]byte{wire.Encode(&wire.BlockHead{Link: link})}, b.Txs[1:]...)
	return &c
}

// Vincent would choose what the beacon becomes. Any link but the one that
// serves the height is refused; other transactions change nothing; so he can
// only be silent, and the next member's link counts.
func TestAProposerThatGrindsHasNothingToChoose(t *testing.T) {
	t.Parallel()
	s := network(t)
	tried := 0
	s.Propose("vincent", func(turn protocoltest.Turn) *ledger.Block {
		for i := range 16 {
			draft := headOf(turn.Honest, protocol.Hash{byte(i), 1})
			if err := ledger.CheckBlock(turn.State, s.ChainID(), s.Params(), draft); !errors.Is(err, ledger.ErrBlock) {
				t.Errorf("height %d: another link: %v", turn.Height, err)
			}
		}
		var beacons []protocol.Hash
		for _, txs := range [][][]byte{turn.Honest.Txs, turn.Honest.Txs[:1]} {
			draft := *turn.Honest
			draft.Txs = txs
			tree := s.State().Clone()
			for _, b := range []*ledger.Block{&draft, s.next(turn, "vera", draft.Height+1)} {
				if _, err := ledger.Apply(tree, s.ChainID(), s.Params(), b); err != nil {
					t.Fatalf("height %d: %v", b.Height, err)
				}
			}
			meta, _, err := ledger.ReadMeta(tree)
			if err != nil {
				t.Fatal(err)
			}
			beacons = append(beacons, meta.Beacon)
		}
		if beacons[0] != beacons[1] {
			t.Errorf("height %d: transactions changed the beacon", turn.Height)
		}
		tried++
		return headOf(turn.Honest, protocol.Hash{1})
	})
	s.play(6)
	if tried < 20 || len(s.Refused("vincent")) != tried {
		t.Errorf("of %d blocks with a wrong link %d were refused", tried, len(s.Refused("vincent")))
	}
	s.least(0, 6)
}

// next returns an empty block of an actor that follows the turn's.
func (s *stage) next(turn protocoltest.Turn, name string, h protocol.Height) *ledger.Block {
	s.Helper()
	link, ok := s.Link(name, h)
	if !ok {
		s.Fatalf("%s has no link for height %d", name, h)
	}
	return &ledger.Block{
		Height: h, Proposer: protocoltest.ConsensusKey(name), PrevEligible: []protocol.PublicKey{turn.Honest.Proposer},
		Txs: [][]byte{wire.Encode(&wire.BlockHead{Link: link})},
	}
}

// Vincent signs all of mallory's answers exact, and is silent in every turn
// whose link would draw only honest judges for her. It costs him blocks, and
// an honest judge is drawn for each answer all the same.
func TestAProposerThatWithholdsSavesNobody(t *testing.T) {
	t.Parallel()
	p := protocoltest.Params(honest.ID())
	p.Schedule.AttestBlocks = 14 // so that his is the second link after it
	s := open(t, honest, protocoltest.Config{Cast: cast(mallory), Params: p})
	s.miner("mallory", alteredWeights())
	s.validator("vincent", func(c *validator.Config) { c.Judges = []validator.Judge{&stamp{}} })
	her, his := s.seat("mallory").ID, s.seat("vincent").ID
	silent := 0
	s.Propose("vincent", func(turn protocoltest.Turn) *ledger.Block {
		tree := s.State().Clone()
		for _, b := range []*ledger.Block{turn.Honest, s.next(turn, "vera", turn.Height+1)} {
			if _, err := ledger.Apply(tree, s.ChainID(), s.Params(), b); err != nil {
				return turn.Honest // vera cannot follow where her chain does not serve
			}
		}
		d, ok, err := ledger.ReadDuties(tree, s.Params().Schedule.RoundOf(turn.Height), her.UID)
		if err != nil || !ok {
			return turn.Honest
		}
		for _, duty := range d.Duties {
			if duty.Judge == his {
				return turn.Honest
			}
		}
		silent++
		return nil
	})
	s.play(12)
	s.minedNothing("mallory")
	if silent == 0 {
		t.Error("vincent never had a reason to be silent")
	}
	if got, least := s.Judged("vincent", 4, 12), s.leastJudge(4, 12); got >= least {
		t.Errorf("vincent was paid %s, an honest judge %s", got, least)
	}
}

// Vincent and violet know each other's links. When it is vincent's turn he
// puts violet's name and link into the header, if he likes that beacon better.
func TestNamingAnotherProposerCostsThePermit(t *testing.T) {
	t.Parallel()
	s := network(t)
	var named protocol.Height
	s.Propose("vincent", func(turn protocoltest.Turn) *ledger.Block {
		if named > 0 || turn.Height < 85 || turn.Round > 0 {
			return turn.Honest
		}
		link, ok := s.Link("violet", turn.Height)
		if !ok {
			t.Fatal("violet has no link")
		}
		named = turn.Height
		b := headOf(turn.Honest, link)
		b.Proposer = protocoltest.ConsensusKey("violet")
		return b
	})
	s.play(4)
	if r := s.Refused("vincent"); len(r) > 0 {
		t.Fatalf("the block with violet's name: %v", r)
	}
	if b, ok, err := ledger.ReadBeacon(s.State(), named); err != nil || !ok || b.Counted {
		t.Errorf("beacon of height %d: %+v, %v, %v; want one without a link", named, b, ok, err)
	}
	s.play(12)
	lost := s.Params().Schedule.EpochOf(named) + 1
	if before, without, after := s.Payment("vincent", lost-1), s.Payment("vincent", lost), s.Payment("vincent", lost+1); before.Permit || without.Permit || !after.Permit {
		t.Errorf("permits at the ends of the epochs around %d: %v, %v, %v; want it back in the last alone", lost, before.Permit, without.Permit, after.Permit)
	}
	if got, least := s.Judged("vincent", 4, 12), s.leastJudge(4, 12); got >= least {
		t.Errorf("vincent was paid %s, an honest judge %s", got, least)
	}
}

// Vincent registers one chain after another, to serve with the one whose links
// he likes best. The first waits for its epoch, and each further try costs him
// a fee.
func TestRegisteringAChainAgainChoosesNothing(t *testing.T) {
	t.Parallel()
	s := network(t)
	s.play(1)
	hotkey := protocoltest.Named("vincent")
	first, start := protocoltest.Chain("vincent", 80), s.Params().Schedule.EpochStart(4)
	extend := func(maker *ledger.ChainMaker, at protocol.Height) error {
		t.Helper()
		if err := s.Tx(hotkey, &wire.ExtendBeacon{Start: at, Anchor: maker.Anchor()}); err != nil {
			return err
		}
		s.block()
		return nil
	}
	if err := extend(first, start); err != nil {
		t.Fatal(err)
	}
	other := protocoltest.Chain("vincent's other", 80)
	for _, at := range []protocol.Height{start, start + 20} {
		if err := extend(other, at); !errors.Is(err, ledger.ErrDuplicate) {
			t.Errorf("a second chain from %d: got %v, want %v", at, err, ledger.ErrDuplicate)
		}
	}
	s.Propose("vincent", func(turn protocoltest.Turn) *ledger.Block {
		if link, ok := other.Link(turn.Height); ok && turn.Height < start+20 {
			return headOf(turn.Honest, link)
		}
		return turn.Honest
	})
	s.play(8)
	seat := s.seat("vincent")
	if seat.Beacon.Start != start {
		t.Errorf("vincent's chain starts at %d, want %d", seat.Beacon.Start, start)
	}
	if len(s.Refused("vincent")) == 0 {
		t.Error("links of a chain that is not registered were not refused")
	}
	s.least(0, 8)
	if got, least := s.Judged("vincent", 2, 8), s.leastJudge(2, 8); got > least+least/20 {
		t.Errorf("vincent was paid %s, an honest judge %s", got, least)
	}
}
