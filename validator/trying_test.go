package validator_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// acts returns how often the validator says that it did something of challenges.
func (w *world) acts(act string) float64 {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0.0
	for _, f := range families {
		if f.GetName() == "assay_validator_trials_total" {
			for _, m := range f.GetMetric() {
				if m.GetLabel()[0].GetValue() == act {
					n += m.GetCounter().GetValue()
				}
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
	challenge := ledger.ChallengeRecord{
		Case: about, Seat: w.makers[0].id, Accused: w.makers[0].id, Stage: ledger.StageVoting, Ballot: 2, Appealed: true, Called: called, Due: called + protocol.Height(w.p.Verdicts.Ballot()),
		Place: w.p.Verdicts.InTime(),
	}
	w.put(ledger.ChallengeKey(about), &challenge)
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
	says := func(want string) {
		t.Helper()
		if got := v.Status().Trials; len(got) != 1 || got[0] != "this seat votes on slot 0 of seat 10 in round 2, in ballot 2: "+want {
			t.Errorf("the status says %q, want %q", got, want)
		}
	}
	says(fmt.Sprintf("to be sealed up to block %d, or its duties of the epoch are lost", called+protocol.Height(w.p.Verdicts.SealBlocks)))
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
	if got := w.acts("vote"); sent != 2 || got != 1 {
		t.Errorf("sent %d times in four blocks, counted %g votes, want 2 and 1", sent, got)
	}
	says(fmt.Sprintf("sealed, to be opened in blocks %d to %d, or its duties of the epoch are lost", opens+1, called+protocol.Height(w.p.Verdicts.Ballot())))
	vote.Opened, vote.Finding, vote.Backends = true, wire.FoundFalse, wire.ByReference|wire.ByNative
	w.put(ledger.VoteKey(about, w.seat.UID), &vote)
	w.step(v, opens+4)
	says("it found false, by reference and native")
	vote.Finding, vote.Backends = wire.FoundNothing, 0
	w.put(ledger.VoteKey(about, w.seat.UID), &vote)
	w.step(v, opens+5)
	says("it said that it cannot tell: its duties of the epoch are lost")
	challenge.Place++
	w.put(ledger.ChallengeKey(about), &challenge)
	w.step(v, opens+6)
	says("it said that it cannot tell, which costs nothing where so many are voted on at once")
	w.put(ledger.DocketKey(w.p.Schedule.EpochOf(opens)), &ledger.Docket{Forfeit: []protocol.SeatID{w.seat}})
	w.step(v, opens+7)
	if got := v.Status().Trials; len(got) != 2 || got[1] != "no duty of epoch 14 counts: this seat's challenge was wrong, or it did not vote on another's, or not as was decided" {
		t.Errorf("the status says %q", got)
	}
	if got := w.acts("forfeit"); got != 1 {
		t.Errorf("counted %g epochs without duties, want 1", got)
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
