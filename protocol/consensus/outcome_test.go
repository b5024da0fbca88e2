package consensus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cometbft/cometbft/crypto/merkle"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// atBlock is the block of a made-up chain that has transactions.
const atBlock = 30

// traded is a made-up chain whose block 30 has a transfer that was carried out and
// one that was refused.
func traded(t testing.TB, n *network) (f *fakeChain, c *contents, good, bad *wire.Tx) {
	t.Helper()
	transfer := func(nonce uint64) *wire.Tx {
		tx, err := ledger.NewTx(signer{secret("rich")}, n.g.ChainID(), &n.g.Params.Fees, nonce, &wire.Transfer{To: secret("poor").Public(), Amount: 5})
		check(t, err)
		return tx
	}
	good, bad = transfer(0), transfer(1)
	c = &contents{
		txs:   types.Txs{[]byte("head"), wire.Encode(good), wire.Encode(bad)},
		codes: []uint32{0, 0, 1},
	}
	return newFullChain(t, n.g, 60, 99, "", everybody, map[int]*contents{atBlock: c}), c, good, bad
}

// prove is what an honest provider says of a transaction.
func (c *contents) prove(t testing.TB, i int) []consensus.Proven {
	t.Helper()
	result, err := c.results()[i].Marshal()
	check(t, err)
	hash := wire.TxHash(c.txs[i])
	return []consensus.Proven{
		{Key: hash[:], Value: c.txs[i], Proof: encodedProof(t, c.txs.Proof(i).Proof)},
		{Value: result, Proof: encodedProof(t, c.results().ProveResult(i))},
	}
}

func encodedProof(t testing.TB, p merkle.Proof) []byte {
	t.Helper()
	b, err := p.ToProto().Marshal()
	check(t, err)
	return b
}

// teller tells of one block, whatever it is asked.
func (f *fakeChain) teller(t testing.TB, name string, h protocol.Height, items []consensus.Proven) consensus.Provider {
	p := f.provider(t, name, 60).(fakeProvider)
	p.tx = func(protocol.Hash) (protocol.Height, []consensus.Proven, error) { return h, items, nil }
	return p
}

