package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// constants are those of both networks: blocks as fast as four validators on two
// cores make them without waiting for each other, and no limit of weight but that
// of bytes, for the other network has none.
func constants() params.Params {
	p := params.Local()
	p.Name = "assay-bench"
	p.Block.CommitMillis, p.Block.ProposeMillis, p.Block.VoteMillis = 500, 2000, 500
	p.Block.MaxWeight = 1 << 30
	p.Seats.MaxValidators = members
	p.Verdicts = params.Verdicts{} // nothing is judged
	return p
}

// block is one block as the first node has it.
type block struct {
	height int64
	at     time.Time // when it was carried out there
	header time.Time
	txs    [][]byte
}

// side is one of the two networks.
type side interface {
	// send hands a transaction to a node: the i-th, counted round and round.
	send(ctx context.Context, i int, raw []byte) error
	blocks() <-chan block
}

// purse makes transfers of many accounts, each in the order of its nonces.
type purse struct {
	chain string
	fees  *params.Fees
	keys  []*keystore.Key
	n     int
}

// senders are as many accounts as fill a pool with a transfer each.
const senders = 4096

func newPurse() (*purse, []ledger.GenesisAccount, error) {
	p := &purse{}
	var accounts []ledger.GenesisAccount
	for i := range senders {
		seed := [32]byte{1, byte(i >> 8), byte(i)}
		private, err := key.FromSeed(seed[:], "purse")
		if err != nil {
			return nil, nil, err
		}
		k, err := keystore.FromPrivate(keystore.Coldkey, private)
		if err != nil {
			return nil, nil, err
		}
		p.keys = append(p.keys, k)
		accounts = append(accounts, ledger.GenesisAccount{Key: k.PublicKey(), Balance: 1000 * protocol.Unit})
	}
	return p, accounts, nil
}

// next signs the next transfer.
func (p *purse) next() (raw []byte, sender int, err error) {
	sender = p.n % senders
	tx, err := ledger.NewTx(p.keys[sender], p.chain, p.fees, uint64(p.n/senders), &wire.Transfer{To: p.keys[(p.n+1)%senders].PublicKey(), Amount: 1})
	if err != nil {
		return nil, 0, err
	}
	p.n++
	return wire.Encode(tx), sender, nil
}

// Figures of one network in one turn.
type figures struct {
	Quiet    time.Duration `json:"quiet_interval_ns"` // mean, while nothing waits
	Loaded   time.Duration `json:"loaded_interval_ns"`
	Finality time.Duration `json:"finality_ns"` // median, under the same load
	Rate     float64       `json:"transfers_a_second"`
}

// How long each part of a turn lasts, and how many transfers a second the load is.
const (
	quietBlocks = 12
	loadedFor   = 8 * time.Second
	loadedRate  = 100
	fullFor     = 10 * time.Second
)

var errNoBlock = errors.New("no block came within half a minute")

// await returns the next block.
func await(s side) (block, error) {
	select {
	case b := <-s.blocks():
		return b, nil
	case <-time.After(30 * time.Second):
		return block{}, errNoBlock
	}
}

// measure takes all figures of one network.
func measure(ctx context.Context, s side, p *purse, profile string) (*figures, error) {
	f := &figures{}
	var first, last block
	for i := range 4 + quietBlocks { // the first ones find the others
		b, err := await(s)
		if err != nil {
			return nil, err
		}
		if i == 3 {
			first = b
		}
		last = b
	}
	f.Quiet = last.at.Sub(first.at) / time.Duration(last.height-first.height)
	if err := f.load(ctx, s, p); err != nil {
		return nil, err
	}
	if profile == "" {
		return f, f.fill(ctx, s, p)
	}
	out, err := os.Create(profile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	return f, f.fill(ctx, s, p)
}

// load sends some transfers a second, and measures until when they are in a block.
func (f *figures) load(ctx context.Context, s side, p *purse) error {
	sent := map[string]time.Time{}
	var mu sync.Mutex
	var sending error
	var g sync.WaitGroup
	g.Go(func() {
		tick := time.NewTicker(time.Second / loadedRate)
		defer tick.Stop()
		for begin := time.Now(); time.Since(begin) < loadedFor; <-tick.C {
			raw, sender, err := p.next()
			if err == nil {
				mu.Lock()
				sent[string(raw)] = time.Now()
				mu.Unlock()
				err = s.send(ctx, sender, raw)
			}
			if err != nil {
				sending = fmt.Errorf("transfer %d: %w", p.n, err)
				return
			}
		}
	})
	var took []time.Duration
	var first, last block
	for begin := time.Now(); time.Since(begin) < loadedFor; {
		b, err := await(s)
		if err != nil {
			return err
		}
		if first.height == 0 {
			first = b
		}
		last = b
		mu.Lock()
		for _, raw := range b.txs {
			if at, ok := sent[string(raw)]; ok {
				took = append(took, b.at.Sub(at))
			}
		}
		mu.Unlock()
	}
	g.Wait()
	if sending != nil || len(took) == 0 {
		return errors.Join(sending, errNoBlock)
	}
	f.Loaded = last.at.Sub(first.at) / time.Duration(last.height-first.height)
	slices.Sort(took)
	f.Finality = took[len(took)/2]
	return nil
}

// fill sends transfers as fast as they are taken, and counts what blocks have.
func (f *figures) fill(ctx context.Context, s side, p *purse) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var g sync.WaitGroup
	defer g.Wait()
	defer stop()
	g.Go(func() {
		for ctx.Err() == nil {
			raw, sender, err := p.next()
			for err == nil && ctx.Err() == nil && s.send(ctx, sender, raw) != nil {
				time.Sleep(10 * time.Millisecond) // it is full: the same again
			}
		}
	})
	var first, last block
	count := 0
	for begin := time.Now(); time.Since(begin) < fullFor; {
		b, err := await(s)
		if err != nil {
			return err
		}
		if first.height == 0 {
			if len(b.txs) > 0 {
				first = b
			}
			continue
		}
		last = b
		count += len(b.txs)
	}
	f.Rate = float64(count) / last.at.Sub(first.at).Seconds()
	return nil
}
