package ledger_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand"
	"os"
	"strconv"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// ideal is the simple model of a pool: a claim for each coldkey, in numbers that do
// not round; the first is the owner. A dividend visits every claim.
type ideal struct {
	claims []*big.Float
	// slack is by how much rounding may have moved each stake: less than a unit for
	// each time that anybody came or went, which grows as the stake does.
	slack []*big.Float
}

// claim is a number with 200 bits.
func claim(a protocol.Amount) *big.Float {
	return new(big.Float).SetPrec(200).SetInt(new(big.Int).SetUint64(uint64(a)))
}

func (m *ideal) sum() *big.Float {
	s := claim(0)
	for _, c := range m.claims {
		s.Add(s, c)
	}
	return s
}

// moved notes that coldkey i came with a, or went with −a.
func (m *ideal) moved(i int, a *big.Float) {
	m.claims[i].Add(m.claims[i], a)
	for k := range m.slack {
		m.slack[k].Add(m.slack[k], claim(1))
	}
}

func (m *ideal) left(i int) { m.claims[i], m.slack[i] = claim(0), claim(0) }

func (m *ideal) earned(a protocol.Amount) {
	rate := new(big.Float).Quo(claim(a), m.sum())
	rate.Add(rate, claim(1))
	for k := range m.claims {
		m.claims[k].Mul(m.claims[k], rate)
		m.slack[k].Mul(m.slack[k], rate)
	}
}

// pooled is a pool beside its model.
type pooled struct {
	t      *testing.T
	r      *rand.Rand
	pool   ledger.Pool
	stakes []ledger.Stake
	model  ideal
	put    protocol.Amount // everything that came in, dividends included
	took   protocol.Amount // everything that went out
	pot    protocol.Amount // what rounding left
	did    map[string]int
}

func newPooled(t *testing.T, seed int64, coldkeys int) *pooled {
	p := &pooled{t: t, r: rand.New(rand.NewSource(seed)), stakes: make([]ledger.Stake, coldkeys), did: map[string]int{}}
	for range coldkeys {
		p.model.claims, p.model.slack = append(p.model.claims, claim(0)), append(p.model.slack, claim(0))
	}
	return p
}

func (p *pooled) worth(i int) protocol.Amount {
	w, err := p.pool.Worth(p.stakes[i])
	if err != nil {
		p.t.Fatalf("%+v in %+v: %v", p.stakes[i], p.pool, err)
	}
	return w
}

func (p *pooled) enter(i int, a protocol.Amount) {
	rest, err := p.pool.Enter(&p.stakes[i], a)
	if err != nil || rest > 2 || rest > a {
		p.t.Fatalf("%d enter %+v: %d stay out, %v", a, p.pool, rest, err)
	}
	p.pot += rest
	p.model.moved(i, claim(a-rest))
}

func (p *pooled) leave(i int, a protocol.Amount) {
	rest, err := p.pool.Leave(&p.stakes[i], a)
	if err != nil || rest > 2 {
		p.t.Fatalf("%d leave %+v: %d go besides, %v", a, p.pool, rest, err)
	}
	p.took += a
	p.pot += rest
	p.model.moved(i, new(big.Float).Neg(claim(a+rest)))
}

// step does one random thing, and looks at two stakes.
func (p *pooled) step() {
	i, k := p.r.Intn(len(p.stakes)), p.r.Intn(len(p.stakes))
	before := p.worth(k)
	switch what := p.r.Intn(10); {
	case what < 3 && p.pool.Amount < 1<<56:
		p.did["delegate"]++
		a := protocol.Amount(1 + p.r.Int63n(1<<(1+p.r.Intn(45))))
		p.put += a
		p.enter(i, a)
	case what < 6 && p.worth(i) > 0:
		p.did["undelegate"]++
		a := p.worth(i)
		if p.r.Intn(3) > 0 {
			a = protocol.Amount(p.r.Int63n(int64(a) + 1))
		}
		all := a == p.worth(i)
		p.leave(i, a)
		if all {
			p.absorb(i)
		}
	case what >= 6 && p.pool.Shares > 0 && p.pool.Amount < 1<<56:
		p.did["dividend"]++
		i = 0
		a := protocol.Amount(p.r.Int63n(int64(p.pool.Amount)/16 + 2))
		commission, _ := a.MulDiv(params.One/10, params.One)
		if err := p.pool.Earn(a - commission); err != nil {
			p.t.Fatal(err)
		}
		p.put += a
		p.model.earned(a - commission)
		p.enter(0, commission)
	}
	if after := p.worth(k); k != i && after < before {
		p.t.Fatalf("another's move takes %d of the stake of %d: %d, now %d", before-after, k, before, after)
	}
	p.check(i)
	p.check(k)
}