func TestWhatABlockDidWithATransactionIsProven(t *testing.T) {
	n := bubbleNetwork(t)
	f, c, good, bad := traded(t, n)
	synctest.Test(t, func(t *testing.T) {
		for i, want := range []consensus.Outcome{{}, {Height: atBlock, Tx: good, OK: true}, {Height: atBlock, Tx: bad}} {
			if i == 0 { // the head
				continue
			}
			l := newLight(t, n, nil, nil, f.teller(t, "knows none", 0, nil), f.teller(t, "a", atBlock, c.prove(t, i)))
			_, err := l.Latest(t.Context())
			check(t, err)
			for range 2 { // whoever is asked first
				got, err := l.Outcome(t.Context(), want.Tx.Hash())
				check(t, err)
				if got.Height != want.Height || got.OK != want.OK || !bytes.Equal(wire.Encode(got.Tx), wire.Encode(want.Tx)) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		}
	})
}

// lies about the refused transfer, by what they are.
func lies(t testing.TB, c *contents) map[string][]consensus.Proven {
	t.Helper()
	good, bad := c.prove(t, 1), c.prove(t, 2)
	result := func(p consensus.Proven) []consensus.Proven { return []consensus.Proven{bad[0], p} }
	moved := func(change func(p *merkle.Proof)) []consensus.Proven {
		of, place := c.results().ProveResult(2), c.txs.Proof(2).Proof
		change(&of)
		change(&place)
		return []consensus.Proven{{Key: bad[0].Key, Value: bad[0].Value, Proof: encodedProof(t, place)}, {Value: bad[1].Value, Proof: encodedProof(t, of)}}
	}
	long := func(n int) []byte { return make([]byte, n) }
	return map[string][]consensus.Proven{
		"the result of another":      result(good[1]),
		"another result":             result(consensus.Proven{Value: good[1].Value, Proof: bad[1].Proof}),
		"a result with more to it":   result(consensus.Proven{Value: append(bytes.Clone(bad[1].Value), 0x28, 1), Proof: bad[1].Proof}),
		"a result of too many bytes": result(consensus.Proven{Value: long(1 << 20), Proof: bad[1].Proof}),
		"a proof of too many bytes":  result(consensus.Proven{Value: bad[1].Value, Proof: long(1 << 20)}),
		"a proof that is none":       result(consensus.Proven{Value: bad[1].Value, Proof: []byte("nonsense")}),
		"no proof":                   result(consensus.Proven{Value: bad[1].Value}),
		"a key too much":             result(consensus.Proven{Key: []byte("k"), Value: bad[1].Value, Proof: bad[1].Proof}),
		"another transaction":        good,
		"another under its hash":     {{Key: bad[0].Key, Value: good[0].Value, Proof: good[0].Proof}, good[1]},
		"a transaction too long":     {{Key: bad[0].Key, Value: long(1 << 20), Proof: bad[0].Proof}, bad[1]},
		"a changed transaction":      {{Key: bad[0].Key, Value: append(bytes.Clone(bad[0].Value), 0), Proof: bad[0].Proof}, bad[1]},
		"no result":                  bad[:1],
		"one value too much":         append(bad[:2:2], bad[1]),
		"another place":              moved(func(p *merkle.Proof) { p.Index-- }),
		"a place that is none":       moved(func(p *merkle.Proof) { p.Index = p.Total }),
		"one of none":                moved(func(p *merkle.Proof) { p.Index, p.Total = 0, 0 }),
		"one of very many":           moved(func(p *merkle.Proof) { p.Total = 1 << 62 }),
	}
}

func TestNobodyThatLiesIsBelievedAnOutcome(t *testing.T) {
	n := bubbleNetwork(t)
	f, c, _, bad := traded(t, n)
	all := lies(t, c)
	ask := func(t *testing.T, providers ...consensus.Provider) (consensus.Outcome, error) {
		l := newLight(t, n, nil, nil, providers...)
		_, err := l.Latest(t.Context())
		check(t, err)
		return l.Outcome(t.Context(), bad.Hash())
	}
	for what, items := range all {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got, err := ask(t, f.teller(t, "liar", atBlock, items)); !errors.Is(err, consensus.ErrLie) {
					t.Errorf("alone: got %+v, %v, want %v", got, err, consensus.ErrLie)
				}
				honest := f.teller(t, "honest", atBlock, c.prove(t, 2))
				if got, err := ask(t, honest, f.teller(t, "liar", atBlock, items)); err != nil || got.Height != atBlock || got.OK {
					t.Errorf("beside an honest one: got %+v, %v", got, err)
				}
			})
		})
	}
	for what, tc := range map[string]struct {
		h     protocol.Height
		items []consensus.Proven
		want  error
	}{
		"another header":          {atBlock + 1, c.prove(t, 2), consensus.ErrLie},
		"a far block":             {1 << 63, c.prove(t, 2), consensus.ErrLie},
		"a block yet to come":     {60, c.prove(t, 2), consensus.ErrTxWaits},
		"that it waits":           {0, []consensus.Proven{{}}, consensus.ErrTxWaits},
		"that it is in no block":  {0, nil, consensus.ErrNoBlock},
		"a block without anybody": {atBlock, nil, consensus.ErrLie},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got, err := ask(t, f.teller(t, "p", tc.h, tc.items)); !errors.Is(err, tc.want) {
					t.Errorf("got %+v, %v, want %v", got, err, tc.want)
				}
			})
		})
	}
}

