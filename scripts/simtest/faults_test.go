package simtest_test

import (
	"context"
	"errors"
	"flag"
	"slices"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// epochs is the length of the stories of this file, of all together; make long
// tells them at length.
var epochs = flag.Uint64("epochs", 32, "of all networks with a fault together")

// fault is what vincent, one of four judges, and mallory, one of four miners, do.
type fault struct {
	name string
	// begin makes them begin, end makes them honest again.
	begin, end func(s *stage)
}

var faults = []fault{
	{"lie", func(s *stage) {
		s.validator("vincent", slanders)
		s.miner("mallory", alteredWeights())
	}, honestAgain},
	{"drop all that they should say and pass on", func(s *stage) {
		s.validator("vincent", func(c *validator.Config) { c.Publish = dropped })
		s.miner("mallory", func(c *miner.Config) { c.Publish = dropped })
		for _, name := range []string{"vincent", "mallory"} {
			s.mute(name)
		}
	}, honestAgain},
	{"are cut off", func(s *stage) { s.Cut("vincent", "mallory") }, func(s *stage) { s.Mend("vincent", "mallory") }},
	{"are killed where they stand, and come back", func(s *stage) {
		s.kill("vincent")
		s.kill("mallory")
	}, honestAgain},
}

func honestAgain(s *stage) {
	s.validator("vincent")
	s.miner("mallory")
}

// slanders makes a judge find all honest answers false: it runs another model.
func slanders(c *validator.Config) {
	c.Judges = []validator.Judge{scoring.NewInference(claimed{bridge.Model{Model: altered}})}
}

// claimed is another model under the id of the honest one.
type claimed struct{ bridge.Model }

func (claimed) ID() [32]byte { return honest.ID() }

func dropped(context.Context, string, []byte) error { return nil }

var errMute = errors.New("taken, and not passed on")

// muted hears everything and passes nothing on.
type muted struct{ protocoltest.Node }

func (m muted) Message(ctx context.Context, topic string, raw []byte) error {
	return errors.Join(errMute, m.Node.Message(ctx, topic, raw))
}

// mute keeps an actor's node from passing anything on.
func (s *stage) mute(name string) {
	switch {
	case s.validators[name] != nil:
		s.Attach(name, s.ports[name], muted{validatorNode{s.validators[name], s}})
	default:
		s.Attach(name, s.ports[name], muted{minerNode{s.miners[name]}})
	}
}

// faulty has four judges, and four miners of four answers a round, whose pay
// follows from their own work alone.
func faulty(t *testing.T, seed uint64, loss int) *stage {
	t.Helper()
	const slots = 4
	p := protocoltest.Planting(honest.ID(), params.One/8)
	p.Kinds[0].Slots = slots
	p.Kinds[0].Full = 4 * slots * 8 * 2 // tokens: twice what four miners give
	p.Inference.SpeedBest, p.Inference.SpeedWorst = params.One, params.One
	var all []protocoltest.Actor
	for _, a := range cast(mallory) {
		if a.Capacity > 0 {
			a.Capacity = slots
		}
		all = append(all, a)
	}
	return openSeed(t, honest, seed, protocoltest.Config{Cast: all, Params: p, Loss: loss, Relay: true})
}

const (
	// settled is the first epoch whose averages are of some epochs of full work.
	settled = 8
	// season is for how many epochs a fault lasts, and then for how many all is well.
	season = 4
	// report is after how many epochs a long story says how it goes, in seasons.
	report = 64
)

// mayLose is what an honest seat may lose of its pay: a hundredth, and
// where few epochs are counted what chance does, for answers are not equally long.
func mayLose() float64 {
	if *epochs < 1000 {
		return 0.05
	}
	return 0.01
}

// What honest seats are paid follows from what they do, whatever one of four judges
// and one of four miners do meanwhile, and though one copy of five of all messages
// is lost: nobody loses a seat, stake or collateral, though one answer of eight is
// planted, or more of its pay than chance takes. An
// honest miner is held against what such a network pays where nothing is wrong, an
// honest judge against its quarter of what judges are paid, for they are paid for
// work that was done.
func TestOneOfFourAtFaultCostsTheOthersNothing(t *testing.T) {
	t.Parallel()
	each := protocol.Epoch(*epochs) / protocol.Epoch(len(faults))
	calm := faulty(t, *seed, 0)
	calm.play(settled + each - 1)
	want := func(last protocol.Epoch) (sum float64) {
		for _, name := range append([]string{"mallory"}, miners...) {
			sum += float64(calm.Mined(name, settled, last)) / 4
		}
		return sum
	}
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := faulty(t, *seed+uint64(i), 200)
			last := s.suffer(f, each, func(now protocol.Epoch) {
				s.Logf("%s was paid %.2f %% of its share up to epoch %d", miners[0], 100*float64(s.Mined(miners[0], settled, now))/want(now), now)
			})
			for _, name := range miners {
				s.paid(name, float64(s.Mined(name, settled, last)), want(last), mayLose())
			}
			var judged float64
			for _, name := range judges {
				judged += float64(s.Judged(name, settled, last))
			}
			for _, name := range judges[:3] {
				s.paid(name, float64(s.Judged(name, settled, last)), judged/4, mayLose())
			}
		})
	}
}

// suffer plays a network in which a fault comes and goes for so many epochs, says
// now and then how far it is, looks at seats and stakes, and returns the last one.
func (s *stage) suffer(f fault, each protocol.Epoch, far func(protocol.Epoch)) (last protocol.Epoch) {
	s.Helper()
	before := map[string]protocol.SeatID{}
	for _, name := range slices.Concat(judges, miners) {
		before[name] = s.seat(name).ID
	}
	s.play(settled - 1)
	last = settled + each - 1
	for e := protocol.Epoch(settled); e <= last; e += 2 * season {
		f.begin(s)
		s.play(min(e+season-1, last))
		f.end(s)
		s.play(min(e+2*season-1, last))
		if (e-settled)/(2*season)%report == report-1 {
			far(s.lastEpoch())
		}
	}
	for name, id := range before {
		if now := s.seat(name).ID; now != id {
			s.Errorf("%s had seat %v and has %v", name, id, now)
		}
	}
	for _, name := range miners {
		if c := s.seat(name).Collateral; c != protocol.Amount(s.Params().Kinds[0].Slots)*s.Params().Seats.Collateral {
			s.Errorf("%s has %s of collateral left", name, c)
		}
	}
	for _, name := range judges {
		if p := s.Payment(name, last); p.Stake < stake {
			s.Errorf("%s has a stake of %s, had %s", name, p.Stake, stake)
		}
	}
	return last
}

// paid complains where an actor lost more of its pay than it may.
func (s *stage) paid(name string, got, want, mayLose float64) {
	s.Helper()
	s.Logf("%s was paid %.2f %% of its share", name, 100*got/want)
	if got < want*(1-mayLose) {
		s.Errorf("%s lost %.2f %% of its pay", name, 100-100*got/want)
	}
}
