package scoring_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

const one = params.One

func TestLowerBoundIsWilsonsWithinOnePart(t *testing.T) {
	for n := 1.0; n < 40; n += 0.75 {
		for k := 0.0; k <= n; k += 0.25 {
			const z = 0.5
			want := (k + z*z/2 - z*math.Sqrt(k*(n-k)/n+z*z/4)) / (n + z*z) * one
			got := float64(scoring.LowerBound(uint64(k*one), uint64(n*one)))
			if math.Abs(got-want) > 2 {
				t.Errorf("%v of %v: got %v, want %v", k, n, got, want)
			}
		}
	}
}

func TestLowerBoundAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		passes, runs uint64
		want         uint32
	}{
		{0, 0, 0},
		{0, one, 0},
		{0, 1000 * one, 0},
		{one, one, 52428},         // 1/(1+1/4)
		{2 * one, 2 * one, 58254}, // 2/(2+1/4)
		{2 * one, one, 0},         // impossible
		{1 << 60, 1 << 60, 65535},
		{1 << 59, 1 << 60, 32764},
	} {
		if got := scoring.LowerBound(c.passes, c.runs); got != c.want {
			t.Errorf("LowerBound(%d, %d): got %d, want %d", c.passes, c.runs, got, c.want)
		}
	}
}

// keep is what averages keep here, so that the numbers below are short.
const keep = one / 2

var seat = protocol.SeatID{UID: 3, Registered: 9}

func exact() wire.Finding { return wire.FindingPassed }
func token() wire.Finding { return wire.FindingFalse }

// tally returns an epoch with one answer of 16 units of plain work, and what
// own runs found.
func tally(runs ...wire.Finding) *scoring.Tally {
	t := &scoring.Tally{Seat: seat, Kind: "inference", Asked: 1, Commits: 1}
	t.Answer(task.Worth{Units: 16, Work: 16 * one})
	for _, f := range runs {
		t.Judged(f)
	}
	return t
}

func TestWeightOfASteadySeatBridgesEpochsInWhichNothingWasDrawn(t *testing.T) {
	first := scoring.Explain(1, scoring.Average{}, tally(exact()), params.One, keep)
	if first.Work != 16*one || first.Bound != 52428 || first.Availability != one || first.Reason != scoring.ReasonPaid {
		t.Errorf("first epoch: got %+v", first)
	}
	if want := uint64(16) * 52428; first.Raw != want {
		t.Errorf("first epoch: raw %d, want %d", first.Raw, want)
	}
	second := scoring.Explain(2, first.Average, tally(), params.One, keep)
	if second.Average.Runs != one/2 || second.Average.Passes != one/2 {
		t.Errorf("second epoch: %d runs, %d passes, want one half of each", second.Average.Runs, second.Average.Passes)
	}
	if second.Work != 16*one || second.Bound != 43690 || second.Reason != scoring.ReasonPaid { // (1/2)/(1/2 + 1/4)
		t.Errorf("second epoch: got %+v", second)
	}
}

func TestASeatProvenFalseHasNoWeightInThatEpochAndLittleAfter(t *testing.T) {
	a := scoring.Explain(1, scoring.Average{}, tally(exact(), exact()), params.One, keep)
	bad := scoring.Explain(2, a.Average, tally(exact(), token()), params.One, keep)
	if bad.Raw != 0 || bad.Reason != scoring.ReasonFalse || bad.Tally.False != 1 {
		t.Errorf("proven false: got %+v", bad)
	}
	after := scoring.Explain(3, bad.Average, tally(exact()), params.One, keep)
	if after.Raw == 0 || after.Bound >= 52428 {
		t.Errorf("the epoch after: bound %d, want below that of one pass, 52428", after.Bound)
	}
}

func TestASeatThatNeverPassesHasNoWeight(t *testing.T) {
	before := scoring.Explain(1, scoring.Average{}, tally(wire.FindingFalse), params.One, keep)
	e := scoring.Explain(2, before.Average, tally(), params.One, keep)
	if e.Raw != 0 || e.Reason != scoring.ReasonFailed || e.Tally.False != 0 {
		t.Errorf("got %+v", e)
	}
	if e := scoring.Explain(1, scoring.Average{}, tally(), params.One, keep); e.Raw != 0 || e.Reason != scoring.ReasonUnproven {
		t.Errorf("without runs: got %+v", e)
	}
}

func TestAnsweringHalfTheTimeEarnsLessThanHalf(t *testing.T) {
	half, full := tally(exact()), tally(exact())
	half.Asked = 2
	full.Asked = 2
	full.Answer(task.Worth{Units: 16, Work: 16 * one})
	h, f := scoring.Explain(1, scoring.Average{}, half, params.One, keep), scoring.Explain(1, scoring.Average{}, full, params.One, keep)
	if h.Raw*2 >= f.Raw || h.Raw == 0 {
		t.Errorf("half the answers: raw %d, all of them: %d", h.Raw, f.Raw)
	}
}

