package simtest_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// tryingParams plant a quarter of all answers: with one kind alone laziness would
// pay at less.
func tryingParams() params.Params {
	return protocoltest.Planting(honest.ID(), params.One/4).WithVerdicts()
}

// trying opens a network in which answers can be challenged, and which plants or
// not. What its validators call false to somebody's loss a reference finds first.
func trying(t *testing.T, plants bool) *stage {
	t.Helper()
	p := protocoltest.Params(honest.ID()).WithVerdicts()
	if plants {
		p = tryingParams()
	}
	s := open(t, honest, protocoltest.Config{Cast: cast(), Params: p})
	for _, name := range judges {
		s.validator(name, refereed)
	}
	return s
}

// refereed gives a validator a reference.
func refereed(c *validator.Config) {
	c.Reference = []validator.Judge{scoring.NewInference(bridge.Model{Model: honest})}
}

// challenges returns all that were posted.
func (s *stage) challenges() []ledger.ChallengeRecord {
	s.Helper()
	all, err := ledger.ReadAllChallenges(s.State())
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// unharmed checks that actors have all their collateral, and all their stake.
func (s *stage) unharmed(names ...string) {
	s.Helper()
	for _, name := range names {
		if seat := s.seat(name); !seat.Beacon.Link.IsZero() {
			if got := s.staked(name); got < stake {
				s.Errorf("%s has %s of stake", name, got)
			}
		} else if seat.Collateral != s.Params().Seats.Collateral {
			s.Errorf("%s has %s of collateral", name, seat.Collateral)
		}
	}
}

// Cleo runs a model with altered weights. Judges find it by their own runs, one of
// them says so, the others vote, and all that she had put up is burned; nobody else
// loses anything, nor is anybody else accused.
func TestAnAlteredModelCostsItsMinerAllCollateral(t *testing.T) {
	t.Parallel()
	s := trying(t, false)
	s.miner("cleo", alteredWeights())
	sched := &s.Params().Schedule
	from := ledger.ChallengeFrom(*sched, 0)
	s.until(from + 2)
	all := s.challenges()
	if len(all) == 0 {
		t.Fatalf("nothing is challenged by block %d, which could be from block %d on", s.Height(), from)
	}
	s.play(4)
	if got := s.seat("cleo").Collateral; got != 0 {
		t.Errorf("cleo has %s of collateral", got)
	}
	burned := protocol.Amount(0)
	for _, c := range s.challenges() {
		if c.Accused != s.seat("cleo").ID || c.Stage != ledger.StageBurned && c.Stage != ledger.StageGuilty {
			t.Errorf("seat %d is accused by %d: %s", c.Accused.UID, c.Judge.UID, c.Stage)
		}
		if c.Stage == ledger.StageBurned {
			burned += c.Held
		}
	}
	if burned != s.Params().Seats.Collateral {
		t.Errorf("%s of cleo's collateral is burned", burned)
	}
	s.unharmed("ada", "bob", "vera", "viktor", "violet", "vincent")
}

// Vincent's owner says that an answer of ada's is false, which is right: ada keeps
// everything, and he has paid for it.
func TestAMinerThatIsFramedKeepsEverything(t *testing.T) {
	t.Parallel()
	s := trying(t, true)
	s.until(ledger.ChallengeFrom(s.Params().Schedule, 0) - 1)
	evidence := s.evidence("ada", 0)
	before := s.balance("vincent")
	s.tx(protocoltest.Cold("vincent"), &wire.Challenge{Evidence: evidence})
	s.play(3)
	all := s.challenges()
	if len(all) != 1 || all[0].Stage != ledger.StageNotGuilty {
		t.Fatalf("challenges: %+v", all)
	}
	if got := s.balance("vincent"); got+s.Params().Verdicts.Fee > before {
		t.Errorf("vincent's owner has %s, and had %s", got, before)
	}
	for _, name := range judges {
		d, err := ledger.ReadDocket(s.State(), s.Params().Schedule.EpochOf(all[0].Due))
		if err != nil || len(d.Forfeit) > 0 {
			t.Errorf("%s: %v lose their duties, %v", name, d.Forfeit, err)
		}
	}
	s.unharmed("ada", "bob", "cleo", "vera", "viktor", "violet", "vincent")
}

// Vincent's engine is broken: it finds everything false. He challenges what is
// right, and loses dividends, but no stake; nobody else loses anything. With a
// reference beside it he challenges nothing, and others his cards.
func TestABrokenEngineCostsItsOwnerDividendsAlone(t *testing.T) {
	t.Parallel()
	for _, reference := range []bool{false, true} {
		s := trying(t, true)
		s.validator("vincent", func(c *validator.Config) {
			slanders(c)
			if reference {
				refereed(c)
			}
		})
		s.play(5)
		vincent, his, theirs := s.seat("vincent").ID, 0, 0
		for _, c := range s.challenges() {
			switch {
			case c.Judge == vincent:
				his++
				// Of a card three vote, of whom vincent is one: a third is not more than that.
				if c.Stage.Ended() && (!c.Charged || c.Stage != ledger.StageNotGuilty && (!c.OfCard() || c.Stage != ledger.StageDisputed)) {
					t.Errorf("seat %d was accused: %s, charged %t", c.Accused.UID, c.Stage, c.Charged)
				}
			case c.Accused != vincent || !c.OfCard():
				t.Errorf("seat %d challenged seat %d", c.Judge.UID, c.Accused.UID)
			default:
				theirs++
			}
		}
		if (his > 0) == reference || theirs == 0 {
			t.Errorf("with a reference %t vincent posted %d challenges, others %d of his cards", reference, his, theirs)
		}
		s.unharmed("ada", "bob", "cleo", "vera", "viktor", "violet", "vincent")
		if vincent, vera := s.Judged("vincent", 2, 5), s.Judged("vera", 2, 5); !reference && vincent >= vera {
			t.Errorf("vincent earned %s, vera %s", vincent, vera)
		}
	}
}

// A validator is killed before it posts: it has found what is false, and another
// process with its store posts it.
func TestAValidatorThatIsKilledBeforeItChallengesDoesSoAfterwards(t *testing.T) {
	t.Parallel()
	s := trying(t, false)
	s.miner("cleo", alteredWeights())
	from := ledger.ChallengeFrom(s.Params().Schedule, 0)
	s.until(from - 2)
	for _, name := range judges {
		s.validator(name, refereed) // another process, with the store of the one before
	}
	s.until(from + 2)
	if all := s.challenges(); len(all) == 0 {
		t.Errorf("nothing is challenged by block %d", s.Height())
	}
}

// evidence returns what shows an answer of an actor in round 0 that is given and
// not planted.
func (s *stage) evidence(name string, n protocol.Round) wire.Evidence {
	s.Helper()
	seat := s.seat(name).ID
	for slot := range uint16(4) {
		k := wire.AnswerKey{Round: n, UID: seat.UID, Slot: slot}
		ok, err := ledger.Challengeable(s.State(), s.Params(), k, seat)
		if err != nil {
			s.Fatal(err)
		}
		answer, err := s.validators["vera"].Opened(k)
		if err != nil {
			s.Fatal(err)
		}
		if !ok || answer == nil {
			continue
		}
		kind, err := kinds.All().Of(s.Params().Kinds[0].Name)
		if err != nil {
			s.Fatal(err)
		}
		sum, err := kind.Sum(answer.Body)
		if err != nil {
			s.Fatal(err)
		}
		return wire.Evidence{
			Case: wire.Case{Round: n, UID: seat.UID, Slot: slot, Accused: seat.UID}, Salt: answer.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: answer.Proof,
		}
	}
	s.Fatalf("no answer of %s can be challenged", name)
	return wire.Evidence{}
}
