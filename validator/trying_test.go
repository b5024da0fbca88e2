package validator_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// votes returns how many votes the validator says that it opened.
func (w *world) votes() float64 {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0.0
	for _, f := range families {
		if f.GetName() == "assay_validator_trials_total" {
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// TestElectorsVoteForAsLongAsAChallengeMayTake: a network may hold what was lost
// for longer than an epoch, and then an appeal is voted on many epochs after the
// answer. A vote that is sent again until a block has it counts once.
func TestElectorsVoteForAsLongAsAChallengeMayTake(t *testing.T) {
	w := newWorld(t)
	w.p = w.p.WithVerdicts()
	w.p.Verdicts.Appeal = 3 * w.p.Schedule.Tempo
	w.metrics = prometheus.NewRegistry()
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)

	called := start + 12*protocol.Height(w.p.Schedule.Tempo) + 1
	about := wire.Case{Round: round, UID: w.makers[0].id.UID, Accused: w.makers[0].id.UID}
	w.put(ledger.ChallengeKey(about), &ledger.ChallengeRecord{
		Case: about, Seat: w.makers[0].id, Accused: w.makers[0].id, Stage: ledger.StageVoting, Ballot: 2, Appealed: true, Called: called, Due: called + protocol.Height(w.p.Verdicts.Ballot()),
	})
	vote := ledger.VoteRecord{Elector: w.seat, Hotkey: w.self.PublicKey(), Stake: 5}
	w.put(ledger.VoteKey(about, w.seat.UID), &vote)
	w.submitted = nil
	w.step(v, called+1)
	for _, b := range w.submitted {
		if s, ok := b.(*wire.SealVote); ok && s.Case == about && s.Ballot == 2 {
			vote.Seal = s.Seal
		}
	}
	if vote.Seal.IsZero() {
		t.Fatalf("no vote is sealed: %+v", w.submitted)
	}
	w.put(ledger.VoteKey(about, w.seat.UID), &vote)
	opens := called + protocol.Height(w.p.Verdicts.SealBlocks)
	for h := opens; h < opens+4; h++ {
		w.step(v, h)
	}
	sent := 0
	for _, b := range w.submitted {
		if o, ok := b.(*wire.OpenVote); ok && o.Finding == wire.FoundPassed && o.Seal(w.self.PublicKey()) == vote.Seal {
			sent++
		}
	}
	if got := w.votes(); sent != 2 || got != 1 {
		t.Errorf("sent %d times in four blocks, counted %g votes, want 2 and 1", sent, got)
	}
}

// rereading counts how often cards about an answer are read.
type rereading struct {
	*memory
	cards int
}

func (r *rereading) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	if table == "validator-cards" && len(prefix) == len(wire.AnswerKey{}.Bytes()) {
		r.cards++
	}
	return r.memory.Scan(table, prefix, fn)
}

// TestWhatAccusesNobodyIsLookedAtOnce when no card about it can come any more; what
// accuses somebody again in each block until that is on the ledger.
func TestWhatAccusesNobodyIsLookedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.p = w.p.WithVerdicts()
	store := &rereading{memory: newMemory()}
	cfg := w.config(store.memory)
	cfg.Store = store
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	toOpenings(t, w, v, 666) // miner 11; miner 10 answers truly
	w.judgeAll(v)
	w.rosters(epoch + 1)
	for _, m := range w.makers {
		w.put(ledger.PlantsKey(epoch, m.id.UID), &ledger.PlantsRecord{Seat: m.id, Link: protocol.Hash{1}})
	}
	w.step(v, over)
	w.submitted = nil
	w.step(v, cardEnd+1)
	store.cards = 0
	w.step(v, cardEnd+2) // the last block before one of the next epoch
	if store.cards != 1 {
		t.Errorf("cards about %d answers are read, want those about the false one", store.cards)
	}
	found := 0
	for _, b := range w.submitted {
		if c, ok := b.(*wire.JudgeChallenge); ok && c.Evidence.Case.UID == w.makers[1].id.UID {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the false answer is challenged %d times: %+v", found, w.submitted)
	}
}
