package ledger_test

import (
	"encoding/binary"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// flood has rich seal nonsense for two requests of price 1 and one deadline, as
// much as they take: 32,768 seals, which blocks need sixteen heights to forget.
func (n *network) flood(deadline protocol.Height) {
	n.tb.Helper()
	owner := secret("rich cold").Public()
	number := uint64(0)
	for i := range 2 {
		asked := &wire.Request{Specification: "{}", Count: uint32(i + 1), Price: 1, Maximum: 1, Deadline: deadline}
		if err := n.do("rich cold", asked); err != nil {
			n.tb.Fatal(err)
		}
		id := ledger.RequestID(owner, n.height, asked)
		var txs [][]byte
		for nonce, last := n.nonce(owner), n.nonce(owner)+64; nonce < last; nonce++ {
			b := &wire.SealRecords{Request: id}
			for range wire.MaxSeals {
				number++
				var seal protocol.Hash
				binary.BigEndian.PutUint64(seal[:], number)
				b.Seals = append(b.Seals, seal)
			}
			txs = append(txs, n.txAt("rich cold", nonce, b))
		}
		for len(txs) > 0 {
			some := min(18, len(txs))
			for _, r := range n.block(txs[:some]...).Txs {
				if r.Err != nil {
					n.tb.Fatal(r.Err)
				}
			}
			txs = txs[some:]
		}
	}
}

// TestWhatIsToBeForgottenDelaysNobodysPay: blocks have a flood of seals to forget
// when the judges of an honest request have opened what they found, and for long
// after; it is concluded in the block of its deadline, by those who judge it.
func TestWhatIsToBeForgottenDelaysNobodysPay(t *testing.T) {
	n := newNetwork(t, testGenesis())
	n.until(2)
	n.flood(55) // ends at 75, and is forgotten from 155 on
	n.until(55)
	asking := &wire.Request{Specification: `{"topic":"tea"}`, Count: 3, Price: 3 * protocol.Unit, Maximum: asked, Deadline: 116}
	if err := n.do("m1 cold", asking); err != nil {
		t.Fatal(err)
	}
	id := ledger.RequestID(secret("m1 cold").Public(), n.height, asking)
	made := n.sealed(id, map[string]string{"m2 cold": "Tea is a leaf.", "v1 cold": "Nonsense."})
	n.until(116)
	for name, r := range made {
		if err := n.do(name, r); err != nil {
			t.Fatal(err)
		}
	}
	n.until(146)
	// v1 has 100 of the stake of 210, and would be paid for what v2 and v3 refuse.
	good := wire.RecordPay{Number: n.number(id, "m2 cold"), Amount: protocol.Unit}
	bad := wire.RecordPay{Number: n.number(id, "v1 cold"), Amount: 3 * protocol.Unit}
	findings := map[string]*wire.OpenFinding{"v1": n.seal("v1", id, bad), "v2": n.seal("v2", id, good), "v3": n.seal("v3", id, good)}
	n.until(156)
	n.open([]string{"v1", "v2", "v3"}, findings)
	if r := n.read(id); r.Ended != n.height || r.Paid != protocol.Unit || r.Judges != 3 {
		t.Errorf("at height %d it has %d judges, ended at %d, and paid %s", n.height, r.Judges, r.Ended, r.Paid)
	}
	// Nothing is left when all was forgotten, the height included at which it would
	// have been concluded.
	n.until(159 + 80 + 1)
	for _, letter := range []string{"A", "D", "Z", "B", "M", "F", "J", "X"} {
		_ = n.tree.Iterate([]byte(letter), func(k, _ []byte) bool {
			t.Errorf("left in the state: %q", k[:1])
			return true
		})
	}
}
