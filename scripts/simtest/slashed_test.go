package simtest_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// punishable are the faults in a network where what is false can be challenged:
// those of [faults], by nodes that have a reference, and an engine that is broken
// on one machine, where the reference is not.
func punishable() []fault {
	all := slices.Clone(faults)
	all[0].begin = func(s *stage) {
		s.validator("vincent", slanders, func(c *validator.Config) { c.Reference = c.Judges })
		s.miner("mallory", alteredWeights())
	}
	all[1].begin = func(s *stage) {
		s.validator("vincent", refereed, func(c *validator.Config) { c.Publish = dropped })
		s.miner("mallory", func(c *miner.Config) { c.Publish = dropped })
		for _, name := range []string{"vincent", "mallory"} {
			s.mute(name)
		}
	}
	for i := range all {
		if all[i].name != "are cut off" {
			all[i].end = atWork
		}
	}
	return append(all, fault{"have a broken engine", func(s *stage) { s.validator("vincent", slanders, refereed) }, atWork})
}

// atWork has vincent and mallory be honest again.
func atWork(s *stage) {
	s.validator("vincent", refereed)
	s.miner("mallory")
}

// The story of [TestOneOfFourAtFaultCostsTheOthersNothing] where what is false can
// be challenged, and a quarter of answers is planted: who lies loses something in
// each season, and of all others nobody is ever found guilty, nor loses any
// collateral or stake.
func TestNobodyHonestIsSlashedWhereOneOfFourIsAtFault(t *testing.T) {
	t.Parallel()
	all := punishable()
	for i, f := range all {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := openSeed(t, honest, *seed+uint64(i), protocoltest.Config{Cast: cast(mallory), Params: tryingParams(), Loss: 200, Relay: true})
			for _, name := range judges {
				s.validator(name, refereed)
			}
			s.punish(f, protocol.Epoch(*epochs)/protocol.Epoch(len(all)))
		})
	}
}

// punish plays a fault that comes and goes for so many epochs, in seasons.
func (s *stage) punish(f fault, each protocol.Epoch) {
	s.Helper()
	count, seasons := map[ledger.Stage]int{}, 0
	unhurt := []string{"ada", "bob", "cleo", "vera", "viktor", "violet"}
	if f.name != "lie" {
		unhurt = append(unhurt, "vincent", "mallory")
	}
	s.play(settled - 1)
	for e := protocol.Epoch(settled); e < settled+each; e += 2 * season {
		free := !s.seat("vincent").Jail.Held
		if free {
			f.begin(s)
			seasons++
		}
		s.play(e + season - 1)
		f.end(s)
		s.play(e + 2*season - 1)
		s.verdicts(count, unhurt)
		s.putUpAgain("vincent", "mallory")
		if (e-settled)/(2*season)%report == report-1 {
			s.Logf("up to epoch %d, in %d seasons, challenges ended %v", s.lastEpoch(), seasons, count)
		}
	}
	s.unharmed(unhurt...)
	s.Logf("where some %s, in %d seasons, challenges ended %v", f.name, seasons, count)
	if f.name == "lie" && count[ledger.StageBurned] == 0 {
		s.Error("nobody that lies was punished")
	}
}

// verdicts counts how challenges ended that were posted in the last two seasons,
// and complains of each that found somebody guilty who should not be.
func (s *stage) verdicts(count map[ledger.Stage]int, unhurt []string) {
	s.Helper()
	from := s.Params().Schedule.EpochStart(s.lastEpoch() + 1 - 2*season)
	for _, c := range s.challenges() {
		if c.Posted < from {
			continue
		}
		count[c.Stage]++
		for _, name := range unhurt {
			guilty := c.Stage == ledger.StageGuilty || c.Stage == ledger.StageBurned
			if guilty && c.Held > 0 && c.Accused == s.seat(name).ID {
				s.Errorf("%s lost something: %s", name, c.Sentence(true))
			}
		}
	}
}

// putUpAgain has actors put up what they lost, and ask to leave jail: so that they
// can lose it again.
func (s *stage) putUpAgain(names ...string) {
	s.Helper()
	for _, name := range names {
		seat := s.seat(name)
		if want := s.Params().Seats.Collateral; seat.Beacon.Link.IsZero() && seat.Collateral < want {
			s.tx(protocoltest.Cold(name), &wire.AddCollateral{Hotkey: seat.Hotkey, Amount: want - seat.Collateral})
		}
		if seat.Jail.Held {
			if err := s.Tx(protocoltest.Named(name), &wire.Unjail{Epoch: s.lastEpoch() + 1}); err != nil {
				s.Logf("%s stays in jail after epoch %d: %v", name, s.lastEpoch(), err)
			}
		}
		if has := s.staked(name); !seat.Beacon.Link.IsZero() && has < stake {
			s.tx(protocoltest.Cold(name), &wire.AddStake{Hotkey: seat.Hotkey, Amount: stake - has})
		}
	}
}