// Who names a block that nothing leads to, or that nobody keeps, has not answered:
// the others are asked.
func TestWhoNamesAnOldBlockEndsNoQuestion(t *testing.T) {
	n := bubbleNetwork(t)
	f, c, _, bad := traded(t, n)
	pruned := func(t *testing.T, name string, h protocol.Height) consensus.Provider {
		p := f.teller(t, name, h, c.prove(t, 2)).(fakeProvider)
		of := p.block
		p.block = func(h protocol.Height) ([]byte, error) {
			if h > 0 && h < 10 {
				return nil, consensus.ErrNoBlock
			}
			return of(h)
		}
		return p
	}
	synctest.Test(t, func(t *testing.T) {
		reader := func(providers ...consensus.Provider) *consensus.Light {
			l := newLight(t, n, nil, func(c *consensus.LightConfig) {
				c.Trust = protocol.Checkpoint{Height: 50, Hash: protocol.Hash(f.blocks[49].Hash())}
				c.TrustPeriod = 3555 * time.Second // blocks up to 45 are older
			}, providers...)
			_, err := l.Latest(t.Context())
			check(t, err)
			return l
		}
		if got, err := reader(pruned(t, "liar", 3)).Outcome(t.Context(), bad.Hash()); !errors.Is(err, consensus.ErrNoBlock) || errors.Is(err, consensus.ErrExpired) {
			t.Errorf("alone: got %+v, %v, want %v", got, err, consensus.ErrNoBlock)
		}
		l := reader(pruned(t, "liar", 3), pruned(t, "liar 2", 4), pruned(t, "honest", atBlock))
		for range 3 { // whoever is asked first
			if got, err := l.Outcome(t.Context(), bad.Hash()); err != nil || got.Height != atBlock || got.OK {
				t.Errorf("beside an honest one: got %+v, %v", got, err)
			}
		}
	})
}

// Blocks are fetched for nobody who names one that nobody remembers.
func TestWhoNamesAVeryOldBlockCostsNothing(t *testing.T) {
	n := bubbleNetwork(t)
	f, c, _, bad := traded(t, n)
	long := newFakeChain(t, n.g, 3*consensus.ResultBlocks, 999, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		p := long.provider(t, "liar", len(long.blocks)).(fakeProvider)
		p.tx = f.teller(t, "", atBlock, c.prove(t, 2)).(fakeProvider).tx
		l := newLight(t, n, nil, nil, p)
		_, err := l.Latest(t.Context())
		check(t, err)
		before := long.asked.Load()
		if got, err := l.Outcome(t.Context(), bad.Hash()); !errors.Is(err, consensus.ErrNoBlock) {
			t.Errorf("got %+v, %v, want %v", got, err, consensus.ErrNoBlock)
		}
		if asked := long.asked.Load() - before; asked != 0 {
			t.Errorf("asked for %d blocks", asked)
		}
	})
}

// Who sent a transaction does not wait for old times that others want to see.
func TestAnOutcomeWaitsForNoTimes(t *testing.T) {
	n := bubbleNetwork(t)
	f, c, _, bad := traded(t, n)
	synctest.Test(t, func(t *testing.T) {
		p := f.long(t, "a", 60).(fakeProvider)
		p.tx = f.teller(t, "", atBlock, c.prove(t, 2)).(fakeProvider).tx
		l := newLight(t, n, nil, nil, p)
		_, err := l.Latest(t.Context())
		check(t, err)
		var wg sync.WaitGroup
		for h := protocol.Height(2); h < 50; h++ {
			wg.Go(func() { _, _ = l.TimeOf(t.Context(), h) })
		}
		synctest.Wait() // all have asked, or wait
		begin := time.Now()
		got, err := l.Outcome(t.Context(), bad.Hash())
		if took := time.Since(begin); err != nil || got.Height != atBlock || took != 0 {
			t.Errorf("got %+v, %v, after %s", got, err, took)
		}
		wg.Wait()
	})
}

// That it waits is a hint: others are asked, and it counts while more say so than
// know nothing of it.
func TestThatATransactionWaitsIsAHint(t *testing.T) {
	n := bubbleNetwork(t)
	f, c, _, bad := traded(t, n)
	waits, none, has, busy := 'w', 'n', 'h', 'b'
	for said, want := range map[string]error{
		"w": consensus.ErrTxWaits, "n": consensus.ErrNoBlock, "wn": consensus.ErrNoBlock, "nw": consensus.ErrNoBlock,
		"wwn": consensus.ErrTxWaits, "wnn": consensus.ErrNoBlock, "wwh": nil, "hw": nil, "wnh": nil,
		"b": consensus.ErrBusy, "bn": consensus.ErrBusy, "bnn": consensus.ErrNoBlock, "bw": consensus.ErrTxWaits, "bbh": nil,
	} {
		t.Run(said, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var all []consensus.Provider
				for i, what := range said {
					name := string(rune('a' + i))
					switch what {
					case waits:
						all = append(all, f.teller(t, name, 0, []consensus.Proven{{}}))
					case none:
						all = append(all, f.teller(t, name, 0, nil))
					case busy:
						p := f.provider(t, name, 60).(fakeProvider)
						p.tx = func(protocol.Hash) (protocol.Height, []consensus.Proven, error) { return 0, nil, consensus.ErrTxBusy }
						all = append(all, p)
					case has:
						all = append(all, f.teller(t, name, atBlock, c.prove(t, 2)))
					}
				}
				l := newLight(t, n, nil, nil, all...)
				_, err := l.Latest(t.Context())
				check(t, err)
				for range said { // whoever is asked first
					if got, err := l.Outcome(t.Context(), bad.Hash()); !errors.Is(err, want) || want == nil && got.Height != atBlock {
						t.Errorf("got %+v, %v, want %v", got, err, want)
					}
				}
			})
		})
	}
}

