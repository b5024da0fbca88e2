package yuma_test

import (
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/assaynet/assay/scoring/fixed"
	"github.com/assaynet/assay/scoring/yuma"
)

// The oracle: the epoch once more, dense, in unbounded integers, step by step
// as the specification words it and without a thought for speed. A number is an
// integer of 2^-32; a missing entry of a matrix is nil.

var (
	zero = new(big.Int)
	one  = new(big.Int).Lsh(big.NewInt(1), 32)
)

func add(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) }
func sub(x, y *big.Int) *big.Int { return new(big.Int).Sub(x, y) }
func mul(x, y *big.Int) *big.Int { return new(big.Int).Div(new(big.Int).Mul(x, y), one) } // down: the divisor is positive
func div(x, y *big.Int) *big.Int {
	if y.Sign() == 0 {
		return zero
	}
	return new(big.Int).Quo(new(big.Int).Mul(x, one), y)
}

func smaller(x, y *big.Int) *big.Int {
	if x.Cmp(y) < 0 {
		return x
	}
	return y
}

func larger(x, y *big.Int) *big.Int {
	if x.Cmp(y) > 0 {
		return x
	}
	return y
}

func or0(x *big.Int) *big.Int {
	if x == nil {
		return zero
	}
	return x
}

// ratio returns a/b in 2^-32, truncated.
func ratio(a, b uint64) *big.Int {
	return div(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
}

type (
	list  []*big.Int
	table []list
)

func zeros(n int) list {
	v := make(list, n)
	for i := range v {
		v[i] = zero
	}
	return v
}

func empty(n int) table {
	m := make(table, n)
	for i := range m {
		m[i] = make(list, n)
	}
	return m
}

func (v list) sum() *big.Int {
	sum := zero
	for _, x := range v {
		sum = add(sum, or0(x))
	}
	return sum
}

// over returns v divided by s, or v if s is zero.
func (v list) over(s *big.Int) list {
	out := make(list, len(v))
	for i, x := range v {
		if x != nil && s.Sign() != 0 {
			x = div(x, s)
		}
		out[i] = x
	}
	return out
}

// each returns f of every pair of indices.
func each(n int, f func(i, j int) *big.Int) table {
	m := empty(n)
	for i := range m {
		for j := range m {
			m[i][j] = f(i, j)
		}
	}
	return m
}

func (m table) column(j int) list {
	out := make(list, len(m))
	for i := range m {
		out[i] = m[i][j]
	}
	return out
}

// columnsOver divides each column by what measure makes of it.
func (m table) columnsOver(measure func(list) *big.Int) table {
	return each(len(m), func(i, j int) *big.Int { return m.column(j).over(measure(m.column(j)))[i] })
}

func largest(v list) *big.Int {
	most := zero
	for _, x := range v {
		most = larger(most, or0(x))
	}
	return most
}

// epoch holds what the oracle has computed so far.
type epoch struct {
	in                       yuma.Input
	n                        int
	active, permit, next     []bool
	stake, voice             list
	w, clipped               table
	agreed, incentive, trust list
	dividends                list
	bonds                    table
}

func oracle(in yuma.Input) yuma.Output {
	e := epoch{in: in, n: len(in.Stake)}
	e.stakes()
	e.permits()
	e.weigh()
	e.agree()
	e.bond()
	return e.pay()
}

func (e *epoch) owner(i int) bool { return e.in.Owner != nil && int(*e.in.Owner) == i }

func (e *epoch) stakes() {
	total := uint64(0)
	counted := make([]uint64, e.n)
	for i, s := range e.in.Stake {
		if s >= e.in.StakeThreshold || e.owner(i) {
			counted[i] = s
			total += s
		}
		e.active = append(e.active, e.in.LastUpdate[i]+e.in.ActivityCutoff >= e.in.Block)
	}
	for _, s := range counted {
		e.stake = append(e.stake, ratio(s, total))
	}
}

func (e *epoch) permits() {
	e.voice = zeros(e.n)
	e.next = make([]bool, e.n)
	for i, s := range e.stake {
		e.permit = append(e.permit, e.in.Permit[i] || e.owner(i))
		if e.active[i] && e.permit[i] {
			e.voice[i] = s
		}
		// The rank is the number of seats that win over i: more stake, or as
		// much and a higher uid.
		rank := 0
		for k, other := range e.stake {
			if c := other.Cmp(s); c > 0 || c == 0 && k > i {
				rank++
			}
		}
		e.next[i] = s.Sign() > 0 && rank < e.in.MaxValidators || e.owner(i)
	}
	e.voice = e.voice.over(e.voice.sum())
}

func (e *epoch) weigh() {
	e.w = empty(e.n)
	for i, row := range e.in.Weights {
		for _, entry := range row {
			j := int(entry.UID)
			masked := !e.permit[i] || i == j && !e.owner(i) || e.in.LastUpdate[i] <= e.in.RegisteredAt[j] ||
				e.in.CommitReveal && e.in.FirstCommit[i] < e.in.RegisteredAt[j]
			if !masked {
				e.w[i][j] = mul(big.NewInt(int64(entry.Value)<<32), one)
			}
		}
		e.w[i] = e.w[i].over(e.w[i].sum())
	}
}

func (e *epoch) agree() {
	var voters []int
	stake := zeros(e.n)
	for i, s := range e.voice {
		if s.Sign() > 0 {
			voters = append(voters, i)
			stake[i] = s
		}
	}
	stake = stake.over(stake.sum())
	minority := sub(stake.sum(), ratio(uint64(e.in.Kappa), 65535))
	ranks, preranks := zeros(e.n), zeros(e.n)
	e.clipped = empty(e.n)
	for j := range e.n {
		e.agreed = append(e.agreed, oracleMedian(voters, stake, e.w.column(j), minority, zero, stake.sum()))
		for i := range e.n {
			w := e.w[i][j]
			if w == nil {
				continue
			}
			preranks[j] = add(preranks[j], mul(e.voice[i], w))
			if w.Cmp(e.agreed[j]) > 0 {
				if e.agreed[j].Sign() > 0 {
					e.clipped[i][j] = e.agreed[j]
				}
			} else {
				e.clipped[i][j] = w
			}
			ranks[j] = add(ranks[j], mul(e.voice[i], or0(e.clipped[i][j])))
		}
		e.trust = append(e.trust, div(ranks[j], preranks[j]))
	}
	if e.in.PaysAgreed {
		ranks = e.agreed
	}
	e.incentive = ranks.over(ranks.sum())
}

// oracleMedian narrows the voters down around pivots, as the specification has it.
func oracleMedian(idx []int, stake, score list, minority, lo, hi *big.Int) *big.Int {
	if len(idx) == 0 {
		return zero
	}
	pivot := or0(score[idx[len(idx)/2]])
	if len(idx) == 1 {
		return pivot
	}
	var lower, upper []int
	below, above := zero, zero
	for _, i := range idx {
		switch or0(score[i]).Cmp(pivot) {
		case -1:
			lower, below = append(lower, i), add(below, stake[i])
		case 1:
			upper, above = append(upper, i), add(above, stake[i])
		}
	}
	switch {
	case minority.Cmp(add(lo, below)) < 0 && len(lower) > 0:
		return oracleMedian(lower, stake, score, minority, lo, add(lo, below))
	case sub(hi, above).Cmp(minority) <= 0 && len(upper) > 0:
		return oracleMedian(upper, stake, score, minority, sub(hi, above), hi)
	}
	return pivot
}

func (e *epoch) bond() {
	penalty := ratio(uint64(e.in.BondsPenalty), 65535)
	follows := each(e.n, func(i, j int) *big.Int {
		w, cut := e.w[i][j], e.clipped[i][j]
		switch {
		case w == nil, penalty.Sign() == 0:
			return w
		case penalty.Cmp(one) == 0 && !e.in.ZerosKeepBonds:
			return cut
		}
		x := add(w, mul(penalty, sub(or0(cut), w)))
		if x.Sign() <= 0 && !e.in.ZerosKeepBonds {
			return nil
		}
		return x
	})

	since := uint64(0)
	if e.in.LastStep != 0 {
		since = e.in.LastStep + 1
	} else if e.in.Block > e.in.Tempo {
		since = e.in.Block - e.in.Tempo
	}
	old := empty(e.n)
	for i, row := range e.in.Bonds {
		for _, entry := range row {
			if since <= e.in.RegisteredAt[entry.UID] {
				continue
			}
			old[i][entry.UID] = big.NewInt(int64(entry.Value) << 32)
			if e.in.Yuma3 {
				old[i][entry.UID] = ratio(uint64(entry.Value), 65535)
			}
		}
	}
	if e.in.Yuma3 {
		e.yuma3(follows, old)
	} else {
		e.original(follows, old)
	}
}

// average returns a·now + (1−a)·old with the fixed a, without entries at or
// below zero.
func (e *epoch) average(now, old table) table {
	a := sub(one, ratio(e.in.BondsMovingAverage, 1_000_000))
	return each(e.n, func(i, j int) *big.Int {
		x := add(mul(a, or0(now[i][j])), mul(sub(one, a), or0(old[i][j])))
		if x.Sign() <= 0 {
			return nil
		}
		return x
	})
}

// earned returns the sum over the columns of bonds times incentive.
func (e *epoch) earned(bonds table) list {
	out := zeros(e.n)
	for i := range out {
		for j := range e.n {
			out[i] = add(out[i], mul(or0(bonds[i][j]), e.incentive[j]))
		}
	}
	return out
}

func (e *epoch) original(follows, old table) {
	bought := each(e.n, func(i, j int) *big.Int { return mul(or0(follows[i][j]), e.voice[i]) })
	bonds := e.average(bought.columnsOver(list.sum), old.columnsOver(list.sum)).columnsOver(list.sum)
	d := e.earned(bonds)
	e.dividends = d.over(d.sum())
	e.bonds = bonds.columnsOver(largest)
}

func (e *epoch) yuma3(follows, old table) {
	if e.in.LiquidAlpha && e.agreed.sum().Sign() != 0 {
		e.bonds = each(e.n, func(i, j int) *big.Int {
			w := follows[i][j]
			if w == nil {
				return nil
			}
			a := e.speed(w, or0(old[i][j]), e.agreed[j])
			return smaller(one, add(mul(sub(one, a), or0(old[i][j])), mul(a, w)))
		})
	} else {
		e.bonds = e.average(follows, old)
	}
	d := e.earned(e.bonds.columnsOver(list.sum))
	for i := range d {
		d[i] = mul(e.voice[i], d[i])
	}
	e.dividends = d.over(d.sum())
}

// speed is liquid alpha. The exponential has an oracle of its own, beside it.
func (e *epoch) speed(w, bond, agreed *big.Int) *big.Int {
	low, high := ratio(uint64(e.in.AlphaLow), 65535), ratio(uint64(e.in.AlphaHigh), 65535)
	d := sub(bond, w)
	if w.Cmp(bond) >= 0 {
		d = sub(w, agreed)
	}
	d = smaller(larger(d, zero), one)
	steepness := new(big.Int).Quo(new(big.Int).Mul(big.NewInt(int64(e.in.Steepness)), one), big.NewInt(-100))
	x := mul(steepness, sub(d, new(big.Int).Rsh(one, 1)))
	exp := big.NewInt(int64(fixed.ExpSafe(fixed.I32F32(x.Int64()))))
	a := add(low, mul(div(one, add(one, exp)), sub(high, low)))
	return larger(low, smaller(a, high))
}

func (e *epoch) pay() yuma.Output {
	total := add(e.incentive.sum(), e.dividends.sum())
	server, validator := e.incentive.over(total), e.dividends.over(total)
	both := zeros(e.n)
	for i := range both {
		both[i] = add(e.incentive[i], e.dividends[i])
	}
	both = both.over(both.sum())
	if total.Sign() == 0 && !e.in.CarryIfNoIncentive {
		validator = e.voice
		if e.voice.sum().Sign() == 0 {
			validator = e.stake
		}
		both = validator
	}
	trusted := zeros(e.n)
	wide := make([]fixed.I32F32, e.n)
	for i := range trusted {
		trusted[i] = e.clipped[i].sum()
		wide[i] = fixed.I32F32(both[i].Int64())
	}
	return yuma.Output{
		Active: e.active, StakeWeight: e.stake.uint16s(), Consensus: e.agreed.uint16s(), Incentive: e.incentive.uint16s(),
		Dividends: e.dividends.uint16s(), ValidatorTrust: trusted.uint16s(), Trust: e.trust.uint16s(),
		IncentiveShare: e.incentive.fixed(), DividendShare: e.dividends.fixed(),
		ServerEmission: server.of(e.in.Emission), ValidatorEmission: validator.of(e.in.Emission),
		Emission: both.of(e.in.Emission), PruningScore: fixed.MaxUpscale(wide), Permit: e.next, Bonds: e.stored(),
	}
}

func (v list) uint16s() []uint16 {
	out := make([]uint16, len(v))
	for i, x := range v {
		out[i] = uint16(min(mul(x, big.NewInt(65535)).Uint64(), 65535))
	}
	return out
}

func (v list) fixed() []fixed.I32F32 {
	out := make([]fixed.I32F32, len(v))
	for i, x := range v {
		out[i] = fixed.I32F32(x.Int64())
	}
	return out
}

func (v list) of(amount uint64) []uint64 {
	out := make([]uint64, len(v))
	for i, x := range v {
		out[i] = mul(x, new(big.Int).SetUint64(amount)).Uint64()
	}
	return out
}

func (e *epoch) stored() [][]yuma.Entry {
	rows := make([][]yuma.Entry, e.n)
	for i, row := range e.bonds {
		for j, x := range row {
			if v := min(mul(or0(x), big.NewInt(65535)).Uint64(), 65535); v > 0 && e.next[i] {
				rows[i] = append(rows[i], yuma.Entry{UID: uint16(j), Value: uint16(v)})
			}
		}
	}
	return rows
}

func TestEpochAgreesWithTheOracle(t *testing.T) {
	for seed := range uint64(20_000) {
		in := randomInput(rand.New(rand.NewPCG(seed, 7)), 7)
		got, want := run(t, in), oracle(in)
		if !reflect.DeepEqual(got, want) {
			a, b := reflect.ValueOf(got), reflect.ValueOf(want)
			for k := range a.NumField() {
				if !reflect.DeepEqual(a.Field(k).Interface(), b.Field(k).Interface()) {
					t.Errorf("seed %d, %s:\n got %v\nwant %v", seed, a.Type().Field(k).Name, a.Field(k), b.Field(k))
				}
			}
			t.Fatalf("seed %d: input %+v", seed, in)
		}
	}
}

func TestMedianAgreesWithTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 50_000 {
		n := r.IntN(9)
		votes := make([]yuma.Vote, n)
		idx := make([]int, n)
		stake, score := zeros(n), zeros(n)
		for i := range votes {
			// Few values, so that ties and sums that meet the minority exactly
			// are common.
			weight, s := fixed.I32F32(r.IntN(4)), fixed.I32F32(r.IntN(4))
			votes[i] = yuma.NewVote(weight, s)
			idx[i], stake[i], score[i] = i, big.NewInt(int64(s)), big.NewInt(int64(weight))
		}
		minority := int64(r.IntN(16) - 2)
		want := oracleMedian(idx, stake, score, big.NewInt(minority), zero, stake.sum())
		if got := yuma.WeightedMedian(votes, fixed.I32F32(minority)); int64(got) != want.Int64() {
			t.Fatalf("scores %v, stakes %v, minority %d: got %d, want %d", score, stake, minority, got, want)
		}
	}
}
