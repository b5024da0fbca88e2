package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// parade is a network in which every validator weighs every miner in every epoch,
// and nothing else is done. One validator proposes all blocks.
type parade struct {
	genesis *ledger.Genesis
	chain   string
	links   *ledger.ChainMaker
	judges  []apitest.Signer
	list    []*audit.Record
}

// newParade makes the blocks of epochs 0 to last.
func newParade(tb testing.TB, seats, validators int, last protocol.Epoch) *parade {
	tb.Helper()
	p := params.Local()
	p.Seats.Max, p.Seats.MaxValidators = uint32(seats), uint32(validators)
	p.Schedule.OpenPlantsBlocks, p.Plants, p.Verdicts = 0, params.Plants{}, params.Verdicts{} // no room beside 64 lane windows
	if validators > 6 {                                                                       // the shortest that leaves 64 their lane windows
		p.Schedule = protocol.Schedule{
			Tempo: 40, RoundLength: 40, CommitBlocks: 1, OpenBlocks: 2, AttestBlocks: 3, SealCardsBlocks: 10, OpenCardsBlocks: 35, WeightBlocks: 36,
		}
		p.Seats.Unbonding = 2 * p.Schedule.Tempo
	}
	p.Seats.MaxSilence = max(p.Seats.MaxSilence, 2*uint64(validators), 2*p.Schedule.Tempo)
	n := &parade{genesis: &ledger.Genesis{Params: p}, links: ledger.NewChainMaker([32]byte{1}, 1)}
	anchor := n.links.Anchor()
	for i := range seats {
		name := fmt.Sprintf("seat-%d", i)
		s := ledger.GenesisSeat{Hotkey: apitest.Public(name), Coldkey: apitest.Public(name + "-cold")}
		if i < validators {
			n.judges = append(n.judges, apitest.Key(name))
			s.Stake, s.Beacon = protocol.Amount(1000+i)*protocol.Unit, &anchor
			s.Consensus = &ledger.Consensus{Key: apitest.Public(name + "-consensus"), TransportKey: wire.HashOf(name), Address: "127.0.0.1:26656"}
		} else {
			s.Collateral = p.Seats.Collateral
			s.Offers = []wire.Offer{{Kind: inference.Kind, Capacity: 1, Models: []protocol.ModelID{params.SmolLM2().ID}}}
		}
		n.genesis.Seats = append(n.genesis.Seats, s)
	}
	n.chain = n.genesis.ChainID()
	tree := &ledger.MemTree{}
	_, err := ledger.Init(tree, n.genesis)
	check(tb, err)
	for h := protocol.Height(1); h <= p.Schedule.EpochEnd(last); h++ {
		b := n.block(tb, h)
		res, err := ledger.Apply(tree, n.chain, &p, b)
		check(tb, err)
		for i := range res.Txs {
			check(tb, res.Txs[i].Err)
		}
		r, err := audit.RecordOf(b, p.Schedule, tree, protocol.Hash{})
		check(tb, err)
		n.list = append(n.list, r)
	}
	return n
}

// block seals the rows of an epoch in two blocks near its end, and opens those of
// the epoch before in the ones with even numbers.
func (n *parade) block(tb testing.TB, h protocol.Height) *ledger.Block {
	tb.Helper()
	link, ok := n.links.Link(h)
	if !ok {
		tb.Fatal("the chain of links has ended")
	}
	sched := &n.genesis.Params.Schedule
	proposer := n.genesis.Seats[0].Consensus.Key
	b := &ledger.Block{Height: h, Time: int64(h), Proposer: proposer, PrevEligible: []protocol.PublicKey{proposer}, Txs: [][]byte{wire.Encode(&wire.BlockHead{Link: link})}}
	for i := range n.judges {
		a := key.AddressOf(n.genesis.Seats[i].Consensus.Key)
		b.Votes = append(b.Votes, ledger.BlockVote{Address: ledger.ConsensusAddress(a), Power: uint64(i), Flag: ledger.VoteCommit})
	}
	e, at := sched.EpochOf(h), uint64(h-sched.EpochStart(sched.EpochOf(h)))
	add := func(judge int, body wire.Body) {
		tx, err := ledger.NewTx(n.judges[judge], n.chain, &n.genesis.Params.Fees, 0, body)
		check(tb, err)
		b.Txs = append(b.Txs, wire.Encode(tx))
	}
	for i := range n.judges {
		if at == sched.WeightBlocks+uint64(i%2) {
			row := n.row(e, i)
			add(i, &wire.CommitWeights{Epoch: e, Hash: row.Seal(n.judges[i].PublicKey())})
		}
		if e > 0 && at == uint64(i%8)*2 {
			add(i, n.row(e-1, i))
		}
	}
	return b
}