// Strangers ask for what they like: the newest blocks are read once each, and few
// of the others.
func TestOldTransactionsAreProvenSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := map[protocol.Height]int{}
		p := consensus.NewProver(func(h protocol.Height) { reads[h]++ })
		const newest = 100
		ask := func(h protocol.Height) error { return p.Of(t.Context(), h, newest) }
		var busy int
		for range 50 {
			for h := protocol.Height(1); h <= newest; h++ {
				switch err := ask(h); {
				case errors.Is(err, consensus.ErrTxBusy) && h <= newest-4:
					busy++
				case err != nil:
					t.Fatalf("block %d: %v", h, err)
				}
			}
		}
		old := 0
		for h, n := range reads {
			if h > newest-4 && n != 1 {
				t.Errorf("block %d was read %d times", h, n)
			} else if h <= newest-4 {
				old += n
			}
		}
		// The last that was read is ready in the 49 rounds that follow.
		if old != consensus.OldBurst || busy != 50*96-old-49 {
			t.Errorf("%d old blocks were read at once, %d not", old, busy)
		}
		time.Sleep(time.Second)
		for range 3 { // one after the other of the same block
			check(t, ask(7))
		}
		if reads[7] != 2 { // once above, and once now
			t.Errorf("block 7 was read %d times", reads[7])
		}
	})
}

// Blocks are held ready as far as their proofs fit, whoever asks for which; what
// found no room is read as seldom as an old block.
func TestProofsOfTransactionsTakeBoundedMemory(t *testing.T) {
	for _, tc := range []struct{ size, ready, reads int }{
		{consensus.MaxProofBytes / 8, 5, 4},                      // all fit
		{consensus.MaxProofBytes / 2, 2, 4 + consensus.OldBurst}, // two do
		{consensus.MaxProofBytes + 1, 0, 4 + consensus.OldBurst}, // none does
	} {
		synctest.Test(t, func(t *testing.T) {
			reads := 0
			p := consensus.NewLongProver(tc.size, func(protocol.Height) { reads++ })
			for n := range 40 {
				err := p.Of(t.Context(), protocol.Height(97+n%4), 100)
				if err != nil && !errors.Is(err, consensus.ErrTxBusy) {
					t.Fatal(err)
				}
				if blocks, bytes := p.Held(); bytes > consensus.MaxProofBytes {
					t.Fatalf("%d blocks of %d bytes are held", blocks, bytes)
				}
			}
			if reads != tc.reads {
				t.Errorf("blocks of %d bytes: %d were read, want %d", tc.size, reads, tc.reads)
			}
			time.Sleep(10 * time.Second)
			check(t, p.Of(t.Context(), 7, 100))
			check(t, p.Of(t.Context(), 100, 100))
			if blocks, bytes := p.Held(); blocks != tc.ready || bytes > consensus.MaxProofBytes {
				t.Errorf("blocks of %d bytes: %d are ready, %d bytes, want %d", tc.size, blocks, bytes, tc.ready)
			}
		})
	}
}

// What is counted of a full block is what it takes.
func TestTheMemoryOfProofsIsCounted(t *testing.T) {
	const short, full = 150, 4 << 20
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	var txs types.Txs
	for i := range full / short {
		tx := make([]byte, short)
		binary.BigEndian.PutUint32(tx, uint32(i))
		txs = append(txs, tx)
	}
	held, counted, err := consensus.Prove(txs, make([]uint32, len(txs)-1))
	check(t, err)
	taken := heap() - before
	runtime.KeepAlive(held)
	t.Logf("%d transactions: %.1f MiB counted, %.1f MiB taken", len(txs), float64(counted)/(1<<20), float64(taken)/(1<<20))
	if 10*counted < 9*taken || 10*taken < 7*counted || counted > consensus.MaxProofBytes {
		t.Errorf("%d bytes are counted, and %d taken", counted, taken)
	}
}

