package miner

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

const (
	// recentEpochs is for how many epochs, the running one included, what went
	// wrong is told: long enough to be noticed, short enough that what was
	// mended is not told for ever.
	recentEpochs = 3
	// paysKept is how many epochs' payments are compared.
	paysKept = 4
	// missedFault is how many asked rounds in a row without a commitment are no
	// accident any more.
	missedFault = 3
)

// troubled begins the reason that tells of an error.
const troubled = "the newest step met an error"

// facts are what the reasons are made from, beside what [Status] shows.
type facts struct {
	recent map[protocol.Epoch]*tally
	missed uint64        // asked rounds since the last one with a commitment
	pays   []earning.Pay // of the last epochs, the newest last
	// foreign and changed are the epochs, plus one, in which the ledger had a
	// commitment, and an announcement, of the own hotkey that are not this
	// process's.
	foreign, changed protocol.Epoch
	// owner is whose the seat is, where the hotkey works for another coldkey.
	owner protocol.PublicKey
	// each is what an answer of a round wants of collateral; zero where nothing that is
	// offered is judged.
	each protocol.Amount
	// place is where the hotkey stands, with the swap of it that waits.
	place ledger.Place
	// swap is who signs for the owner, if another is to from some block on; ownerRead
	// the epoch, plus one, in which that was looked up.
	swap      *ledger.Owner
	ownerRead protocol.Epoch
	// withheld is the newest epoch, plus one, of which the link of the plants stayed
	// closed, and unproven why.
	withheld protocol.Epoch
	unproven string
	// convicted is how many of the trials, the first ones, are of own answers that were
	// found false, and challenged how many of those after them go on. What ended
	// otherwise is no reason for anything.
	convicted, challenged int
	// trouble is the error of the newest step, "" if it met none.
	trouble string
}

// tally counts what happened to the rounds of an epoch.
type tally struct{ committed, late, exact, wrong, missed, failed uint64 }

// of changes the tally of an epoch, and forgets those that are too old: what is
// paid now was worked [earning.Lag] epochs ago, and is compared with the epoch
// before.
func (f *facts) of(e protocol.Epoch, change func(*tally)) {
	if f.recent == nil {
		f.recent = map[protocol.Epoch]*tally{}
	}
	if f.recent[e] == nil {
		f.recent[e] = &tally{}
	}
	change(f.recent[e])
	for old := range f.recent {
		if old+recentEpochs+1 < e {
			delete(f.recent, old)
		}
	}
}

// sum adds up the epochs that are recent in epoch now.
func (f *facts) sum(now protocol.Epoch) tally {
	var t tally
	for e, n := range f.recent {
		if e+recentEpochs > now {
			t.committed, t.late, t.failed = t.committed+n.committed, t.late+n.late, t.failed+n.failed
			t.exact, t.wrong, t.missed = t.exact+n.exact, t.wrong+n.wrong, t.missed+n.missed
		}
	}
	return t
}

// judged counts a card.
func (f *facts) judged(e protocol.Epoch, found wire.Finding) {
	f.of(e, func(t *tally) {
		switch found {
		case wire.FindingPassed:
			t.exact++
		default:
			t.wrong++
		}
	})
}

// told collects what there is to say.
type told struct{ reasons, faults []string }

func (t *told) reason(format string, args ...any) {
	t.reasons = append(t.reasons, fmt.Sprintf(format, args...))
}

func (t *told) fault(format string, args ...any) {
	t.reason(format, args...)
	t.faults = append(t.faults, t.reasons[len(t.reasons)-1])
}

