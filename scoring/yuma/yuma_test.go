package yuma_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/assaynet/assay/scoring/yuma"
)

func TestAnEmptyNetworkHasAnEmptyEpoch(t *testing.T) {
	out := run(t, yuma.Input{Emission: 1000})
	if len(out.Emission) != 0 || len(out.Bonds) != 0 {
		t.Errorf("got %+v, want nothing", out)
	}
}

func TestANewSeatEarnsOnlyByVotesAfterItsRegistration(t *testing.T) {
	in := network(rand.New(rand.NewPCG(1, 1)), 3, 4)
	in.RegisteredAt[5] = 95 // the height of the votes
	if out := run(t, in); out.Incentive[5] != 0 || out.Incentive[4] == 0 {
		t.Errorf("votes of the same block count: incentives %d", out.Incentive)
	}
	in.RegisteredAt[5] = 94
	if out := run(t, in); out.Incentive[5] == 0 {
		t.Errorf("later votes do not count: incentives %d", out.Incentive)
	}
	in.CommitReveal = true
	in.FirstCommit = slices.Repeat([]uint64{93}, len(in.Stake)) // revealed after, but chosen before
	if out := run(t, in); out.Incentive[5] != 0 || out.Incentive[4] == 0 {
		t.Errorf("votes committed before count: incentives %d", out.Incentive)
	}
}

func TestACabalOfHalfTheStakeNeedsKappaBelowOneHalf(t *testing.T) {
	in := network(rand.New(rand.NewPCG(2, 2)), 2, 2)
	in.Stake[0], in.Stake[1] = 500, 500
	vote(&in, 0, yuma.Entry{UID: 2, Value: 65535})
	vote(&in, 1, yuma.Entry{UID: 3, Value: 65535})
	in.Kappa = 32767 // just below one half
	if out := run(t, in); out.Incentive[2] != 32767 || out.Incentive[3] != 32767 {
		t.Errorf("below one half: incentives %d, want half each", out.Incentive)
	}
	in.Kappa = 32768 // just above
	in.CarryIfNoIncentive = true
	out := run(t, in)
	if out.Incentive[2] != 0 || out.Incentive[3] != 0 || out.Emission[0] != 0 {
		t.Errorf("above one half: incentives %d, emission %d, want none", out.Incentive, out.Emission)
	}
}

func TestWithoutIncentiveThePotIsCarriedOrPaidByStake(t *testing.T) {
	in := network(rand.New(rand.NewPCG(3, 3)), 2, 2)
	in.Stake[0], in.Stake[1] = 300, 100
	in.Weights = make([][]yuma.Entry, 4)
	out := run(t, in)
	if want := []uint64{750_000_000, 250_000_000, 0, 0}; !slices.Equal(out.ValidatorEmission, want) {
		t.Errorf("by stake: got %d, want %d", out.ValidatorEmission, want)
	}
	if slices.Max(out.ServerEmission) != 0 {
		t.Errorf("by stake: miners got %d", out.ServerEmission)
	}
	in.CarryIfNoIncentive = true
	out = run(t, in)
	if slices.Max(out.ValidatorEmission) != 0 || slices.Max(out.ServerEmission) != 0 || slices.Max(out.Emission) != 0 {
		t.Errorf("carried: paid %d and %d", out.ValidatorEmission, out.ServerEmission)
	}
}

func TestAnExplicitZeroKeepsADecayingBond(t *testing.T) {
	// Validator 0 leaves the miner 2 for 3, as all do, once by a zero and once
	// by saying nothing.
	bond := func(keep, explicit bool, penalty uint16) uint16 {
		in := network(rand.New(rand.NewPCG(4, 4)), 2, 2)
		in.LiquidAlpha, in.ZerosKeepBonds, in.BondsPenalty = true, keep, penalty
		in.Bonds[0] = []yuma.Entry{{UID: 2, Value: 40_000}}
		row := []yuma.Entry{{UID: 2, Value: 0}, {UID: 3, Value: 65535}}
		vote(&in, 1, row[1])
		vote(&in, 0, row...)
		if !explicit {
			vote(&in, 0, row[1])
		}
		for _, e := range run(t, in).Bonds[0] {
			if e.UID == 2 {
				return e.Value
			}
		}
		return 0
	}
	for _, penalty := range []uint16{0, 1, 32768, 65534, 65535} {
		if got := bond(true, true, penalty); got < 25_000 || got >= 40_000 {
			t.Errorf("penalty %d, explicit zero: got %d, want a part of 40000", penalty, got)
		}
		if got := bond(true, false, penalty); got != 0 {
			t.Errorf("penalty %d, no entry: got %d, want 0", penalty, got)
		}
	}
	if got := bond(false, true, 32768); got != 0 {
		t.Errorf("the reference keeps %d with a penalty of one half, want 0", got)
	}
}