// absorb ends the claim of who has left: the fraction of a unit that was above its
// stake, or below, is the others'.
func (p *pooled) absorb(i int) {
	if p.stakes[i].Shares != 0 {
		p.t.Fatalf("all of the stake has left, and there is %+v", p.stakes[i])
	}
	p.stakes[i] = ledger.Stake{}
	over := p.model.claims[i]
	p.model.left(i)
	if s := p.model.sum(); s.Sign() > 0 {
		rate := new(big.Float).Quo(over, s)
		rate.Add(rate, claim(1))
		for k := range p.model.claims {
			p.model.claims[k].Mul(p.model.claims[k], rate)
		}
		for k := range p.model.slack {
			p.model.slack[k].Add(p.model.slack[k], new(big.Float).Abs(over))
		}
		p.model.slack[i] = claim(0)
	}
}

func (p *pooled) check(i int) {
	p.t.Helper()
	if p.put != p.pool.Amount+p.took+p.pot {
		p.t.Fatalf("%d came, %d went, %d are in the pot and %d in the pool", p.put, p.took, p.pot, p.pool.Amount)
	}
	if uint64(p.pool.Amount)/2 >= p.pool.Shares && p.pool.Shares > 0 || (p.pool.Shares == 0) != (p.pool.Amount == 0) {
		p.t.Fatalf("%+v", p.pool)
	}
	off := new(big.Float).Sub(claim(p.worth(i)), p.model.claims[i])
	most := new(big.Float).Add(p.model.slack[i], claim(2))
	if off.Abs(off).Cmp(most) > 0 {
		p.t.Fatalf("%d has %d, and by the model %s, with a slack of %s: %+v", i, p.worth(i), p.model.claims[i].Text('f', 1), most.Text('f', 1), p.pool)
	}
}

