package ledger_test

import (
	"errors"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// outside is what the model is told of the ledger.
type outside struct {
	*network
	validates map[protocol.UID]bool // is in a consensus set
}

func (w *outside) fail(format string, args ...any) {
	w.tb.Helper()
	w.tb.Fatalf("height %d: "+format, append([]any{w.height}, args...)...)
}

// holds reports whether a stake is worth so much.
func (w *outside) holds(name, cold protocol.PublicKey, worth *big.Int) bool {
	a, err := ledger.ReadStake(w.tree, name, cold)
	return err == nil && num(a).Cmp(worth) == 0
}

// modelled is a network beside its model.
type modelled struct {
	*gambler
	accuser
	outside
	m       *model
	ended   map[ledger.Stage]int   // challenges
	did     map[wire.TxType][2]int // rules that were broken, and kept
	chains  map[protocol.Epoch]*plant.Maker
	carried int
	paid    [2]int // epochs that paid miners, and stakers
	// balances is the sum of those that were known when accounts were last compared.
	known    map[protocol.PublicKey]*big.Int
	balances *big.Int
}

func newModelled(t *testing.T, seed int64) *modelled {
	g := rated()
	g.Params.Seats.Collateral = protocol.Unit / 8
	g.Params = g.Params.WithVerdicts()
	g.Params.Seats.MinStake, g.Params.Seats.Max, g.Params.Seats.MaxSilence = protocol.Unit, 7, 40
	g.Params.Seats.Unbonding, g.Params.Seats.UnbondingSeconds = 85, 149 // which takes more than 85 blocks at times
	g.Seats[3].Collateral = protocol.Unit
	n := newNetwork(t, g)
	n.unsigned, n.only = true, 2
	n.p.Plants.Fine = params.One / 4 // nothing is planted, but links can be known too early
	m := &model{
		p: n.p, chain: n.chain, accounts: map[protocol.PublicKey]*purse{}, issued: of(0), burned: of(0), pot: of(0), price: num(n.p.Seats.Price),
		pools: map[protocol.PublicKey]*pool{}, names: map[protocol.PublicKey]protocol.PublicKey{},
		owners: map[protocol.PublicKey]*owner{}, poolNames: map[protocol.PublicKey]protocol.PublicKey{}, hotkeys: map[protocol.PublicKey]protocol.PublicKey{},
		requests: map[protocol.Hash]*ask{}, leaving: map[[2]uint64]*leaving{}, paid: map[string]protocol.Hash{},
		disputes: map[wire.Case]*dispute{}, guilts: map[uint64]*guilt{}, fines: map[protocol.PublicKey][]fine{}, takings: map[protocol.PublicKey][]taking{},
		touched: map[protocol.PublicKey]bool{},
	}
	for _, a := range g.Accounts {
		m.credit(a.Key, num(a.Balance))
		m.issued = add(m.issued, num(a.Balance))
	}
	for _, s := range g.Seats {
		m.seats = append(m.seats, &place{hot: s.Hotkey, cold: s.Coldkey, name: s.Hotkey, emission: of(0), average: of(0), collateral: num(s.Collateral), rate: m.p.Seats.Commission})
		m.issued = add(m.issued, num(s.Collateral))
		if s.Stake > 0 {
			m.pool(s.Hotkey).enter(s.Coldkey, num(s.Stake))
			m.issued = add(m.issued, num(s.Stake))
		}
	}
	x := &modelled{outside: outside{network: n}, m: m, did: map[wire.TxType][2]int{}, ended: map[ledger.Stage]int{}, chains: map[protocol.Epoch]*plant.Maker{}}
	x.known, x.balances = map[protocol.PublicKey]*big.Int{}, of(0)
	x.given, x.votes = map[protocol.Epoch][]wire.Evidence{}, map[string]*wire.OpenVote{}
	x.gambler = newGambler(n, seed)
	for h := uint64(1); h <= uint64(n.height); h++ { // what the gambler began with costs nothing
		m.height, m.now = h, n.timeAt(protocol.Height(h))
		m.money()
	}
	return x
}

// draw returns candidates for the next block, that may stand in it one by one.
func (x *modelled) draw() (txs [][]byte) {
	x.ahead = map[string]uint64{}
	lanes := map[string]bool{}
	e := x.p.Schedule.EpochOf(x.next())
	for _, name := range []string{"v1", "v2"} { // most of the stake, so that epochs pay
		row := &wire.RevealWeights{Epoch: e, UIDs: []protocol.UID{3, 4}, Values: []uint16{uint16(e) + 1, 7}}
		says := wire.Body(&wire.CommitWeights{Epoch: e, Hash: row.Seal(secret(name).Public())})
		switch uint64(x.next()) % x.p.Schedule.Tempo {
		default:
			continue
		case 3:
			row.Epoch, row.Values[0] = e-1, uint16(e)
			says = row
		case 16:
		}
		raw := x.txAt(name, 0, says)
		if ledger.RecheckTx(x.tree, x.chain, x.p, raw) == nil {
			txs = append(txs, raw)
			lanes[fmt.Sprint(name, says.Type())] = true
		}
	}
	for _, k := range x.ballots() {
		raw, lane := x.txAt(k.by, 0, k.body), fmt.Sprint(k.by, k.body.Type(), k.body)
		if !lanes[lane] && ledger.RecheckTx(x.tree, x.chain, x.p, raw) == nil {
			txs, lanes[lane] = append(txs, raw), true
		}
	}
	for range x.Intn(13) {
		name, body := x.says()
		if remove, ok := body.(*wire.RemoveStake); ok && name == "v1 cold" && remove.Hotkey == secret("v1").Public() {
			continue // the validators that make blocks stay
		}
		if _, ok := body.(*wire.ExtendBeacon); ok && name[0] == 'v' {
			continue
		}
		if _, ok := body.(*wire.ExtendSetter); ok && name == "v1" {
			continue // and the pairs of one setter can be opened for ever
		}
		if x.Intn(8) == 0 {
			name, body = "v3", &wire.Unjail{Epoch: x.p.Schedule.EpochOf(x.next())}
		}
		name = x.signs(name, body)
		if body.Type().Lane() {
			raw, lane := x.txAt(name, 0, body), fmt.Sprint(name, body.Type())
			if !lanes[lane] && ledger.RecheckTx(x.tree, x.chain, x.p, raw) == nil {
				lanes[lane], txs = true, append(txs, raw)
			}
			continue
		}
		// Of one whose turn comes later it is looked whether it may stand in a block, and
		// not whether it breaks a rule.
		nonce := x.nonce(secret(name).Public()) + x.ahead[name]
		if ledger.RecheckTx(x.tree, x.chain, x.p, x.txAt(name, nonce+1, body)) == nil {
			txs = append(txs, x.txAt(name, nonce, body))
			x.ahead[name]++
		}
	}
	return txs
}

// says returns what somebody says next, whoever signs for it.
func (x *modelled) says() (string, wire.Body) {
	name, body := x.wish()
	switch x.Intn(8) {
	case 0, 1:
		name, body = x.keys()
	case 2:
		if who, says := x.about(); says != nil {
			name, body = who, says
		}
	}
	if c, ok := body.(*wire.Commit); ok && c.Root[1] == 0 && x.Intn(4) > 0 { // not to ratings
		body = x.commits(x.now(name), c.Round)
	}
	return name, body
}

// block carries one block out, by the ledger and by the model, and compares all.
func (x *modelled) block() {
	x.tb.Helper()
	set, _, err := ledger.ReadValidators(x.tree)
	if err != nil {
		x.tb.Fatal(err)
	}
	x.validates = map[protocol.UID]bool{}
	for _, members := range [][]ledger.Power{set.Set, set.Prev} {
		for _, v := range members {
			x.validates[v.UID] = true
		}
	}
	x.silent = map[string]bool{"v3": x.height/64%2 == 1} // for long enough to be jailed
	txs := x.draw()
	b := x.draft(txs...)
	res, err := ledger.Apply(x.tree, x.chain, x.p, b)
	for errors.Is(err, ledger.ErrBlock) && len(txs) > 0 { // one took another's money or seat
		txs = txs[:len(txs)-1]
		b = x.draft(txs...)
		res, err = ledger.Apply(x.tree, x.chain, x.p, b)
	}
	if err != nil {
		x.fail("%v", err)
	}
	x.height, x.proposer, x.last = b.Height, b.Proposer, res
	x.turn++
	x.m.height, x.m.now = uint64(b.Height), b.Time
	for i, r := range res.Txs {
		kept := x.m.carry(b.Read[i].Tx, b.Read[i].Body, r.Err == nil, &x.outside)
		if kept != (r.Err == nil) {
			x.fail("%s %+v: the ledger says %v, the model %v", r.Type, b.Read[i].Body, r.Err, kept)
		}
		did := x.did[r.Type]
		if kept {
			did[1]++
		} else {
			did[0]++
		}
		x.did[r.Type] = did
	}
	x.carried += len(res.Txs)
	x.note()
	x.m.judge(&x.outside)
	x.m.money()
	if e := x.p.Schedule.EpochOf(b.Height); x.p.Schedule.IsEpochEnd(b.Height) {
		x.epoch(e)
	}
	x.checkCosts(b, res)
	x.compare()
	x.forget()
}

// note tells the model of judges: whose findings they are, and who all are.
func (x *modelled) note() {
	for id, r := range x.m.requests {
		now, ok, err := ledger.ReadRequest(x.tree, id)
		if err != nil || !ok {
			continue // forgotten in this block
		}
		r.judges, r.stake = int(now.Judges), num(now.Stake)
		for uid, f := range r.findings {
			if rec, ok, _ := ledger.ReadRequestFinding(x.tree, id, uid); ok {
				f.owner, f.stake = rec.Owner, num(rec.Stake)
			}
		}
	}
}

// epoch hands the model what the epoch paid, which must be in the pot, and at most
// what an epoch may pay.
func (x *modelled) epoch(e protocol.Epoch) {
	rec, ok, err := ledger.ReadEpoch(x.tree, e)
	if err != nil || !ok {
		x.fail("no record of epoch %d, %v", e, err)
	}
	payments, err := ledger.ReadPayments(x.tree, e)
	if err != nil || len(payments) != len(x.m.seats) {
		x.fail("%d payments for %d seats, %v", len(payments), len(x.m.seats), err)
	}
	for i, a := range []protocol.Amount{rec.Miners, rec.Validators} {
		if a > 0 {
			x.paid[i]++
		}
	}
	pot := x.m.pot
	sum := add(x.m.epoch(uint64(e), payments, &x.outside), num(rec.Unearned))
	most := new(big.Int).Div(new(big.Int).Mul(x.m.issue(), of(5*int64(x.p.Schedule.Tempo))), of(4))
	if part := up(pot, of(1), of(256)); part.Cmp(most) > 0 {
		most = part
	}
	if sum.Cmp(num(rec.Emission)) > 0 || num(rec.Emission).Cmp(pot) > 0 || num(rec.Emission).Cmp(most) > 0 {
		x.fail("epoch %d pays %s of %s, from a pot of %s, at most %s", e, sum, rec.Emission, pot, most)
	}
}

// looksAtAll reports whether the block is one after which all accounts are looked
// at, also those that nothing should have touched. Accounts only ever get more, and
// the more there are the more seldom it is: so a block takes the same time however
// many came before it.
func (x *modelled) looksAtAll() bool {
	return uint64(x.height)%(1+uint64(len(x.m.accounts))/32) == 0
}

// compareAccounts holds accounts against the ledger's, those that the model touched
// or all, and returns the sum of all balances.
func (x *modelled) compareAccounts() *big.Int {
	x.tb.Helper()
	if x.looksAtAll() {
		x.checkSupply()
		for k := range x.m.accounts {
			x.m.touched[k] = true
		}
	}
	for k := range x.m.touched {
		want := purse{balance: of(0)} // of one that is gone
		if a := x.m.accounts[k]; a != nil {
			want = *a
		}
		if got, _, err := ledger.ReadAccount(x.tree, k); err != nil || num(got.Balance).Cmp(want.balance) != 0 || got.Nonce != want.nonce {
			x.fail("account %s has %s and nonce %d, by the model %s and %d, %v", k, got.Balance, got.Nonce, want.balance, want.nonce, err)
		}
		if before := x.known[k]; before != nil {
			x.balances = sub(x.balances, before)
		}
		x.known[k], x.balances = want.balance, add(x.balances, want.balance)
	}
	clear(x.m.touched)
	return x.balances
}

// compare holds the model against the state: all of it, but for accounts that
// nothing touched, whose turn comes.
func (x *modelled) compare() {
	x.tb.Helper()
	meta, _, err := ledger.ReadMeta(x.tree)
	if err != nil {
		x.tb.Fatal(err)
	}
	m := x.m
	balances := x.compareAccounts()
	stakes, unbonding, escrow, collateral := of(0), of(0), of(0), of(0)
	for _, l := range m.leaving {
		collateral = add(collateral, l.amount)
	}
	for _, s := range m.seats {
		collateral = add(collateral, s.collateral)
	}
	collateral = add(collateral, m.withChallenges())
	for name, p := range m.pools {
		stakes = add(stakes, p.amount)
		if got, _, err := ledger.ReadPool(x.tree, name); err != nil || num(got.Amount).Cmp(p.amount) != 0 {
			x.fail("pool %s has %s, by the model %s, %v", name, got.Amount, p.amount, err)
		}
		for k := range p.shares {
			if !x.holds(name, k, p.worth(k)) {
				x.fail("stake of %s on %s is not %s, as the model says", k, name, p.worth(k))
			}
		}
	}
	for _, u := range m.unbonding {
		unbonding = add(unbonding, u.amount)
	}
	for _, r := range m.requests {
		escrow = add(escrow, m.held(r))
	}
	for what, c := range map[string]struct {
		got  protocol.Amount
		want *big.Int
	}{
		"issued": {meta.Issued, m.issued}, "burned": {meta.Burned, m.burned}, "the pot": {meta.Pot, m.pot}, "price": {meta.Price, m.price},
		"balances": {meta.Balances, balances}, "stakes": {meta.Stakes, stakes}, "unbonding": {meta.Unbonding, unbonding}, "escrow": {meta.Escrow, escrow}, "collateral": {meta.Collateral, collateral},
	} {
		if num(c.got).Cmp(c.want) != 0 {
			x.fail("%s: %s, by the model %s", what, c.got, c.want)
		}
	}
	x.compareSeats()
	x.compareDisputes()
}

func (x *modelled) compareSeats() {
	x.tb.Helper()
	for uid, s := range x.m.seats {
		got, ok, err := ledger.ReadSeat(x.tree, protocol.UID(uid))
		swap := ledger.HotkeySwap{To: s.next, From: protocol.Epoch(s.from), Kept: s.kept}
		if err != nil || !ok || got.Hotkey != s.hot || got.Coldkey != s.cold || got.PoolName() != s.name || got.Payout != s.payout ||
			uint64(got.ID.Registered) != s.registered || got.Swap != swap || num(got.Average).Cmp(s.average) != 0 || num(got.Collateral).Cmp(s.collateral) != 0 ||
			got.Commission.At(x.p.Schedule.EpochOf(x.height)) != x.m.rate(s) {
			x.fail("seat %d is %+v, by the model %+v, %v", uid, got, s, err)
		}
	}
	for _, cold := range coldkeys {
		k := secret(cold).Public()
		_, o, err := ledger.ReadOwner(x.tree, k)
		x.m.height++ // in the block to come
		want, waits := x.m.signer(k), x.m.waits(k)
		x.m.height--
		if next := x.height + 1; err != nil || o.Signer(next) != want || o.Waits(next) != waits {
			x.fail("%s signs for %s, by the model %s, %v", o.Signer(next), cold, want, err)
		}
	}
}

// steps reads a number that the environment may give.
func steps(t *testing.T, name string, def int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTheLedgerFollowsASimpleModel: random transactions of all types, in random
// blocks. After each, every balance, nonce, stake, seat, escrow and sum is what the
// model says, and no money is lost or made. ASSAY_MODEL_STEPS sets how many
// transactions there are, ASSAY_MODEL_SEED where the seeds begin.
func TestTheLedgerFollowsASimpleModel(t *testing.T) {
	const seeds = 2
	most, first := steps(t, "ASSAY_MODEL_STEPS", 3000), steps(t, "ASSAY_MODEL_SEED", 1)
	all, paid := map[wire.TxType][2]int{}, [2]int{}
	for seed := first; seed < first+seeds; seed++ {
		x := newModelled(t, int64(seed))
		for told := 1; x.carried < most/seeds || !x.looksAtAll(); {
			if x.block(); x.carried >= told*50_000 { // of a run that takes long
				t.Logf("seed %d: %d transactions were carried out alike", seed, x.carried)
				told++
			}
		}
		for typ, n := range x.did {
			sum := all[typ]
			all[typ] = [2]int{sum[0] + n[0], sum[1] + n[1]}
		}
		paid[0], paid[1] = paid[0]+x.paid[0], paid[1]+x.paid[1]
		count, wrong := ledger.Remembered(x.tree)
		if wrong != "" {
			t.Errorf("seed %d: the tree remembers %s", seed, wrong)
		}
		for _, sort := range []string{"Account", "Bonds", "Payment", "Pool", "RosterJudge", "SealedWeights", "Seat", "Stake", "Weights"} {
			if count["*ledger."+sort] == 0 {
				t.Errorf("seed %d: of no %s the tree knows what it stands for", seed, sort)
			}
		}
		t.Logf("seed %d: %d blocks, %d transactions (broken, kept): %v; epochs that paid miners and stakers: %v", seed, x.height, x.carried, x.did, x.paid)
	}
	if paid[0] == 0 || paid[1] == 0 {
		t.Errorf("of the epochs %v paid miners and stakers", paid)
	}
	for typ := range wire.TxType(255) {
		switch typ {
		case wire.TxOpenPlants:
			continue // nothing is planted here: plants_test.go counts the money of that
		}
		if typ.Known() && all[typ][1] == 0 {
			t.Errorf("no %s was carried out", typ)
		}
	}
}