func TestAnEarlyValidatorEarnsMoreThanACopier(t *testing.T) {
	in := network(rand.New(rand.NewPCG(5, 5)), 4, 2)
	copy(in.Stake, []uint64{400, 400, 100, 100}) // 2 is early, 3 copies late
	in.LiquidAlpha, in.ZerosKeepBonds, in.BondsPenalty = true, true, 32768
	earned := make([]uint64, 4)
	before, after := yuma.Entry{UID: 4, Value: 65535}, yuma.Entry{UID: 5, Value: 65535}
	turn := []int{4, 4, 3, 5} // the epoch from which each votes for miner 5
	for epoch := range 12 {
		for i := range turn {
			vote(&in, i, before, yuma.Entry{UID: 5, Value: 0})
			if epoch >= turn[i] {
				vote(&in, i, yuma.Entry{UID: 4, Value: 0}, after)
			}
		}
		out := run(t, in)
		in.Bonds = out.Bonds
		for i := range earned {
			earned[i] += out.ValidatorEmission[i]
		}
	}
	if earned[2] <= earned[3] {
		t.Errorf("early earned %d, late %d", earned[2], earned[3])
	}
}

func TestRunRefusesMalformedInput(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*yuma.Input)
		want  yuma.Reason
	}{
		{"too many seats", func(in *yuma.Input) { in.Stake = make([]uint64, yuma.MaxSeats+1) }, yuma.ErrSize},
		{"registrations short", func(in *yuma.Input) { in.RegisteredAt = in.RegisteredAt[1:] }, yuma.ErrSize},
		{"updates long", func(in *yuma.Input) { in.LastUpdate = append(in.LastUpdate, 0) }, yuma.ErrSize},
		{"permits short", func(in *yuma.Input) { in.Permit = nil }, yuma.ErrSize},
		{"weights short", func(in *yuma.Input) { in.Weights = in.Weights[1:] }, yuma.ErrSize},
		{"bonds short", func(in *yuma.Input) { in.Bonds = in.Bonds[1:] }, yuma.ErrSize},
		{"commits missing", func(in *yuma.Input) { in.CommitReveal = true }, yuma.ErrSize},
		{"commits short", func(in *yuma.Input) { in.FirstCommit = make([]uint64, 1) }, yuma.ErrSize},
		{"owner beyond", func(in *yuma.Input) { owner := uint16(7); in.Owner = &owner }, yuma.ErrRange},
		{"weight beyond", func(in *yuma.Input) { vote(in, 0, yuma.Entry{UID: 7}) }, yuma.ErrRange},
		{"bond beyond", func(in *yuma.Input) { in.Bonds[6] = []yuma.Entry{{UID: 65535}} }, yuma.ErrRange},
		{"unsorted", func(in *yuma.Input) { vote(in, 0, yuma.Entry{UID: 5}, yuma.Entry{UID: 4}) }, yuma.ErrUnsorted},
		{"duplicate", func(in *yuma.Input) { vote(in, 0, yuma.Entry{UID: 5}, yuma.Entry{UID: 5}) }, yuma.ErrUnsorted},
		{"bonds unsorted", func(in *yuma.Input) { in.Bonds[1] = []yuma.Entry{{UID: 5}, {UID: 4}} }, yuma.ErrUnsorted},
		{"stake beyond", func(in *yuma.Input) { in.Stake[6] = math.MaxInt64 }, yuma.ErrStake},
		{"stake wraps", func(in *yuma.Input) { in.Stake[5], in.Stake[6] = math.MaxUint64, math.MaxUint64 }, yuma.ErrStake},
		{"permits negative", func(in *yuma.Input) { in.MaxValidators = -1 }, yuma.ErrParameter},
		{"average above one", func(in *yuma.Input) { in.BondsMovingAverage = 1_000_001 }, yuma.ErrParameter},
		{"alpha upside down", func(in *yuma.Input) { in.LiquidAlpha, in.AlphaLow = true, 60000 }, yuma.ErrParameter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := network(rand.New(rand.NewPCG(6, 6)), 3, 4)
			tt.spoil(&in)
			_, err := yuma.Run(in)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			var refused *yuma.InputError
			if !errors.As(err, &refused) || refused.Detail == "" {
				t.Errorf("got %#v, want an InputError with a detail", err)
			}
		})
	}
}

