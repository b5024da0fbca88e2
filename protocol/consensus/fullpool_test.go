//go:build !race

// Full pools hold thousands of signed transactions, and each of these tests is one
// goroutine: the race detector has nothing to see here and would take minutes.
package consensus_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// flood fills the pool with what waits behind a nonce that never comes: it
// costs its signers nothing.
func flood(t testing.TB, q *consensus.Pool, n *network, tree *ledger.MemTree) {
	t.Helper()
	for i := 0; q.Size() < consensus.MaxPoolTxs; i++ {
		who := fmt.Sprintf("flood %d", i)
		check(t, tree.Set(ledger.AccountKey(secret(who).Public()), wire.Encode(&ledger.Account{Balance: n.g.Params.Fees.Deposit + protocol.Unit/1000})))
		for nonce := uint64(1); nonce < ledger.NonceWindow && q.Size() < consensus.MaxPoolTxs; nonce++ {
			_, err := q.Add(transfer(t, n, who, nonce, 1))
			check(t, err)
		}
	}
}

func TestAPoolFullOfWhatCannotComeYetTakesWhatCan(t *testing.T) {
	q, n, tree := newPool(t)
	flood(t, q, n, tree)
	_, err := q.Add(transfer(t, n, "rich", 31, 1))
	if !errors.Is(err, consensus.ErrPoolFull) {
		t.Errorf("one more that waits: got %v, want %v", err, consensus.ErrPoolFull)
	}
	for nonce := range uint64(3) {
		_, err := q.Add(transfer(t, n, "rich", nonce, 1))
		check(t, err)
	}
	if q.Size() != consensus.MaxPoolTxs {
		t.Errorf("%d wait, want %d", q.Size(), consensus.MaxPoolTxs)
	}
	nextNonce(t, q, "rich", 3)
	for range consensus.MaxPoolAge {
		q.Recheck()
	}
	if q.Size() != consensus.MaxPoolTxs {
		t.Errorf("%d wait after %d blocks, want all", q.Size(), consensus.MaxPoolAge)
	}
	q.Recheck()
	if q.Size() != 1 {
		t.Errorf("%d wait after one block more, want the one whose turn it is", q.Size())
	}
}

func TestWhatMadeRoomForOthersIsSaidToHave(t *testing.T) {
	q, n, tree := newPool(t)
	flood(t, q, n, tree)
	waiting := q.Waiting()
	_, err := q.Add(transfer(t, n, "rich", 0, 1))
	check(t, err)
	dropped := 0
	for _, hash := range waiting {
		s, ok := q.Standing(hash)
		if !ok || s.Dropped != nil && !errors.Is(s.Dropped, consensus.ErrPoolFull) {
			t.Fatalf("got %+v, %v", s, ok)
		}
		if s.Dropped != nil {
			dropped++
		}
	}
	if dropped != 1 {
		t.Errorf("%d were dropped for one, want one", dropped)
	}
}

// crowd fills the pool with what may come at once: so many accounts with one least
// fee each.
func crowd(t testing.TB, q *consensus.Pool, n *network, tree *ledger.MemTree) {
	t.Helper()
	for i := range consensus.MaxPoolTxs {
		who := fmt.Sprintf("crowd %d", i)
		check(t, tree.Set(ledger.AccountKey(secret(who).Public()), wire.Encode(&ledger.Account{Balance: n.g.Params.Fees.Deposit + protocol.Unit/1000})))
		_, err := q.Add(transfer(t, n, who, 0, 1))
		check(t, err)
	}
}

// TestAFullPoolTakesTheProtocolsOwnWork: thousands of accounts with one fee each
// keep out neither a commitment nor a validator's next chain, and who pays more
// than they is taken, too, in the place of one of them.
func TestAFullPoolTakesTheProtocolsOwnWork(t *testing.T) {
	q, n, tree := newPool(t)
	crowd(t, q, n, tree)
	commit := asks(t, n, tree, 1)
	_, err := q.Add(commit)
	check(t, err)
	if _, err := q.Add(commit); !errors.Is(err, consensus.ErrKnown) {
		t.Errorf("the commitment again: got %v, want %v", err, consensus.ErrKnown)
	}
	if _, err := q.Add(asks(t, n, tree, 2)); !errors.Is(err, consensus.ErrNonceTaken) {
		t.Errorf("another commitment of the round: got %v, want %v", err, consensus.ErrNonceTaken)
	}
	chain := &wire.ExtendBeacon{Start: n.g.Params.Schedule.EpochStart(2), Anchor: protocol.Hash{1}}
	next, err := wire.NewTx(signer{secret("v0")}, n.g.ChainID(), 0, 0, chain)
	check(t, err)
	_, err = q.Add(wire.Encode(next))
	check(t, err)
	if q.Size() != consensus.MaxPoolTxs+2 {
		t.Errorf("%d wait, want all and two", q.Size())
	}

	check(t, tree.Set(ledger.AccountKey(secret("poor").Public()), wire.Encode(&ledger.Account{Balance: protocol.Unit})))
	if _, err := q.Add(transfer(t, n, "poor", 0, 1)); !errors.Is(err, consensus.ErrPoolFull) {
		t.Errorf("who pays no more than they: got %v, want %v", err, consensus.ErrPoolFull)
	}
	best := offered(t, n, "rich", 0, 2*n.fee(1))
	_, err = q.Add(best)
	check(t, err)
	if q.Size() != consensus.MaxPoolTxs+2 {
		t.Errorf("%d wait, want one less for one more", q.Size())
	}
	all := q.Candidates()
	var weight uint64
	for _, raw := range all {
		w, err := ledger.TxWeight(raw, n.g.ChainID())
		check(t, err)
		weight += w
	}
	if got := all[2]; !slices.Equal(got, best) || weight > 3*n.g.Params.Block.MaxWeight {
		t.Errorf("the candidates weigh %d, and who pays most does not come behind the lanes", weight)
	}
}

// BenchmarkRecheck is what Commit waits for after a block, while 4,096
// transactions of as many accounts and 4,096 commitments wait, over a tree of
// 4,096 seats.
func BenchmarkRecheck(b *testing.B) {
	q, n, tree := newPool(b)
	crowd(b, q, n, tree)
	for i := range 4096 {
		uid := protocol.UID(10 + i)
		who := fmt.Sprintf("seat %d", i)
		id := protocol.SeatID{UID: uid}
		check(b, tree.Set(ledger.SeatKey(uid), wire.Encode(ledger.Seat{ID: id, Hotkey: secret(who).Public(), Coldkey: secret("rich").Public()})))
		check(b, tree.Set(ledger.HotkeyKey(secret(who).Public()), wire.Encode(uid)))
		check(b, tree.Set(ledger.RosterSeatKey(0, uid), wire.Encode(ledger.RosterSeat{
			ID: id, Hotkey: secret(who).Public(), Asked: []task.Asked{{Kind: n.g.Params.Kinds[0].Name, Slots: 1}},
		})))
		if i == 0 {
			check(b, tree.Set(ledger.RoundKey(0), wire.Encode(ledger.RoundRecord{TaskSeed: protocol.Hash{1}})))
		}
		tx, err := wire.NewTx(signer{secret(who)}, n.g.ChainID(), 0, 0, &wire.Commit{Round: 0, Root: protocol.Hash{1}})
		check(b, err)
		_, err = q.Add(wire.Encode(tx))
		check(b, err)
	}
	var times []time.Duration
	for b.Loop() {
		begin := time.Now()
		q.Recheck()
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}