// row weighs all miners, no two alike, and otherwise in each epoch.
func (n *parade) row(e protocol.Epoch, judge int) *wire.RevealWeights {
	row := &wire.RevealWeights{Epoch: e, Salt: [32]byte{byte(e), byte(judge)}}
	for uid := len(n.judges); uid < len(n.genesis.Seats); uid++ {
		row.UIDs = append(row.UIDs, protocol.UID(uid))
		row.Values = append(row.Values, uint16(20_000+uid*61+(judge*7+int(e)*13)%997))
	}
	return row
}

// source gives the records again.
func (n *parade) source() audit.Source {
	i := 0
	return next(func() (*audit.Record, error) {
		if i == len(n.list) {
			return nil, io.EOF
		}
		i++
		return n.list[i-1], nil
	})
}

type next func() (*audit.Record, error)

func (f next) Next() (*audit.Record, error) { return f() }

func (n *parade) replay(tb testing.TB, last protocol.Epoch, change func(*audit.Replay)) *audit.Report {
	tb.Helper()
	p := audit.Replay{Genesis: n.genesis, To: last, Threads: runtime.GOMAXPROCS(0)}
	if change != nil {
		change(&p)
	}
	report, err := p.Run(tb.Context(), n.source())
	check(tb, err)
	if report.Difference != nil || report.Epochs == 0 || report.Paid == 0 {
		tb.Fatalf("got %+v, %v", report, report.Difference)
	}
	return report
}

// file writes the whole network into one file.
func (n *parade) file(tb testing.TB) []byte {
	tb.Helper()
	genesis, err := json.Marshal(n.genesis)
	check(tb, err)
	var file bytes.Buffer
	w, err := audit.NewWriter(&file, genesis)
	check(tb, err)
	for _, r := range n.list {
		check(tb, w.Add(r))
	}
	_, err = w.Close()
	check(tb, err)
	return file.Bytes()
}

// BenchmarkReplay does what `assay audit replay --file` does with forty epochs of
// 256 seats and 64 validators, of which each weighs all miners: it reads the file
// and checks its hash, looks at each signature or believes them, carries out forty
// blocks an epoch with the votes of all validators, computes what each epoch paid,
// and compares all payments. An epoch has 128 transactions, the seals and the rows
// of 64 validators; who answers and who judges is in no benchmark.
func BenchmarkReplay(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(audit.GCPercent)) // as the command does
	const last = 39
	n := newParade(b, 256, 64, last)
	file := n.file(b)
	for _, c := range []struct {
		name    string
		believe bool
	}{{"signatures", false}, {"believed", true}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				src, err := audit.NewReader(bytes.NewReader(file))
				check(b, err)
				p := audit.Replay{Genesis: src.Genesis(), To: last, Believe: c.believe, Threads: runtime.GOMAXPROCS(0)}
				report, err := p.Run(b.Context(), src)
				check(b, err)
				if report.Difference != nil || report.Epochs != last+1 || report.Paid == 0 {
					b.Fatalf("got %+v, %v", report, report.Difference)
				}
			}
			b.ReportMetric(float64(b.N)*(last+1)/b.Elapsed().Seconds(), "epochs/s")
		})
	}
}