func TestHeightsAtTheEndOfTheirRangeDoNotWrap(t *testing.T) {
	in := network(rand.New(rand.NewPCG(7, 7)), 3, 4)
	in.Block, in.LastStep, in.ActivityCutoff = math.MaxUint64, math.MaxUint64, math.MaxUint64
	in.Tempo, in.StakeThreshold, in.Emission = math.MaxUint64, 0, math.MaxUint64
	in.Bonds[0] = []yuma.Entry{{UID: 1, Value: 40_000}}
	out := run(t, in)
	for uid, active := range out.Active {
		if !active {
			t.Errorf("seat %d is not active", uid)
		}
	}
	if row := out.Bonds[0]; len(row) == 0 || row[0] != (yuma.Entry{UID: 1, Value: 35_999}) {
		t.Errorf("a bond of 40000 became %v, want nine tenths", row)
	}
	in.StakeThreshold = math.MaxUint64
	if out := run(t, in); slices.Max(out.StakeWeight) != 0 || slices.Contains(out.Permit, true) {
		t.Errorf("stake below the threshold counts: %d", out.StakeWeight)
	}
}

// FuzzRun drives Run with inputs built from bytes, malformed ones among them:
// it must not panic, and pay no more than the emission.
func FuzzRun(f *testing.F) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, size := range []int{0, 20, 200, 2000} {
		seed := make([]byte, size)
		for i := range seed {
			seed[i] = byte(r.UintN(256))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := inputFrom(data)
		if out, err := yuma.Run(in); err == nil {
			checkConservation(t, in, out)
		}
	})
}

// inputFrom reads an input from bytes; what is missing reads as zero.
func inputFrom(data []byte) yuma.Input {
	next := func() byte {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return b
	}
	u16 := func() uint16 { return uint16(next())<<8 | uint16(next()) }
	u64 := func() uint64 { // of any magnitude
		b := next()
		return (uint64(u16())<<16 | uint64(u16())) << (b % 64)
	}
	n := int(next()) % 12
	flags := next()
	in := yuma.Input{
		Params: yuma.Params{
			Tempo: u64(), ActivityCutoff: u64(), Kappa: u16(), MaxValidators: int(int8(next())), StakeThreshold: u64(),
			BondsMovingAverage: u64(), BondsPenalty: u16(), Yuma3: flags&1 != 0, LiquidAlpha: flags&2 != 0,
			AlphaLow: u16(), AlphaHigh: u16(), Steepness: int16(u16()), CommitReveal: flags&4 != 0,
			CarryIfNoIncentive: flags&8 != 0, ZerosKeepBonds: flags&16 != 0, PaysAgreed: flags&64 != 0,
		},
		Block: u64(), LastStep: u64(), Emission: u64(),
	}
	if flags&32 != 0 {
		owner := uint16(next())
		in.Owner = &owner
	}
	for range n {
		in.Stake = append(in.Stake, u64())
		in.RegisteredAt = append(in.RegisteredAt, u64())
		in.LastUpdate = append(in.LastUpdate, u64())
		in.FirstCommit = append(in.FirstCommit, u64())
		in.Permit = append(in.Permit, next()&1 != 0)
		rows := [2][]yuma.Entry{}
		for k := range rows {
			uid := uint16(0)
			for range next() % 12 {
				uid += uint16(next() % 4)
				rows[k] = append(rows[k], yuma.Entry{UID: uid, Value: u16()})
			}
		}
		in.Weights, in.Bonds = append(in.Weights, rows[0]), append(in.Bonds, rows[1])
	}
	return in
}

// A network of two validators and two miners, of which rows leave to nobody what
// these values say.
func withNobody(nobody ...uint16) yuma.Input {
	in := yuma.Input{
		Params: yuma.Params{
			Tempo: 20, ActivityCutoff: 1000, Kappa: 33423, MaxValidators: 4, Yuma3: true, BondsMovingAverage: 900_000,
			CarryIfNoIncentive: true, ZerosKeepBonds: true,
		},
		Block: 100, LastStep: 80, Emission: 1_000_000,
		Stake:        []uint64{60, 40, 0, 0},
		RegisteredAt: make([]uint64, 4), LastUpdate: []uint64{90, 90, 0, 0},
		Permit:  []bool{true, true, false, false},
		Weights: [][]yuma.Entry{{{UID: 2, Value: 300}, {UID: 3, Value: 100}}, {{UID: 2, Value: 300}, {UID: 3, Value: 100}}, nil, nil},
		Bonds:   make([][]yuma.Entry, 4),
	}
	if nobody != nil {
		in.Nobody = append(nobody, 0, 0)
	}
	return in
}

func paidBy(t *testing.T, in yuma.Input) (miners, validators uint64, out yuma.Output) {
	t.Helper()
	out, err := yuma.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range out.ServerEmission {
		miners += out.ServerEmission[i]
		validators += out.ValidatorEmission[i]
	}
	return miners, validators, out
}

