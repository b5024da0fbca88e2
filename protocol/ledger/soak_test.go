package ledger_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// soaked is what random blocks came to.
type soaked struct {
	state         protocol.Hash
	rules         map[ledger.Reason]int // why transactions failed, "" of those that did not
	done          map[wire.TxType]int   // transactions that were carried out
	settled, paid uint32                // requests that ended, records that they paid
}

// soak runs random blocks. The validators' own chains are left alone: a chain
// of nobody would stop the network, which is what a validator that lies gets. What
// may be computed beside something else is, where that is not nil.
func soak(t *testing.T, seed int64, blocks int, beside func(work func()) (wait func())) *soaked {
	g := rated()
	g.Params.Seats.MinStake = protocol.Unit
	n := newNetwork(t, g)
	n.beside = beside
	random := newGambler(n, seed)
	out := &soaked{rules: map[ledger.Reason]int{}, done: map[wire.TxType]int{}}
	for range blocks {
		random.ahead = make(map[string]uint64)
		var pool [][]byte
		for range random.Intn(13) {
			raw := random.tx()
			tx, body, err := wire.ReadTx(raw, n.chain)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := body.(*wire.ExtendBeacon); ok && n.names[tx.Signer][0] == 'v' {
				continue
			}
			pool = append(pool, raw)
			if tx.Type.Lane() { // what breaks a rule enters no block
				_, err := ledger.CheckTx(n.tree, n.chain, n.p, raw)
				out.rules[ledger.ReasonOf(err)]++
			}
		}
		res := n.block(n.selected(pool, 1<<18)...)
		for _, r := range res.Txs {
			out.rules[ledger.ReasonOf(r.Err)]++
			if r.Err == nil {
				out.done[r.Type]++
			}
		}
		for _, e := range res.Events {
			if e.Name == ledger.EventSettled {
				out.settled++
				out.paid += e.Count
			}
		}
	}
	out.state = n.tree.Hash()
	return out
}

// TestRandomBlocksKeepTheSupplyAndGiveOneState: the supply is looked at after each
// block. Every type of transaction but those of keys is among them, and is carried
// out now and then; TestTheLedgerFollowsASimpleModel has all.
func TestRandomBlocksKeepTheSupplyAndGiveOneState(t *testing.T) {
	all := &soaked{rules: map[ledger.Reason]int{}, done: map[wire.TxType]int{}}
	for seed := range int64(3) {
		works := 0
		a, b := soak(t, seed, 150, nil), soak(t, seed, 150, func(work func()) func() {
			done := make(chan struct{})
			go func() {
				defer close(done)
				works++
				work()
			}()
			return func() { <-done }
		})
		if works < 7 {
			t.Errorf("seed %d: something was computed beside the rest %d times, want at each epoch's end", seed, works)
		}
		if a.state != b.state {
			t.Errorf("seed %d: two runs, two states: %s and %s", seed, a.state, b.state)
		}
		for k, c := range a.rules {
			all.rules[k] += c
		}
		for k, c := range a.done {
			all.done[k] += c
		}
		all.settled, all.paid = all.settled+a.settled, all.paid+a.paid
	}
	for _, k := range []ledger.Reason{
		"", ledger.ErrCannotPay, ledger.ErrNotPermitted, ledger.ErrDeadline, ledger.ErrDuplicate, ledger.ErrPrice, ledger.ErrMismatch, ledger.ErrUnknown,
	} {
		if all.rules[k] == 0 {
			t.Errorf("no transaction ended with %q: %v", k, all.rules)
		}
	}
	for k := wire.TxType(1); k.Known(); k++ {
		if all.done[k] == 0 && k != wire.TxSetConsensusKey {
			t.Errorf("no %s was carried out: %v", k, all.done)
		}
	}
	if all.settled == 0 || all.paid == 0 {
		t.Errorf("%d requests ended, and paid %d records", all.settled, all.paid)
	}
	t.Logf("carried out %v; %d requests paid %d records", all.done, all.settled, all.paid)
}

// BenchmarkEpochEnd closes an epoch of 4,096 seats with 256 judges, each with
// a full row of weights and 2,048 duties.
func BenchmarkEpochEnd(b *testing.B) {
	n := largeNetwork(b, 4096, 256)
	n.until(58)
	for uid := range protocol.UID(256) {
		id := protocol.SeatID{UID: uid}
		row := ledger.Weights{Seat: id, Height: 15}
		cards := ledger.CardsRecord{Seat: id, Root: protocol.Hash{1}, Findings: bytes.Repeat([]byte{wire.FoundPassed}, 2048)}
		drawn := ledger.DrawnRecord{Judge: id, Kinds: make([]wire.AnswerKeys, 1)}
		for j := range protocol.UID(4096) {
			row.UIDs, row.Values = append(row.UIDs, j), append(row.Values, uint16(j)*7+uint16(uid))
			if j < 2048 {
				drawn.Kinds[0].Add(wire.AnswerKey{Round: 2, UID: 2 * j})
			}
		}
		_ = n.tree.Set(ledger.WeightsKey(0, uid), wire.Encode(row))
		_ = n.tree.Set(ledger.CardsKey(1, uid), wire.Encode(cards))
		_ = n.tree.Set(ledger.DrawnKey(1, uid), wire.Encode(drawn))
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
	g.Params.Seats.MaxSilence = max(g.Params.Seats.MaxSilence, 2*uint64(validators))
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
	n := begin(tb, g, ledger.Begin)
	n.only = 3
	return n
}