// TestStakesFollowASimpleModel: ASSAY_POOL_STEPS sets how many steps there are.
func TestStakesFollowASimpleModel(t *testing.T) {
	steps := 20_000
	if s := os.Getenv("ASSAY_POOL_STEPS"); s != "" {
		var err error
		if steps, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	const seeds = 4
	for seed := range int64(seeds) {
		p := newPooled(t, seed, 8)
		var splits uint32
		for range steps / seeds {
			p.step()
			splits = max(splits, p.pool.Splits)
		}
		for i := range p.stakes {
			if w := p.worth(i); w > 0 {
				p.leave(i, w)
			}
		}
		if p.pool.Shares != 0 || p.pool.Amount != 0 || p.put != p.took+p.pot {
			t.Errorf("seed %d: all have left, and there is %+v; %d came, %d went, %d in the pot", seed, p.pool, p.put, p.took, p.pot)
		}
		if splits == 0 || len(p.did) != 3 {
			t.Errorf("seed %d: %d splits, %v", seed, splits, p.did)
		}
		t.Logf("seed %d: %v, at most %d splits; rounding left %d units", seed, p.did, splits, p.pot)
	}
}

// TestSharesStayFineHoweverMuchAPoolEarned: an owner that takes its dividends home
// each time would end with one share that is worth all, and rob who joins it.
func TestSharesStayFineHoweverMuchAPoolEarned(t *testing.T) {
	p := newPooled(t, 1, 2)
	p.put = 100 * protocol.Unit
	p.enter(0, p.put)
	for range 3_000 { // each time a tenth: 1.1^3000 > 2^400
		gain := p.pool.Amount / 10
		if err := p.pool.Earn(gain); err != nil {
			t.Fatal(err)
		}
		p.put += gain
		p.model.earned(gain)
		p.leave(0, p.worth(0)-100*protocol.Unit)
	}
	p.put += 7 * protocol.Unit
	p.enter(1, 7*protocol.Unit)
	if w := p.worth(1); w < 7*protocol.Unit-2 || p.pool.Splits < 400 {
		t.Errorf("7 tokens are worth %s at once, after %d splits", w, p.pool.Splits)
	}
}

func TestAStakeOfNoStateIsCorrupt(t *testing.T) {
	p := ledger.Pool{Amount: 10, Shares: 8, Splits: 3}
	for name, s := range map[string]ledger.Stake{
		"more than there is":          {Shares: 9, Splits: 3},
		"more than there is by split": {Shares: 2, Splits: 0},
		"of a later split":            {Shares: 1, Splits: 4},
		"beyond all numbers":          {Shares: 1 << 63, Splits: 2},
	} {
		if _, err := p.Worth(s); !errors.Is(err, ledger.ErrCorrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	p.Splits = 1 << 31
	if _, err := p.Worth(ledger.Stake{Shares: 1}); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("split without end: got %v", err)
	}
}

// TestAnEpochCostsTheSameHoweverManyStake: one entry costs its maker a few
// thousandths of a token once, and used to be visited in every epoch for ever.
func TestAnEpochCostsTheSameHoweverManyStake(t *testing.T) {
	own := func(stakers int) ledger.Cost {
		n := newNetwork(t, testGenesis())
		n.until(2)
		meta, _, _ := ledger.ReadMeta(n.tree)
		for i := range stakers {
			k := secret(fmt.Sprintf("staker %d", i)).Public()
			n.set(ledger.AccountKey(k), ledger.Account{Balance: protocol.Unit})
			meta.Balances += protocol.Unit
			meta.Issued += protocol.Unit
		}
		n.set(ledger.MetaKey(), meta)
		var txs [][]byte
		for i := range stakers {
			txs = append(txs, n.tx(fmt.Sprintf("staker %d", i), &wire.AddStake{Hotkey: secret("v1").Public(), Amount: ledger.MinStakeEntry}))
		}
		n.block(txs...)
		n.vote(0, []protocol.UID{3, 4}, []uint16{1, 1})
		n.until(n.p.Schedule.EpochEnd(2))
		if p := n.payment(2, 0); p.Validator == 0 {
			t.Fatal("no dividend")
		}
		return n.last.Own
	}
	few, many := own(1), own(40)
	if few.Reads != many.Reads || few.Writes != many.Writes {
		t.Errorf("with one staker an epoch's end costs %+v, with forty %+v", few, many)
	}
}

// TestNobodyDelegatesMoreThanThereIs, or takes back a unit more than a stake is
// worth: that costs the fee of the transaction, and nothing moves.
func TestNobodyDelegatesMoreThanThereIs(t *testing.T) {
	n := newNetwork(t, testGenesis())
	v1 := secret("v1").Public()
	refused := func(what string, body wire.Body) {
		t.Helper()
		had, staked := n.account("rich cold").Balance, n.staked("v1", "rich cold")
		if err := n.do("rich cold", body); !errors.Is(err, ledger.ErrCannotPay) {
			t.Errorf("%s: got %v, want %v", what, err, ledger.ErrCannotPay)
		}
		if lost := had - n.account("rich cold").Balance; lost != n.fee(body) || n.staked("v1", "rich cold") != staked {
			t.Errorf("%s: cost %s, a fee is %s; %s are staked, before %s", what, lost, n.fee(body), n.staked("v1", "rich cold"), staked)
		}
	}
	refused("all, and nothing for the fee", &wire.AddStake{Hotkey: v1, Amount: n.account("rich cold").Balance})
	refused("back before anything is there", &wire.RemoveStake{Hotkey: v1, Amount: 1})
	if err := n.do("rich cold", &wire.AddStake{Hotkey: v1, Amount: 5 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	refused("a unit more than there is", &wire.RemoveStake{Hotkey: v1, Amount: n.staked("v1", "rich cold") + 1})
	if err := n.do("rich cold", &wire.RemoveStake{Hotkey: v1, Amount: n.staked("v1", "rich cold")}); err != nil || n.staked("v1", "rich cold") != 0 {
		t.Errorf("all of it: %v, %s are left", err, n.staked("v1", "rich cold"))
	}
}