func TestOneMachineInManySeatsEarnsNoMoreThanInOne(t *testing.T) {
	whole := &scoring.Tally{Seat: seat, Kind: "inference", Asked: 4}
	for range 4 {
		whole.Answer(task.Worth{Units: 16, Work: 16 * one})
	}
	whole.Judged(exact())
	one := scoring.Explain(1, scoring.Average{}, whole, params.One, keep)
	var many uint64
	for range 4 {
		many += scoring.Explain(1, scoring.Average{}, tally(exact()), params.One, keep).Raw
	}
	if many > one.Raw {
		t.Errorf("four seats of one answer: %d, one seat of four: %d", many, one.Raw)
	}
}

func TestAveragesBelongToASeatAndNotToAUID(t *testing.T) {
	before := scoring.Average{}.Add(tally(exact()), one/2, one)
	next := tally()
	next.Seat.Registered++
	if a := before.Add(next, one/2, one); a.Runs != 0 || a.Seat != next.Seat || a.Epochs != one {
		t.Errorf("another seat under the same uid inherits %+v", a)
	}
}

func TestASeatThatLeavesFades(t *testing.T) {
	a := scoring.Average{}.Add(tally(exact()), one/2, one)
	for i := 0; !a.Faded(); i++ {
		if i > 40 {
			t.Fatalf("still remembered after %d epochs: %+v", i, a)
		}
		a = a.Add(&scoring.Tally{Seat: seat, Kind: "inference"}, one/2, one)
	}
}

func TestRowIsScaledSortedAndKeepsZerosOfJudgedSeats(t *testing.T) {
	with := func(uid protocol.UID, raw uint64, r scoring.Reason) scoring.Explanation {
		return scoring.Explanation{Tally: scoring.Tally{Seat: protocol.SeatID{UID: uid}, Kind: "inference"}, Raw: raw, Reason: r}
	}
	list := []scoring.Explanation{
		with(9, 300, scoring.ReasonPaid), with(2, 0, scoring.ReasonFalse), with(5, 100, scoring.ReasonPaid),
		with(7, 0, scoring.ReasonUnproven), with(4, 1, scoring.ReasonPaid),
	}
	uids, values := scoring.Row(list, alone)
	if want := []protocol.UID{2, 4, 5, 9}; !reflect.DeepEqual(uids, want) {
		t.Errorf("uids %v, want %v", uids, want)
	}
	if want := []uint16{0, 218, 21845, 65535}; !reflect.DeepEqual(values, want) { // 218.45, 21845, 65535
		t.Errorf("values %v, want %v", values, want)
	}
	if uids, values := scoring.Row(nil, alone); uids != nil || values != nil {
		t.Errorf("empty row: got %v %v", uids, values)
	}
}

// alone is the one kind of a network that pays its whole share for whatever was
// done.
var alone = []params.Kind{{Name: "inference", Share: one}}

// worth is what a seat did in a kind, in whole units.
func worth(uid protocol.UID, kind protocol.Kind, units uint64, why scoring.Reason) scoring.Explanation {
	return scoring.Explanation{Tally: scoring.Tally{Seat: protocol.SeatID{UID: uid}, Kind: kind}, Raw: units * one, Reason: why}
}

func TestARowMixesKindsByTheirSharesAndLeavesTheRestToNobody(t *testing.T) {
	const paid, unproven, failed = scoring.ReasonPaid, scoring.ReasonUnproven, scoring.ReasonFailed
	kinds := func(full uint64) []params.Kind {
		return []params.Kind{{Name: "echo", Share: one / 4, Full: full}, {Name: "inference", Share: 3 * one / 4}}
	}
	for name, c := range map[string]struct {
		kinds  []params.Kind
		list   []scoring.Explanation
		uids   []protocol.UID
		values []uint16
		parts  []uint32 // by seat and kind
	}{
		"the full work of a kind takes its whole share": {
			kinds(10),
			[]scoring.Explanation{worth(1, "inference", 7, paid), worth(2, "echo", 10, paid)},
			[]protocol.UID{1, 2},
			[]uint16{65535, 21845},
			[]uint32{49152, 16384},
		},
		"more than the full work takes no more": {
			kinds(10),
			[]scoring.Explanation{worth(1, "inference", 7, paid), worth(2, "echo", 30, paid), worth(3, "echo", 10, paid)},
			[]protocol.UID{1, 2, 3},
			[]uint16{65535, 16384, 5461},
			[]uint32{49152, 12288, 4096},
		},
		"a lone seat that does little is paid little, and nobody the rest": {
			kinds(1000),
			[]scoring.Explanation{worth(1, "inference", 7, paid), worth(2, "echo", 10, paid)},
			[]protocol.UID{1, 2, protocol.Nobody},
			[]uint16{65535, 218, 21627},
			[]uint32{49152, 164},
		},
		"what one kind does not pay goes to no other": {
			kinds(10),
			[]scoring.Explanation{worth(1, "inference", 7, paid), worth(2, "echo", 0, failed)},
			[]protocol.UID{1, 2, protocol.Nobody},
			[]uint16{65535, 0, 21845},
			[]uint32{49152, 0},
		},
		"and so it is where the kind has no full work": {
			kinds(0),
			[]scoring.Explanation{worth(1, "inference", 0, failed), worth(2, "echo", 5, paid)},
			[]protocol.UID{1, 2, protocol.Nobody},
			[]uint16{0, 21845, 65535},
			[]uint32{0, 16384},
		},
		"a seat has one entry for all that it does": {
			kinds(10),
			[]scoring.Explanation{worth(1, "inference", 1, paid), worth(1, "echo", 10, paid), worth(2, "inference", 2, paid), worth(2, "echo", 0, unproven)},
			[]protocol.UID{1, 2},
			[]uint16{65535, 65535},
			[]uint32{16384, 16384, 0, 32768},
		},
		"a share that no kind has is nobody's": {
			[]params.Kind{{Name: "inference", Share: one / 2}},
			[]scoring.Explanation{worth(1, "inference", 7, paid)},
			[]protocol.UID{1, protocol.Nobody},
			[]uint16{65535, 65535},
			[]uint32{32768},
		},
		"a row of zeros is of zeros": {
			kinds(10),
			[]scoring.Explanation{worth(1, "inference", 0, failed), worth(2, "echo", 0, unproven)},
			[]protocol.UID{1},
			[]uint16{0},
			[]uint32{0, 0},
		},
		"who knows of no seat says nothing of nobody": {
			kinds(10),
			[]scoring.Explanation{worth(1, "inference", 0, unproven), worth(1, "echo", 0, unproven)},
			nil, nil,
			[]uint32{0, 0},
		},
	} {
		uids, values := scoring.Row(c.list, c.kinds)
		if !reflect.DeepEqual(uids, c.uids) || !reflect.DeepEqual(values, c.values) {
			t.Errorf("%s: got %v %v, want %v %v", name, uids, values, c.uids, c.values)
		}
		for i, want := range c.parts {
			if c.list[i].Part != want {
				t.Errorf("%s: part %d is %d, want %d", name, i, c.list[i].Part, want)
			}
		}
	}
}