// explain goes from what is wrong before anything else to what comes last.
func (s *Status) explain(now protocol.Epoch) (reasons, faults []string) {
	var t told
	switch {
	case s.Height == 0 && s.Peers == 0:
		t.fault("no peers: none was reached yet, so nothing is known of the ledger; look with miner doctor")
	case s.Height == 0:
		t.fault("no block of the ledger was verified yet")
	case !s.Registered:
		t.fault("%s", s.facts.place.Why())
	case !s.facts.owner.IsZero():
		t.fault("the seat of this hotkey is the coldkey's %s, which is not its owner: nothing is done for it; if you own that key, name it in keys.coldkey (--coldkey), else take a new hotkey", s.facts.owner)
	default:
		if s.Peers == 0 {
			t.fault("no peers: nobody hears the answers")
		}
		if o := s.facts.swap; o != nil {
			t.reason("%s", o.Notice())
		}
		if w := &s.facts.place.Seat.Swap; w.Waits() {
			t.reason("%s", w.Notice())
		}
		s.explainOthers(&t, now)
		each, has := s.facts.each, s.facts.place.Seat.Collateral
		switch {
		case s.Asked:
		case has < each:
			t.fault("not asked: %s of collateral is put up, and each answer of a round wants %s; put it up (assay tx collateral)", has, each)
		default:
			t.reason("not asked yet: a seat is asked from the epoch after its models are on the ledger")
		}
		for i, line := range s.Trials[:min(len(s.Trials), s.facts.convicted+s.facts.challenged)] {
			if i < s.facts.convicted {
				t.fault("%s; check the model file and the engine (miner doctor)", line)
				continue
			}
			t.reason("%s", line)
		}
		s.explainRounds(&t, now)
		if s.Asked {
			s.explainPay(&t)
		}
	}
	return t.reasons, t.faults
}

// explainOthers tells of another process with the same hotkey.
func (s *Status) explainOthers(t *told, now protocol.Epoch) {
	const why = "its home runs somewhere else, too, or the database was lost"
	recent := func(e protocol.Epoch) bool { return e > 0 && e-1+recentEpochs > now }
	switch {
	case s.Phase == PhaseForeign:
		t.fault("another process commits with this hotkey: %s", why)
	case recent(s.facts.foreign):
		t.reason("another process committed with this hotkey in epoch %d: %s", s.facts.foreign-1, why)
	}
	if recent(s.facts.changed) {
		t.reason("another process announced other addresses or models for this hotkey in epoch %d: its home runs somewhere else, too", s.facts.changed-1)
	}
}

// explainRounds tells of rounds and answers that went wrong.
func (s *Status) explainRounds(t *told, now protocol.Epoch) {
	n := s.facts.sum(now)
	switch {
	case s.facts.missed >= missedFault:
		t.fault("late: the last %d rounds had no commitment in time; the machine is too slow, its ledger lags, or no peer takes its transactions", s.facts.missed)
	case n.late > 0:
		t.reason("late: %d rounds without a commitment in time, %d with one, in the last %d epochs; the machine is too slow or its ledger lags", n.late, n.committed, recentEpochs)
	}
	if w := s.facts.withheld; w > 0 && w-1+recentEpochs > now {
		t.fault("unproven: the answers of epoch %d count as not given, for its plants cannot be proven, and opening the link without that would cost collateral: %s; run one process a hotkey, and keep its home", w-1, s.facts.unproven)
	}
	if n.wrong > 0 {
		t.reason("inexact: judges found %d answers wrong and %d exact in the last %d epochs; check the model file (miner doctor)", n.wrong, n.exact, recentEpochs)
	}
	if n.missed > 0 {
		t.reason("not given: judges of half of the stake did not get %d answers in time in the last %d epochs; peers did not hear this node, or it was away when they were due", n.missed, recentEpochs)
	}
	if n.failed > 0 {
		t.reason("the model could not answer %d tasks in the last %d epochs; the log says why", n.failed, recentEpochs)
	}
	if s.facts.trouble != "" {
		t.reason(troubled+": %.300s", s.facts.trouble)
	}
}

// explainPay compares the last payment with the mean of those before it. Pay
// moves by itself with what other miners do: what is told is more than a tenth.
func (s *Status) explainPay(t *told) {
	var before, epochs protocol.Amount
	pays := s.facts.pays
	for _, p := range pays[:max(0, len(pays)-1)] {
		before += p.Miner
		epochs++
	}
	switch {
	case before == 0 && s.Paid == 0:
		t.reason("nothing paid yet: weights count two epochs after they are sealed")
	case before == 0:
	case s.Paid == 0:
		t.reason("pay stopped: nothing in epoch %d, %s an epoch in the %d before", s.PaidEpoch, before/epochs, epochs)
	case s.Paid < before/epochs/10*9:
		t.reason("pay fell: %s in epoch %d, %s an epoch in the %d before; what is late, wrong or not given costs weight, and so do better miners", s.Paid, s.PaidEpoch, before/epochs, epochs)
	}
}
