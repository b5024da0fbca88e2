package ledger_test

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// gambler makes transactions of every type, mostly sensible ones.
type gambler struct {
	*rand.Rand
	n     *network
	ahead map[string]uint64
}

var hotkeys = []string{"v1", "v2", "v3", "m1", "m2", "m3", "m4"}

func (g *gambler) pick(list []string) string { return list[g.Intn(len(list))] }

func (g *gambler) amount() protocol.Amount {
	return protocol.Amount(g.Int63n(int64(3 * protocol.Unit)))
}

func (g *gambler) tx() []byte {
	name, body := g.coldkey()
	if g.Intn(2) == 0 {
		name, body = g.hotkey()
	}
	nonce := g.n.nonce(secret(name).Public()) + g.ahead[name]
	g.ahead[name]++
	if g.Intn(20) == 0 {
		nonce += uint64(g.Intn(3)) // a gap
	}
	return g.n.txAt(name, nonce, body)
}

func (g *gambler) coldkey() (string, wire.Body) {
	name := g.pick([]string{"rich cold", "v1 cold", "m1 cold", "m3 cold"})
	hotkey := secret(g.pick(hotkeys)).Public()
	switch g.Intn(4) {
	case 0:
		return name, &wire.Transfer{To: secret(g.pick(hotkeys) + " cold").Public(), Amount: g.amount() + 1}
	case 1:
		return name, &wire.Register{Hotkey: hotkey, MaxPrice: g.amount()}
	case 2:
		return name, &wire.AddStake{Hotkey: hotkey, Amount: 4*g.amount() + 1}
	}
	return name, &wire.RemoveStake{Hotkey: hotkey, Amount: 8*g.amount() + 1}
}

func (g *gambler) hotkey() (string, wire.Body) {
	name := g.pick(hotkeys)
	sched := g.n.p.Schedule
	e := sched.EpochOf(g.n.next())
	row := func(e protocol.Epoch) *wire.RevealWeights {
		return &wire.RevealWeights{Epoch: e, UIDs: []protocol.UID{3, 4, 5}, Values: []uint16{uint16(len(name)), 7 + uint16(e), 9}}
	}
	var counts []wire.SeatCount
	for uid := range protocol.UID(8) {
		counts = append(counts, wire.SeatCount{UID: uid, Counts: []uint32{uint32(g.Intn(5))}})
	}
	switch g.Intn(7) {
	case 0:
		return name, g.n.serveAs(name, uint16(g.Intn(5)))
	case 1:
		start := sched.EpochStart(e + 2)
		return name, &wire.ExtendBeacon{Start: start + protocol.Height(g.Intn(2)), Anchor: protocol.Hash{1}}
	case 2, 3:
		return name, &wire.Commit{Round: sched.RoundOf(g.n.next()), Root: protocol.Hash{byte(g.Intn(9))}}
	case 4:
		return name, &wire.CommitWeights{Epoch: e, Hash: row(e).Seal(secret(name).Public())}
	case 5:
		return name, row(e - 1)
	}
	return name, &wire.CommitCards{Epoch: e - 1, Counts: []uint32{uint32(g.Intn(6))}, Seen: counts, Opened: counts}
}

// soak runs random blocks. The validators' own chains are left alone: a chain
// of nobody would stop the network, which is what a validator that lies gets.
func soak(t *testing.T, seed int64, blocks int) (protocol.Hash, map[ledger.Reason]int) {
	g := testGenesis()
	g.Params.Seats.MinStake = protocol.Unit
	n := newNetwork(t, g)
	random := &gambler{Rand: rand.New(rand.NewSource(seed)), n: n}
	rules := make(map[ledger.Reason]int)
	for range blocks {
		random.ahead = make(map[string]uint64)
		var pool [][]byte
		for range random.Intn(6) {
			raw := random.tx()
			tx, body, err := wire.ReadTx(raw, n.chain)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := body.(*wire.ExtendBeacon); ok && n.names[tx.Signer][0] == 'v' {
				continue
			}
			pool = append(pool, raw)
		}
		res := n.block(ledger.SelectTxs(n.tree, n.chain, n.p, pool, 1<<16)...)
		for _, r := range res.Txs {
			rules[ledger.ReasonOf(r.Err)]++
		}
	}
	return n.tree.Hash(), rules
}

