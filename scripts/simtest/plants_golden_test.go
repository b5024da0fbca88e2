package simtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// planted is a network that plants, once recorded: answers say how long they took,
// so that no two are alike.
type planted struct {
	Genesis hexBytes `json:"genesis"`
	Blocks  []block  `json:"blocks"`
	State   []entry  `json:"state"`
}

const plantsFile = "testdata/plants.json"

// recordPlants plays eight epochs in which Vincent looks at nothing, Bob opens his
// links of the last ones and proves nothing, Cleo opens none of one epoch, and
// Ada's is known to Bob's owner in the end.
func recordPlants(t *testing.T) {
	t.Helper()
	w := &scribe{}
	var s *stage
	s = plantingAnd(t, func(b *ledger.Block) { w.ordered(b, s.State().Hash()) })
	s.validator("vincent", func(c *validator.Config) { c.Judges = []validator.Judge{&stamp{}} })
	edit := func(name string, change func(*wire.OpenPlants) bool) {
		s.miner(name, func(c *miner.Config) {
			submit := c.Submit
			c.Submit = func(ctx context.Context, body wire.Body) error {
				if b, ok := body.(*wire.OpenPlants); ok && !change(b) {
					return nil
				}
				return submit(ctx, body)
			}
		})
	}
	edit("bob", func(b *wire.OpenPlants) bool {
		if b.Epoch >= 5 {
			b.Proofs = nil
		}
		return true
	})
	edit("cleo", func(b *wire.OpenPlants) bool { return b.Epoch != 4 })
	s.play(6)
	link, _ := plant.NewMaker(plant.Seed(protocoltest.PlantSecret("ada"), 0), 0).Link(9)
	leak := &wire.LeakedLink{Seat: s.seat("ada").ID, Epoch: 9, Link: link}
	s.tx(protocoltest.Cold("bob"), &wire.SealLeak{Seal: leak.Seal(protocoltest.Cold("bob").PublicKey())})
	s.block()
	s.tx(protocoltest.Cold("bob"), leak)
	s.play(8)
	out := planted{Genesis: wire.Encode(s.Genesis()), Blocks: w.Blocks}
	if err := s.State().Iterate(nil, func(k, v []byte) bool {
		out.State = append(out.State, entry{bytes.Clone(k), bytes.Clone(v)})
		return true
	}); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(&out, "", " ")
	if err == nil {
		err = os.WriteFile(plantsFile, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestARecordedNetworkThatPlantsIsReDerived: what the ledger made of a recorded
// network it makes again, as scripts/oracle/protocol does by SPEC.md alone. In it a
// judge was lazy, a plant not proven, a link not opened, and one leaked.
func TestARecordedNetworkThatPlantsIsReDerived(t *testing.T) {
	t.Parallel()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		recordPlants(t)
	}
	text, err := os.ReadFile(plantsFile)
	if err != nil {
		t.Fatal(err)
	}
	var rec planted
	if err := json.Unmarshal(text, &rec); err != nil {
		t.Fatal(err)
	}
	var g ledger.Genesis
	if err := wire.Decode(rec.Genesis, ledger.MaxGenesisBytes, &g); err != nil {
		t.Fatal(err)
	}
	tree := &ledger.MemTree{}
	if _, err := ledger.Init(tree, &g); err != nil {
		t.Fatal(err)
	}
	seen := map[ledger.EventName]int{}
	for i := range rec.Blocks {
		res, err := ledger.Apply(tree, g.ChainID(), &g.Params, rec.Blocks[i].asLedger(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range res.Events {
			seen[e.Name]++
		}
	}
	for _, name := range []ledger.EventName{ledger.EventLazy, ledger.EventPlants, ledger.EventPlantMissing, ledger.EventLeaked} {
		if seen[name] == 0 {
			t.Errorf("nothing of the event %q happened", name)
		}
	}
	i := 0
	if err := tree.Iterate(nil, func(k, v []byte) bool {
		if i >= len(rec.State) || !bytes.Equal(rec.State[i].Key, k) || !bytes.Equal(rec.State[i].Value, v) {
			t.Errorf("record %d, %q, is another", i, k)
			return false
		}
		i++
		return true
	}); err != nil || i != len(rec.State) {
		t.Errorf("%d of %d records are equal, %v", i, len(rec.State), err)
	}
}

// asLedger returns a recorded block.
func (b *block) asLedger(t *testing.T) *ledger.Block {
	t.Helper()
	out := &ledger.Block{Height: b.Height, Proposer: protocol.PublicKey(b.Proposer)}
	for _, k := range b.Eligible {
		out.PrevEligible = append(out.PrevEligible, protocol.PublicKey(k))
	}
	for _, v := range b.Votes {
		out.Votes = append(out.Votes, ledger.BlockVote{Address: ledger.ConsensusAddress(v.Address), Flag: v.Flag})
	}
	for _, item := range b.Items {
		out.Txs = append(out.Txs, item)
	}
	return out
}
