package scoring_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
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

func TestSpeedIsOneAtTheMedianAndStaysWithinItsBounds(t *testing.T) {
	const worst, best = one - one/10, one + one/10
	for _, c := range []struct {
		delay, median uint64
		want          uint32
	}{
		{5, 5, one},
		{4, 5, 68985}, // 20/19
		{6, 5, 62415}, // 20/21
		{1, 50, best},
		{50, 5, worst},
		{0, 0, best}, // nothing divides by zero
		{1 << 63, 1 << 63, one},
	} {
		if got := scoring.Speed(c.delay, c.median, worst, best); got != c.want {
			t.Errorf("delay %d, median %d: got %d, want %d", c.delay, c.median, got, c.want)
		}
	}
}

// keep is what averages keep here, so that the numbers below are short.
const keep = one / 2

var seat = protocol.SeatID{UID: 3, Registered: 9}

func exact() *scoring.Outcome { return &scoring.Outcome{Finding: wire.FindingPassed} }
func token() *scoring.Outcome { return &scoring.Outcome{Finding: wire.FindingFalse} }

// tally returns an epoch with one answer of 16 tokens at the median's speed, and the outcomes of own runs.
func tally(runs ...*scoring.Outcome) *scoring.Tally {
	t := &scoring.Tally{Seat: seat, Asked: 1, Commits: 1}
	t.Answer(16, one, one)
	for _, o := range runs {
		t.Judged(o)
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
	unopened := scoring.Unopened(&wire.Task{})
	e := scoring.Explain(1, scoring.Average{}, tally(&unopened), params.One, keep)
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
	full.Answer(16, one, one)
	h, f := scoring.Explain(1, scoring.Average{}, half, params.One, keep), scoring.Explain(1, scoring.Average{}, full, params.One, keep)
	if h.Raw*2 >= f.Raw || h.Raw == 0 {
		t.Errorf("half the answers: raw %d, all of them: %d", h.Raw, f.Raw)
	}
}

func TestOneMachineInManySeatsEarnsNoMoreThanInOne(t *testing.T) {
	whole := &scoring.Tally{Seat: seat, Asked: 4}
	for range 4 {
		whole.Answer(16, one, one)
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
		a = a.Add(&scoring.Tally{Seat: seat}, one/2, one)
	}
}

func TestRowIsScaledSortedAndKeepsZerosOfJudgedSeats(t *testing.T) {
	with := func(uid protocol.UID, raw uint64, r scoring.Reason) scoring.Explanation {
		return scoring.Explanation{Tally: scoring.Tally{Seat: protocol.SeatID{UID: uid}}, Raw: raw, Reason: r}
	}
	list := []scoring.Explanation{
		with(9, 300, scoring.ReasonPaid), with(2, 0, scoring.ReasonFalse), with(5, 100, scoring.ReasonPaid),
		with(7, 0, scoring.ReasonUnproven), with(4, 1, scoring.ReasonPaid),
	}
	uids, values := scoring.Row(list)
	if want := []protocol.UID{2, 4, 5, 9}; !reflect.DeepEqual(uids, want) {
		t.Errorf("uids %v, want %v", uids, want)
	}
	if want := []uint16{0, 218, 21845, 65535}; !reflect.DeepEqual(values, want) { // 218.45, 21845, 65535
		t.Errorf("values %v, want %v", values, want)
	}
	if uids, values := scoring.Row(nil); uids != nil || values != nil {
		t.Errorf("empty row: got %v %v", uids, values)
	}
}

func TestHugeCountsSaturateInsteadOfWrapping(t *testing.T) {
	t1 := &scoring.Tally{Seat: seat, Asked: math.MaxUint32, Opened: math.MaxUint32, Work: math.MaxUint64, Runs: 3, Passes: 3}
	e := scoring.Explain(1, scoring.Average{Seat: seat, Epochs: one, Work: math.MaxUint64}, t1, params.One, keep)
	if e.Raw < 1<<62 {
		t.Errorf("raw %d wrapped", e.Raw)
	}
	if _, v := scoring.Row([]scoring.Explanation{e}); v[0] != 65535 {
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
	before := scoring.Explain(1, scoring.Average{}, tally(exact(), exact(), &scoring.Outcome{Finding: wire.FindingUnopened}), one, keep)
	away := scoring.Explain(2, before.Average, &scoring.Tally{Seat: seat}, 0, keep)
	if away.Work != before.Work || away.Availability != before.Availability || away.Reason != scoring.ReasonUnobserved {
		t.Errorf("got %+v, want the work of %+v", away, before)
	}
	if a := away.Average; a.Epochs != one/2 || a.Runs != 3*one/2 || a.Passes != one {
		t.Errorf("got %+v, want half of all", a)
	}
	if got := before.Average.Age(keep, 1); got != away.Average {
		t.Errorf("aged by an epoch: got %+v, want %+v", got, away.Average)
	}
	if got := before.Average.Age(keep, 1<<40); got != (scoring.Average{Seat: seat}) {
		t.Errorf("aged for ever: got %+v", got)
	}
	// Half an epoch with half of its work is the work of an epoch.
	half := tally()
	half.Work /= 2
	if e := scoring.Explain(2, before.Average, half, one/2, keep); e.Work != before.Work {
		t.Errorf("half an epoch: mean work %d, want %d", e.Work, before.Work)
	}
	// What own runs find counts also where nothing else was seen.
	caught := &scoring.Tally{Seat: seat}
	caught.Judged(token())
	if e := scoring.Explain(2, before.Average, caught, 0, keep); e.Raw != 0 || e.Reason != scoring.ReasonFalse {
		t.Errorf("caught: got %+v", e)
	}
	if e := scoring.Explain(1, scoring.Average{}, &scoring.Tally{Seat: seat}, 0, keep); e.Reason != scoring.ReasonUnproven {
		t.Errorf("nothing known: got %+v", e)
	}
}
