package proof_test

import (
	"bytes"
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/cmd/internal/proof"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/audit/audittest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// node gives what a parade paid and weighed.
type node struct {
	history.Node
	schedule protocol.Schedule
	records  []*audit.Record
	weights  map[protocol.Epoch][]ledger.Weights
}

func newNode(tb testing.TB, n *audittest.Parade) *node {
	tb.Helper()
	out := &node{schedule: n.Genesis.Params.Schedule, records: n.Records, weights: map[protocol.Epoch][]ledger.Weights{}}
	tree := &ledger.MemTree{}
	r := audit.Replay{Genesis: n.Genesis, All: true, Believe: true, Threads: 1, Tree: tree, Block: func(b *audit.Record, _ *ledger.Result) {
		if e := out.schedule.EpochOf(b.Height); out.schedule.IsEpochEnd(b.Height) && e > 0 {
			rows, err := ledger.ReadWeightRows(tree, e-1)
			if err != nil {
				tb.Error(err)
			}
			out.weights[e-1] = rows
		}
	}}
	if _, err := r.Run(tb.Context(), n.Source()); err != nil {
		tb.Fatal(err)
	}
	return out
}

func (n *node) outcome(e protocol.Epoch) *audit.Outcome {
	return n.records[n.schedule.EpochEnd(e)-1].Outcome
}

func (n *node) Epoch(_ context.Context, e protocol.Epoch) (*api.Epoch, error) {
	rec := &n.outcome(e).Epoch
	return &api.Epoch{Miners: rec.Miners, Validators: rec.Validators}, nil
}

func (n *node) Payments(_ context.Context, e protocol.Epoch, yield func(*api.Emission) error) error {
	o := n.outcome(e)
	for i := range o.Payments {
		p := &o.Payments[i]
		err := yield(&api.Emission{
			Epoch: e, Height: o.Epoch.Height, Time: n.at(o.Epoch.Height), Holder: api.Holder{UID: p.Seat.UID, Registered: p.Seat.Registered, Hotkey: p.Hotkey, Coldkey: p.Coldkey},
			Incentive: p.Incentive, Dividend: p.Dividend, Miner: p.Miner, Validator: p.Validator, Total: p.Miner + p.Validator, Drawn: p.Drawn, Fulfilled: p.Fulfilled,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *node) Weights(_ context.Context, e protocol.Epoch, yield func(*api.Weight) error) error {
	for _, w := range n.weights[e] {
		for i, uid := range w.UIDs {
			if err := yield(&api.Weight{Epoch: e, Height: w.Height, Time: n.at(w.Height), Validator: w.Seat.UID, UID: uid, Value: w.Values[i]}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *node) at(h protocol.Height) time.Time { return time.Unix(0, n.records[h-1].Time) }

// exported writes payments and weights of all epochs that are final.
func exported(tb testing.TB, n *audittest.Parade, dir string) (rows int64) {
	tb.Helper()
	from := newNode(tb, n)
	chain := protocol.ShortChainID(n.Genesis.ChainID())
	last := from.schedule.EpochOf(protocol.Height(len(n.Records))) - 1
	all := history.Tables()
	for i := range all[:2] {
		s, err := all[i].Write(tb.Context(), export.Config{Dir: dir, ChainID: chain, To: last}, from)
		if err != nil {
			tb.Fatal(err)
		}
		rows += s.Written
	}
	if err := history.WriteManifest(dir, &history.Manifest{ChainID: chain}); err != nil {
		tb.Fatal(err)
	}
	return rows
}

// BenchmarkProof is `assay export --verify --audit` of the payments and weights of
// twenty epochs of 256 seats, of which 64 validate and weigh all others: all blocks
// from the genesis, with each signature, and each row in both forms. States has the
// hash of the state after each block, as the command does; rows believes signatures
// and has no hashes, so that more of its time is the rows'.
func BenchmarkProof(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(audit.GCPercent)) // as the command does
	n := audittest.New(b, 256, 64, 20)
	file := n.File(b)
	dir := b.TempDir()
	rows := exported(b, n, dir)
	for _, c := range []struct {
		name   string
		states bool
	}{{"states", true}, {"rows", false}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				src, err := audit.NewReader(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				cfg := proof.Config{Dir: dir, Tables: []string{"payments", "weights"}, Replay: audit.Replay{Genesis: src.Genesis(), Threads: runtime.GOMAXPROCS(0), Believe: !c.states, Tree: &ledger.MemTree{}}}
				if c.states {
					db, err := store.Open(b.TempDir(), store.Options{Logger: zerolog.Nop()})
					if err != nil {
						b.Fatal(err)
					}
					tree, err := state.Open(db.Space("state"))
					if err != nil {
						b.Fatal(err)
					}
					cfg.Replay.Tree = tree
					cfg.Replay.Root = func() (protocol.Hash, error) {
						_, _, err := tree.Commit()
						return protocol.Hash{}, err // a parade has no hashes
					}
					defer func() { _ = db.Close() }()
				}
				r, err := proof.Run(b.Context(), cfg, src)
				if err != nil || len(r.Wrong) > 0 {
					b.Fatalf("got %+v, %v", r, err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(rows)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(b.N)*float64(len(n.Records))/b.Elapsed().Seconds(), "blocks/s")
		})
	}
}