func TestWhatIsLeftToNobodyIsPaidToNobody(t *testing.T) {
	// The rows leave a fifth: 100 of 500.
	miners, validators, out := paidBy(t, withNobody(100, 100))
	if miners < 399_990 || miners > 400_000 || validators < 399_990 || validators > 400_000 {
		t.Errorf("miners got %d, validators %d of a million, want 400000 each", miners, validators)
	}
	if out.NobodyEmission < 199_990 || out.NobodyEmission > 200_000 {
		t.Errorf("nobody earned %d of a million, want 200000", out.NobodyEmission)
	}
	if got := out.NobodyShare.Proportion(); got != 13106 && got != 13107 {
		t.Errorf("nobody has %d, want 13107", got)
	}
	if a, b := out.ServerEmission[2], out.ServerEmission[3]; a < 299_990 || a > 300_000 || b < 99_990 || b > 100_000 {
		t.Errorf("miners got %d and %d, want 300000 and 100000", a, b)
	}
}

func TestNobodyIsVotedOnAsASeatIs(t *testing.T) {
	// The validator with 40 of 100 leaves far more than the other: it is cut to
	// that.
	_, _, alone := paidBy(t, withNobody(100, 60_000))
	if got := alone.NobodyShare.Proportion(); got > 20_000 { // uncut it would be above a half
		t.Errorf("a minority leaves %d of 65535 to nobody", got)
	}
	// And one that leaves nothing does not pay what the majority says is not
	// earned.
	_, _, kind := paidBy(t, withNobody(100, 0))
	if kind.NobodyShare == 0 {
		t.Error("a minority pays what a majority left")
	}
}

func TestWhereNothingIsEarnedNothingIsPaid(t *testing.T) {
	in := withNobody(65535, 65535)
	for i := range 2 {
		for k := range in.Weights[i] {
			in.Weights[i][k].Value = 0
		}
	}
	if miners, validators, out := paidBy(t, in); miners+validators != 0 || out.NobodyShare == 0 {
		t.Errorf("miners got %d, validators %d", miners, validators)
	}
}

func TestALeftoverOfNothingChangesNothing(t *testing.T) {
	_, _, without := paidBy(t, withNobody())
	_, _, with := paidBy(t, withNobody(0, 0))
	if !reflect.DeepEqual(without, with) {
		t.Errorf("got %+v, want %+v", with, without)
	}
}

// Four equal validators, of which the last gives one miner nothing, or all: where
// what is agreed is paid, that is as if it had said what the others say. By the
// reference it takes a quarter of the one's pay, and, where nobody has a column, of
// what all are paid.
func TestAQuarterOfStakeThatSlandersTakesNothing(t *testing.T) {
	honest := []yuma.Entry{{UID: 4, Value: 100}, {UID: 5, Value: 100}}
	play := func(agreed bool, last []yuma.Entry, left uint16) (one, other uint64) {
		in := yuma.Input{
			Params: yuma.Params{
				Tempo: 20, ActivityCutoff: 1000, Kappa: 33423, MaxValidators: 6, Yuma3: true, BondsMovingAverage: 900_000,
				CarryIfNoIncentive: true, ZerosKeepBonds: true, PaysAgreed: agreed,
			},
			Block: 100, LastStep: 80, Emission: 1_000_000, Stake: []uint64{25, 25, 25, 25, 0, 0},
			RegisteredAt: make([]uint64, 6), LastUpdate: []uint64{90, 90, 90, 90, 0, 0}, Permit: []bool{true, true, true, true, false, false},
			Weights: [][]yuma.Entry{honest, honest, honest, last, nil, nil}, Bonds: make([][]yuma.Entry, 6),
			Nobody: []uint16{200, 200, 200, left, 0, 0},
		}
		out := run(t, in)
		return out.ServerEmission[4], out.ServerEmission[5]
	}
	for _, row := range []struct {
		name       string
		last       []yuma.Entry
		left       uint16
		one, other uint64 // by the reference
	}{
		{"says what all say", honest, 200, 125_000, 125_000},
		{"slanders one", []yuma.Entry{{UID: 4, Value: 0}, {UID: 5, Value: 100}}, 200, 99_999, 133_333},
		{"slanders all", []yuma.Entry{{UID: 4, Value: 0}, {UID: 5, Value: 0}}, 200, 107_142, 107_142},
		{"says nothing", nil, 0, 125_000, 125_000},
	} {
		if one, other := play(true, row.last, row.left); one != 125_000 || other != 125_000 {
			t.Errorf("%s: paid %d and %d, want 125000 each", row.name, one, other)
		}
		if one, other := play(false, row.last, row.left); one != row.one || other != row.other {
			t.Errorf("%s: the reference pays %d and %d, want %d and %d", row.name, one, other, row.one, row.other)
		}
	}
}
