package ledger_test

import (
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

// hostile is how many transactions an attacker has wait.
const hostile = 4096

// BenchmarkHostileBlock is what a validator does for one block while 4,096 hostile
// transactions of one type wait, over the Merkle tree: it chooses, checks, and
// carries out. Their signatures were looked at when they came. Against it stands
// the block that is empty.
func BenchmarkHostileBlock(b *testing.B) {
	for _, seats := range []int{64, 4096} {
		n := largeNetwork(b, seats, 16)
		kinds := map[string]func(i uint64) wire.Body{
			"quiet": nil,
			"failing seats": func(i uint64) wire.Body {
				return n.register("rich cold", fmt.Sprint("new", i), 1<<62)
			},
			"transfers": func(uint64) wire.Body { return &wire.Transfer{To: secret("m1 cold").Public(), Amount: 1} },
		}
		for name, body := range kinds {
			b.Run(fmt.Sprintf("%s/%d", name, seats), func(b *testing.B) { benchmarkHostile(b, n, body) })
		}
	}
}

func benchmarkHostile(b *testing.B, n *network, body func(uint64) wire.Body) {
	st, err := state.Open(storetest.Open(b, storetest.Memory(), b.Name()).Space("state"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := ledger.Begin(st, n.g); err != nil { // more validators than its windows allow for
		b.Fatal(err)
	}
	if _, _, err := st.Commit(); err != nil {
		b.Fatal(err)
	}
	known := wire.NewVerified(4 * hostile)
	var pool [][]byte
	for i := uint64(0); body != nil && i < hostile; i++ {
		raw := n.txAt("rich cold", i, body(i))
		tx, _, err := wire.ReadTx(raw, n.chain)
		if err != nil {
			b.Fatal(err)
		}
		known.Add(tx.Hash())
		pool = append(pool, raw)
	}
	txs := 0
	for b.Loop() {
		chosen := ledger.SelectTxs(st.Latest(), n.chain, n.p, &ledger.Selection{Candidates: pool, MaxBytes: int(n.p.Block.MaxBytes), Verified: known})
		block := n.draft(chosen...)
		block.Verified = known
		if err := ledger.CheckBlock(st.Latest(), n.chain, n.p, block); err != nil {
			b.Fatal(err)
		}
		if _, err := ledger.Apply(st, n.chain, n.p, block); err != nil {
			b.Fatal(err)
		}
		_ = st.WorkingHash()
		st.Rollback()
		txs = len(chosen)
	}
	b.ReportMetric(float64(txs), "txs")
}
