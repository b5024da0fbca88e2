package simtest_test

import (
	"context"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
)

// liar is a model that is not what its id says.
type liar struct {
	miner.Model
	lie func(ctx context.Context, r engine.Request) (engine.Run, error)
}

func (l liar) Generate(ctx context.Context, r engine.Request, _ func(engine.Token)) (engine.Run, error) {
	return l.lie(ctx, r)
}

// lying makes a miner answer by lie under the honest model's id.
func lying(lie func(ctx context.Context, r engine.Request) (engine.Run, error)) func(*miner.Config) {
	return func(c *miner.Config) {
		c.Workers = []miner.Worker{miner.NewInference(1, nil, liar{bridge.Model{Model: honest}, lie})}
	}
}

// alteredWeights makes a miner run another model than it says.
func alteredWeights() func(*miner.Config) {
	return lying(func(ctx context.Context, r engine.Request) (engine.Run, error) {
		return altered.Generate(ctx, r, nil)
	})
}

// mallory has a seat like the honest miners' and is up to no good.
var mallory = protocoltest.Actor{Name: "mallory", Capacity: 1}

func TestAlteredWeightsEarnNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	s.miner("mallory", alteredWeights())
	s.play(8)
	s.minedNothing("mallory")
	// So little is altered that the tokens are often the same: the states tell.
	f := s.findings("mallory")
	if f[wire.FindingPassed] > 0 || f[wire.FindingFalse] == 0 {
		t.Errorf("judges found of mallory: %v", f)
	}
}

// alteredIn makes a miner run another model in the epochs that which picks.
func alteredIn(s *stage, which func(protocol.Epoch) bool) func(*miner.Config) {
	return lying(func(ctx context.Context, r engine.Request) (engine.Run, error) {
		if which(s.Params().Schedule.EpochOf(s.Height())) {
			return altered.Generate(ctx, r, nil)
		}
		return honest.Generate(ctx, r, nil)
	})
}

// Mallory is honest for seven epochs. What the first judge says then makes all
// others run the answer, too, so that no good name carries her on. Of five
// judges, only two draw her in every second epoch.
func TestAGoodNameDoesNotPayForAlteredWeights(t *testing.T) {
	t.Parallel()
	s := network(t, mallory, protocoltest.Actor{Name: "vicky", Stake: stake})
	s.miner("mallory", alteredIn(s, func(e protocol.Epoch) bool { return e >= 7 }))
	s.play(12)
	s.near("mallory", s.Mined("mallory", 4, 8), s.least(4, 8), 15)
	if got := s.Mined("mallory", 10, 12); got != 0 { // epoch 9 pays for weights of before she was judged
		t.Errorf("mallory was paid %s for altered weights", got)
	}
}

func TestAlteredWeightsNowAndThenEarnLessThanTheyLeaveUndone(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	s.miner("mallory", alteredIn(s, func(e protocol.Epoch) bool { return e%4 == 0 }))
	s.play(16)
	// About half of an honest miner's pay, for three quarters of its work: who draws
	// her, and when, moves it by a tenth.
	if got, least := s.Mined("mallory", 5, 16), s.least(5, 16); 20*got > 11*least {
		t.Errorf("with three epochs of four honest, mallory was paid %s, an honest miner %s", got, least)
	}
}

func TestRightTokensWithTheFingerprintOfAnotherTaskEarnNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	s.miner("mallory", lying(func(ctx context.Context, r engine.Request) (engine.Run, error) {
		r.Binding.Task[0] ^= 1
		return honest.Generate(ctx, r, nil)
	}))
	s.play(8)
	s.minedNothing("mallory")
	s.found("mallory", wire.FindingFalse)
}

func TestStoppingAfterOneTokenEarnsNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	s.miner("mallory", lying(func(ctx context.Context, r engine.Request) (engine.Run, error) {
		r.Settings.MaxTokens = 1
		return honest.Generate(ctx, r, nil)
	}))
	s.play(8)
	s.minedNothing("mallory")
	s.found("mallory", wire.FindingMalformed)
}

// Mallory runs the model for one seat, and binds what came out to the task and
// the hotkey of a second one.
func TestOneRunForTwoSeatsIsPaidOnce(t *testing.T) {
	t.Parallel()
	s := network(t, mallory, protocoltest.Actor{Name: "malcolm", Owner: "mallory", Capacity: 1})
	var last engine.Run
	s.miner("mallory", lying(func(ctx context.Context, r engine.Request) (run engine.Run, err error) {
		last, err = honest.Generate(ctx, r, nil)
		return last, err
	}))
	s.miner("malcolm", lying(func(ctx context.Context, r engine.Request) (engine.Run, error) {
		states, err := honest.Verify(ctx, last)
		if err != nil {
			return engine.Run{}, err
		}
		run := last
		run.Binding = r.Binding
		run.Leaves = fingerprint.Leaves(r.Binding, states.First, states.Choices, states.States)
		run.Fingerprint = fingerprint.Root(run.Leaves)
		return run, nil
	}))
	s.play(8)
	s.minedNothing("malcolm")
	if f := s.findings("malcolm"); f[wire.FindingPassed] > 0 {
		t.Errorf("judges found of malcolm: %v", f)
	}
	s.near("mallory", s.Mined("mallory", 4, 8), s.least(4, 8), 15)
}

func TestCommittingAndNeverOpeningEarnsNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	s.miner("mallory", func(c *miner.Config) {
		c.Publish = func(context.Context, string, []byte) error { return nil }
	})
	s.play(8)
	s.minedNothing("mallory")
	s.found("mallory")
}

// Mallory needs longer than the network gives her, and commits in the block
// after the deadline.
func TestCommittingLateEarnsNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	port := s.LightPort("mallory")
	var late wire.Body
	s.minerAt("mallory", port, func(c *miner.Config) {
		c.Submit = func(_ context.Context, b wire.Body) error {
			late = b
			return nil
		}
	})
	sent := 0
	for s.lastEpoch()+1 <= 8 {
		s.block()
		if sched := s.Params().Schedule; late != nil && s.Height() == sched.CommitDeadline(sched.RoundOf(s.Height())) {
			if err := port.Submit(t.Context(), late); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	if sent < 8 {
		t.Errorf("mallory committed in %d rounds, too late in each", sent)
	}
	s.minedNothing("mallory")
	s.found("mallory")
}

// Mallory waits until the others cannot answer any more before she opens.
func TestOpeningLateEarnsNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	port := s.LightPort("mallory")
	var kept [][]byte
	s.minerAt("mallory", port, func(c *miner.Config) {
		c.Publish = func(_ context.Context, _ string, raw []byte) error {
			kept = append(kept, raw)
			return nil
		}
	})
	for s.lastEpoch()+1 <= 8 {
		s.block()
		if sched := s.Params().Schedule; s.Height() > sched.OpenDeadline(sched.RoundOf(s.Height())) {
			for _, raw := range kept {
				if err := port.Publish(t.Context(), miner.TopicAnswer, raw); err != nil {
					t.Fatal(err)
				}
			}
			kept = nil
		}
	}
	s.minedNothing("mallory")
	s.found("mallory")
}