func TestRandomBlocksKeepTheSupplyAndGiveOneState(t *testing.T) {
	all := make(map[ledger.Reason]int)
	for seed := range int64(3) {
		a, rules := soak(t, seed, 150)
		b, _ := soak(t, seed, 150)
		if a != b {
			t.Errorf("seed %d: two runs, two states: %s and %s", seed, a, b)
		}
		for k, c := range rules {
			all[k] += c
		}
	}
	for _, k := range []ledger.Reason{"", ledger.ErrCannotPay, ledger.ErrNotPermitted, ledger.ErrDeadline, ledger.ErrDuplicate, ledger.ErrPrice} {
		if all[k] == 0 {
			t.Errorf("no transaction ended with %q: %v", k, all)
		}
	}
}

// BenchmarkEpochEnd closes an epoch of 4,096 seats with 256 judges, each with
// a full row of weights and of cards.
func BenchmarkEpochEnd(b *testing.B) {
	n := largeNetwork(b, 4096, 256)
	n.until(58)
	for uid := range protocol.UID(256) {
		id := protocol.SeatID{UID: uid}
		row := ledger.Weights{Seat: id, Height: 15}
		cards := wire.CommitCards{Epoch: 1, Counts: []uint32{9}}
		for j := range protocol.UID(4096) {
			row.UIDs, row.Values = append(row.UIDs, j), append(row.Values, uint16(j)*7+uint16(uid))
			cards.Opened = append(cards.Opened, wire.SeatCount{UID: j, Counts: []uint32{uint32(j % 7)}})
			if j < 256 {
				cards.Seen = append(cards.Seen, wire.SeatCount{UID: j, Counts: []uint32{9}})
			}
		}
		_ = n.tree.Set(ledger.WeightsKey(0, uid), wire.Encode(row))
		_ = n.tree.Set(ledger.CardsKey(1, uid), wire.Encode(ledger.CardsRecord{Seat: id, Cards: cards}))
	}
	benchmarkNext(b, n)
}

// BenchmarkDuties draws the judges of 4,096 commitments among 256.
func BenchmarkDuties(b *testing.B) {
	n := largeNetwork(b, 4096, 256)
	n.until(8)
	for uid := range protocol.UID(4096) {
		_ = n.tree.Set(ledger.CommitKey(0, uid), wire.Encode(ledger.CommitRecord{Seat: protocol.SeatID{UID: uid}, Root: protocol.Hash{1}, Height: 4}))
	}
	benchmarkNext(b, n)
}

func benchmarkNext(b *testing.B, n *network) {
	block := n.draft()
	for b.Loop() {
		b.StopTimer()
		tree := n.tree.Clone()
		b.StartTimer()
		if _, err := ledger.Apply(tree, n.chain, n.p, block); err != nil {
			b.Fatal(err)
		}
	}
}

// largeNetwork has its first three validators do all the work.
func largeNetwork(tb testing.TB, seats, validators int) *network {
	g := testGenesis()
	g.Params.Seats.Max, g.Params.Seats.MaxValidators = uint32(seats), uint32(validators)
	g.Seats = nil
	for i := range seats {
		name := fmt.Sprintf("large %d", i)
		if i < 3 {
			name = fmt.Sprintf("v%d", i+1)
		}
		s := seat(name, protocol.Amount(100-i/64)*protocol.Unit, i < 3)
		if i >= 3 && i < validators {
			s.Consensus, s.Beacon = &ledger.Consensus{Key: secret(name + " consensus").Public()}, &protocol.Hash{1}
		}
		m := seat(name, 0, false)
		s.Offers = m.Offers
		g.Seats = append(g.Seats, s)
	}
	n := newNetwork(tb, g)
	n.only = 3
	return n
}