func TestHugeCountsSaturateInsteadOfWrapping(t *testing.T) {
	t1 := &scoring.Tally{Seat: seat, Kind: "inference", Asked: math.MaxUint32, Opened: math.MaxUint32, Work: math.MaxUint64, Runs: 3, Passes: 3}
	e := scoring.Explain(1, scoring.Average{Seat: seat, Kind: "inference", Epochs: one, Work: math.MaxUint64}, t1, params.One, keep)
	if e.Raw < 1<<62 {
		t.Errorf("raw %d wrapped", e.Raw)
	}
	if _, v := scoring.Row([]scoring.Explanation{e}, alone); v[0] != 65535 {
		t.Errorf("weight %d, want 65535", v[0])
	}
}

func TestMedianIsTheLower(t *testing.T) {
	for _, c := range []struct {
		in   []uint64
		want uint64
	}{{nil, 0}, {[]uint64{4}, 4}, {[]uint64{9, 2}, 2}, {[]uint64{9, 2, 5}, 5}} {
		if got := scoring.Median(c.in); got != c.want {
			t.Errorf("got %d, want %d", got, c.want)
		}
	}
}

// What is known of a seat stays what it was while nothing is observed, and
// counts less beside what comes after.
func TestAnEpochThatWasNotObservedChangesNoRate(t *testing.T) {
	before := scoring.Explain(1, scoring.Average{}, tally(exact(), exact(), wire.FindingFalse), one, keep)
	away := scoring.Explain(2, before.Average, &scoring.Tally{Seat: seat, Kind: "inference"}, 0, keep)
	if away.Work != before.Work || away.Availability != before.Availability || away.Reason != scoring.ReasonUnobserved {
		t.Errorf("got %+v, want the work of %+v", away, before)
	}
	if a := away.Average; a.Epochs != one/2 || a.Runs != 3*one/2 || a.Passes != one {
		t.Errorf("got %+v, want half of all", a)
	}
	if got := before.Average.Age(keep, 1); got != away.Average {
		t.Errorf("aged by an epoch: got %+v, want %+v", got, away.Average)
	}
	if got := before.Average.Age(keep, 1<<40); got != (scoring.Average{Seat: seat, Kind: "inference"}) {
		t.Errorf("aged for ever: got %+v", got)
	}
	// Half an epoch with half of its work is the work of an epoch.
	half := tally()
	half.Work /= 2
	if e := scoring.Explain(2, before.Average, half, one/2, keep); e.Work != before.Work {
		t.Errorf("half an epoch: mean work %d, want %d", e.Work, before.Work)
	}
	// What own runs find counts also where nothing else was seen.
	caught := &scoring.Tally{Seat: seat, Kind: "inference"}
	caught.Judged(token())
	if e := scoring.Explain(2, before.Average, caught, 0, keep); e.Raw != 0 || e.Reason != scoring.ReasonFalse {
		t.Errorf("caught: got %+v", e)
	}
	if e := scoring.Explain(1, scoring.Average{}, &scoring.Tally{Seat: seat, Kind: "inference"}, 0, keep); e.Reason != scoring.ReasonUnproven {
		t.Errorf("nothing known: got %+v", e)
	}
}
