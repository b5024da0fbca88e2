package simtest_test

import (
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// kill ends an actor's node where it stands; what its disk holds stays.
func (s *stage) kill(name string) {
	s.stores[name] = s.store(name).Crash()
	s.Attach(name, s.Port(name), nil)
}

// One copy of twenty is lost, of the others some take a block, and vera's
// process dies in the middle of an epoch and comes back in another.
func TestHonestNetworkSurvivesLossAndAKilledValidator(t *testing.T) {
	t.Parallel()
	s := open(t, honest, protocoltest.Config{Cast: cast(), Loss: 50, Delay: 1})
	s.until(88)
	s.kill("vera")
	s.until(131)
	s.validator("vera")
	s.play(16)
	for _, name := range miners {
		if f := s.findings(name); f[wire.FindingPassed] < 10 || len(f) > 1 {
			t.Errorf("findings about %s: %v", name, f)
		}
		// Loss takes two of thirteen answers at most.
		s.near(name, s.Mined(name, 4, 16), s.half(4, 16)/3, 20)
	}
	// A judge's seal has two blocks' time, and may be lost in both: then its
	// weights of one epoch are.
	for _, name := range judges {
		paid := 0
		for e := protocol.Epoch(9); e <= 16; e++ {
			if p := s.Payment(name, e); p.Permit && p.Validator > 0 {
				paid++
			}
		}
		if paid < 6 {
			t.Errorf("%s, alive since epoch 6, was paid in %d of 8 epochs", name, paid)
		}
	}
	if dead := s.Payment("vera", 6); dead.Drawn > 0 && dead.Fulfilled == dead.Drawn {
		t.Errorf("vera, who was dead, did %d of %d duties", dead.Fulfilled, dead.Drawn)
	}
	if w := s.validators["vera"].Status(); !w.Judge || w.Since != 132 {
		t.Errorf("vera's status: %+v", w)
	}
	if silent := s.refused[validator.ErrDuplicate]; silent == 0 {
		t.Error("nothing was repeated, so nothing that was lost came again")
	}
}

// Every node dies after every block, and comes back with what its disk holds.
func TestDyingAfterEveryBlockCostsNothing(t *testing.T) {
	t.Parallel()
	s := network(t)
	for s.Height() < 20*7-1 {
		s.block()
		for _, name := range judges {
			s.kill(name)
			s.validator(name)
		}
		for _, name := range miners {
			s.kill(name)
			s.miner(name)
		}
	}
	for _, name := range miners {
		s.near(name, s.Mined(name, 4, 6), s.half(4, 6)/3, 15)
	}
	for _, name := range judges {
		for e := range s.lastEpoch() + 1 {
			if p := s.Payment(name, e); p.Fulfilled != p.Drawn {
				t.Errorf("%s did %d of %d duties before epoch %d", name, p.Fulfilled, p.Drawn, e)
			}
		}
	}
}

// Violet sees every block one height late, so that messages come early, and
// cleo is cut off for an epoch.
func TestALateReaderLosesNothingAndACutOffMinerAnEpoch(t *testing.T) {
	t.Parallel()
	s := network(t)
	s.Lag("violet", 1)
	s.play(5)
	s.Cut("cleo")
	s.play(6)
	s.Mend("cleo")
	s.play(12)
	if s.refused[validator.ErrEarly] == 0 {
		t.Error("no message came early")
	}
	s.near("violet", s.Judged("violet", 4, 12), s.leastJudge(4, 12), 10)
	if cut, never := s.Mined("cleo", 8, 12), s.Mined("ada", 8, 12); cut >= never || cut == 0 {
		t.Errorf("cleo, who missed a round, was paid %s, ada %s", cut, never)
	}
}

// Zoe registers while the network runs, announces her seat, and is paid as soon
// as weights can count.
func TestALateMinerIsPaidFiveEpochsAfterItsRegistration(t *testing.T) {
	t.Parallel()
	s := network(t, protocoltest.Actor{Name: "zoe"})
	s.play(2)
	s.join("zoe", "zoe", 1)
	s.play(14)
	for e := protocol.Epoch(3); e <= 14; e++ {
		if got := s.Mined("zoe", e, e); (got > 0) != (e >= 7) {
			t.Errorf("zoe was paid %s in epoch %d", got, e)
		}
	}
	// Her first answers may have been drawn by few, and are remembered for a while.
	s.near("zoe", s.Mined("zoe", 12, 14), s.least(12, 14), 15)
}

// timeless returns a hash of the state, less what contains how long answers
// took: the roots of commitments, of what is attested and of cards.
func timeless(t *testing.T, tree *ledger.MemTree) protocol.Hash {
	t.Helper()
	tree = tree.Clone()
	set := func(key []byte, v any) {
		if err := tree.Set(key, wire.Encode(v)); err != nil {
			t.Fatal(err)
		}
	}
	for e := range protocol.Epoch(100) {
		judges, err := ledger.ReadRosterJudges(tree, e)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range judges {
			c, ok, err := ledger.ReadCards(tree, e, j.ID.UID)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				c.Root, c.Seal = protocol.Hash{}, protocol.Hash{}
				set(ledger.CardsKey(e, j.ID.UID), c)
			}
			n := protocol.Round(e) // one round an epoch
			a, ok, err := ledger.ReadAttest(tree, n, j.ID.UID)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				a.Root = protocol.Hash{}
				set(ledger.AttestKey(n, j.ID.UID), a)
			}
		}
		commits, err := ledger.ReadCommits(tree, protocol.Round(e))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range commits {
			c.Root = protocol.Hash{}
			set(ledger.CommitKey(protocol.Round(e), c.Seat.UID), c)
		}
	}
	return tree.Hash()
}

// Messages are lost and delayed, mallory lies, and always the same comes out.
func TestOneSeedGivesOneStateWhateverTheNumberOfGoroutines(t *testing.T) {
	t.Parallel()
	threads, err := engine.Open(t.Context(), enginetest.Tiny(t, tiny), engine.Config{Threads: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = threads.Close() }()
	last := func(model *engine.Model, seed uint64, parallel int) protocol.Hash {
		s := openSeed(t, model, seed, protocoltest.Config{Cast: cast(mallory), Loss: 100, Delay: 2, Parallel: parallel})
		s.miner("mallory", alteredWeights())
		s.play(6)
		s.minedNothing("mallory")
		return timeless(t, s.State())
	}
	want := last(honest, *seed, 1)
	if again := last(honest, *seed, 1); again != want {
		t.Errorf("played again: state %s, want %s", again.Short(), want.Short())
	}
	if many := last(threads, *seed, 8); many != want {
		t.Errorf("eight nodes at a time, three threads: state %s, want %s", many.Short(), want.Short())
	}
	if last(honest, *seed+1, 1) == want {
		t.Error("another seed gave the same state")
	}
}
