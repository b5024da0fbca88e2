// Package audittest makes the blocks of a network of any size, in which much is
// paid and nothing else is done, for tests and benchmarks of what carries blocks
// out again.
package audittest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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

// Parade is a network in which every validator weighs every miner in every epoch,
// and nothing else is done. One validator proposes all blocks.
type Parade struct {
	Genesis *ledger.Genesis
	Records []*audit.Record // by height, from block 1 on
	chain   string
	links   *ledger.ChainMaker
	judges  []apitest.Signer
}

// New makes the blocks of epochs 0 to last.
func New(tb testing.TB, seats, validators int, last protocol.Epoch) *Parade {
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
	n := &Parade{Genesis: &ledger.Genesis{Params: p}, links: ledger.NewChainMaker([32]byte{1}, 1)}
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
		n.Genesis.Seats = append(n.Genesis.Seats, s)
	}
	n.chain = n.Genesis.ChainID()
	tree := &ledger.MemTree{}
	_, err := ledger.Init(tree, n.Genesis)
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
		n.Records = append(n.Records, r)
	}
	return n
}

// block seals the rows of an epoch in two blocks near its end, and opens those of
// the epoch before in the ones with even numbers.
func (n *Parade) block(tb testing.TB, h protocol.Height) *ledger.Block {
	tb.Helper()
	link, ok := n.links.Link(h)
	if !ok {
		tb.Fatal("the chain of links has ended")
	}
	sched := &n.Genesis.Params.Schedule
	proposer := n.Genesis.Seats[0].Consensus.Key
	b := &ledger.Block{Height: h, Time: int64(h), Proposer: proposer, PrevEligible: []protocol.PublicKey{proposer}, Txs: [][]byte{wire.Encode(&wire.BlockHead{Link: link})}}
	for i := range n.judges {
		a := key.AddressOf(n.Genesis.Seats[i].Consensus.Key)
		b.Votes = append(b.Votes, ledger.BlockVote{Address: ledger.ConsensusAddress(a), Power: uint64(i), Flag: ledger.VoteCommit})
	}
	e, at := sched.EpochOf(h), uint64(h-sched.EpochStart(sched.EpochOf(h)))
	add := func(judge int, body wire.Body) {
		tx, err := ledger.NewTx(n.judges[judge], n.chain, &n.Genesis.Params.Fees, 0, body)
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
func (n *Parade) row(e protocol.Epoch, judge int) *wire.RevealWeights {
	row := &wire.RevealWeights{Epoch: e, Salt: [32]byte{byte(e), byte(judge)}}
	for uid := len(n.judges); uid < len(n.Genesis.Seats); uid++ {
		row.UIDs = append(row.UIDs, protocol.UID(uid))
		row.Values = append(row.Values, uint16(20_000+uid*61+(judge*7+int(e)*13)%997))
	}
	return row
}

// Source gives the records again.
func (n *Parade) Source() audit.Source {
	i := 0
	return next(func() (*audit.Record, error) {
		if i == len(n.Records) {
			return nil, io.EOF
		}
		i++
		return n.Records[i-1], nil
	})
}

type next func() (*audit.Record, error)

func (f next) Next() (*audit.Record, error) { return f() }

// File writes the whole network into one file.
func (n *Parade) File(tb testing.TB) []byte {
	tb.Helper()
	genesis, err := json.Marshal(n.Genesis)
	check(tb, err)
	var file bytes.Buffer
	w, err := audit.NewWriter(&file, genesis)
	check(tb, err)
	for _, r := range n.Records {
		check(tb, w.Add(r))
	}
	_, err = w.Close()
	check(tb, err)
	return file.Bytes()
}

// check ends a test that met a mistake of this package.
func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