// outcomes: a reader proves what blocks of the network did with two transfers.
func outcomes(t *testing.T, n *network, good *wire.Tx) {
	l := newLight(t, n, nil, nil, n.remotes()...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, tx := range []*wire.Tx{good, refusedOne(ctx, t, n)} {
		want, h, ok := n.nodes[0].TxResult(tx.Hash())
		if !ok || (want.Err == nil) != (tx == good) {
			t.Fatalf("transfer %d: got %+v, %t", tx.Nonce, want, ok)
		}
		_, err := l.WaitNext(ctx, h-1) // the block after h is there
		check(t, err)
		got, err := l.Outcome(ctx, tx.Hash())
		for err != nil && ctx.Err() == nil { // a validator may be slow
			got, err = l.Outcome(ctx, tx.Hash())
		}
		check(t, err)
		if got.OK != (tx == good) || got.Height != h || got.Tx.Hash() != tx.Hash() {
			t.Errorf("got %+v, want %+v in block %d", got, want, h)
		}
	}
	p := consensus.Remote("p", n.nodes[0].Serve)
	if h, items, err := p.Outcome(ctx, protocol.Hash{1}); err != nil || h != 0 || len(items) != 0 {
		t.Errorf("an unknown one: got block %d, %d values, %v", h, len(items), err)
	}
}

// refusedOne returns a transfer that a block refused: the one before it, in the
// same block, left too little. Where a proposer had no time for both, the second is
// in none, and it is done again.
func refusedOne(ctx context.Context, t *testing.T, n *network) *wire.Tx {
	t.Helper()
	for ctx.Err() == nil {
		r, h := n.nodes[0].Latest()
		acc, _, err := ledger.ReadAccount(r, secret("rich").Public())
		check(t, err)
		var pair [2]*wire.Tx
		for i, amount := range []protocol.Amount{protocol.Unit, acc.Balance - protocol.Unit/2} {
			pair[i], err = ledger.NewTx(signer{secret("rich")}, n.g.ChainID(), &n.g.Params.Fees, acc.Nonce+uint64(i), &wire.Transfer{To: secret("poor").Public(), Amount: amount})
			check(t, err)
		}
		for _, tx := range []*wire.Tx{pair[1], pair[0]} { // the second waits for the first
			for _, r := range n.nodes {
				_ = r.Submit(wire.Encode(tx)) // its nonce may be used meanwhile
			}
		}
		for waits := true; waits && ctx.Err() == nil; {
			if _, _, ok := n.nodes[0].TxResult(pair[1].Hash()); ok {
				return pair[1]
			}
			s, ok := n.nodes[0].Pool().Standing(pair[1].Hash())
			waits = ok && s.Dropped == nil
			h = n.nodes[0].await(t, h+1).Height
		}
	}
	t.Fatal("no block refused a transfer")
	return nil
}

func FuzzOutcomeIsRefusedWithoutHarm(f *testing.F) {
	n := oldNetwork(f)
	chain, c, _, bad := traded(f, n)
	for _, items := range lies(f, c) {
		if len(items) == 2 {
			f.Add(items[0].Value, items[0].Proof, items[1].Value, items[1].Proof)
		}
	}
	items := c.prove(f, 2)
	f.Add(items[0].Value, items[0].Proof, items[1].Value, items[1].Proof)
	hash := bad.Hash()
	f.Fuzz(func(t *testing.T, tx, place, result, of []byte) {
		given := []consensus.Proven{{Key: hash[:], Value: tx, Proof: place}, {Value: result, Proof: of}}
		got, ok, err := consensus.CheckOutcome(hash, n.g.ChainID(), given, chain.blocks[atBlock-1], chain.blocks[atBlock])
		switch {
		case err != nil && !errors.Is(err, consensus.ErrLie):
			t.Fatalf("got %v, want %v", err, consensus.ErrLie)
		case err == nil && (ok || got.Hash() != hash):
			t.Fatalf("believed %+v, %t", got, ok)
		}
	})
}
