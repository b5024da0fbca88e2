package earning_test

import (
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
)

// Each case changes one thing of two epochs that paid alike.
func TestEachChangeOfPayHasItsCause(t *testing.T) {
	t.Parallel()
	steady := earning.Pay{Epoch: 7, Incentive: 16384, Miner: 10e9, MinersPot: 40e9, Dividend: 8192, Validator: 5e9, JudgesPot: 40e9, Drawn: 4, Fulfilled: 4, Seats: 9, PaidMiners: 4}
	work := earning.Work{Asked: 4, Answered: 4, Exact: 4, Bound: 60000, Speed: 65536, Availability: 65536}
	type cause = earning.Cause
	for name, tc := range map[string]struct {
		pay  func(*earning.Pay)
		work func(*earning.Work)
		want []cause
	}{
		"nothing": {},
		"late": {
			func(p *earning.Pay) { p.Incentive, p.Miner = 8192, 5e9 }, func(w *earning.Work) { w.Late, w.Availability = 2, 32768 },
			[]cause{{earning.ReasonLate, "late 2, was 0"}, {earning.ReasonAvailability, "availability 0.5000, was 1.0000"}},
		},
		"false": {
			func(p *earning.Pay) { p.Incentive, p.Miner = 8192, 5e9 }, func(w *earning.Work) { w.False, w.Bound = 1, 30000 },
			[]cause{{earning.ReasonFalse, "false 1, was 0"}, {earning.ReasonBound, "bound 0.4577, was 0.9155"}},
		},
		"asked": {
			func(p *earning.Pay) { p.Incentive, p.Miner = 20000, 12e9 }, func(w *earning.Work) { w.Asked = 5 },
			[]cause{{earning.ReasonAsked, "asked 5, was 4"}, {earning.ReasonPot, "all miners were paid 40, before 40.5"}},
		},
		"slow": {
			func(p *earning.Pay) { p.Incentive, p.Miner = 8192, 5e9 }, func(w *earning.Work) { w.Speed = 32768 },
			[]cause{{earning.ReasonSpeed, "speed 0.5000, was 1.0000"}},
		},
		"two more seats": {
			func(p *earning.Pay) { p.Incentive, p.Miner, p.PaidMiners = 8192, 5e9, 6 }, nil,
			[]cause{{earning.ReasonOthers, "2 seats more paid for work"}},
		},
		"one fewer": {
			func(p *earning.Pay) { p.Incentive, p.Miner, p.PaidMiners = 32768, 20e9, 3 }, nil,
			[]cause{{earning.ReasonOthers, "one seat fewer paid for work"}},
		},
		"better others": {
			func(p *earning.Pay) { p.Incentive, p.Miner = 8192, 5e9 }, nil,
			[]cause{{earning.ReasonOthers, "the share of others grew: its own is 0.1250, was 0.2500"}},
		},
		"a smaller pot": {
			func(p *earning.Pay) { p.Miner, p.MinersPot = 5e9, 20e9 }, nil,
			[]cause{{earning.ReasonPot, "all miners were paid 20, before 40"}},
		},
		"nothing more": {
			func(p *earning.Pay) { p.Incentive, p.Miner = 0, 0 }, nil,
			[]cause{{earning.ReasonOthers, "no weight of it counts any more"}},
		},
		"a duty left": {
			func(p *earning.Pay) { p.Fulfilled, p.Validator = 3, 3750000000 }, nil,
			[]cause{{earning.ReasonDuties, "3 of 4 duties fulfilled, before 4 of 4"}},
		},
		"more stake": {
			func(p *earning.Pay) { p.Dividend, p.Validator = 16384, 10e9 }, nil,
			[]cause{{earning.ReasonStake, "its dividend is 0.2500 of all, was 0.1250"}},
		},
	} {
		was, then := steady, work
		if name == "asked" {
			was.MinersPot = 40.5e9
		}
		is, now := steady, work
		is.Epoch++
		if tc.pay != nil {
			tc.pay(&is)
		}
		if tc.work != nil {
			tc.work(&now)
		}
		if got := earning.Causes(&was, &is, &then, &now); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}

// Without scores and without a count of who was paid, uids that were given since
// are what is known of others: so a miner's own node sees it.
func TestNewSeatsAreNamedWhereNothingElseIsKnown(t *testing.T) {
	t.Parallel()
	was := earning.Pay{Incentive: 16384, Miner: 10e9, Seats: 9}
	is := earning.Pay{Incentive: 8192, Miner: 5e9, Seats: 11}
	want := []earning.Cause{{Reason: earning.ReasonOthers, Text: "2 new seats"}}
	if got := earning.Causes(&was, &is, nil, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDifferencesAreShort(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		was, is protocol.Amount
		want    string
	}{{3_630_000_000, 3_430_000_000, "−0.2"}, {0, 5e9, "+5"}, {7, 7, "±0"}, {1, 11, "+0.00000001"}} {
		if got := earning.Delta(tc.was, tc.is); got != tc.want {
			t.Errorf("%d to %d: got %s, want %s", tc.was, tc.is, got, tc.want)
		}
	}
}
