package simtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// recorded is what testdata/traffic.json holds of a network: enough for another
// program to do all of it again (scripts/oracle/protocol).
const recorded = "testdata/traffic.json"

// hexed is bytes that JSON shows as hex.
type hexed []byte

func (h hexed) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexed) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type traffic struct {
	Genesis hexed          `json:"genesis"`
	Blocks  []trafficBlock `json:"blocks"`
	Answers []hexed        `json:"answers"` // as first published
	Cards   []hexed        `json:"cards"`
	Receipt hexed          `json:"receipt"`
	State   []trafficPair  `json:"state"`
	Miners  []trafficMiner `json:"miners"`
}

type trafficBlock struct {
	Height   protocol.Height `json:"height"`
	Proposer hexed           `json:"proposer"`
	Eligible []hexed         `json:"eligible"`
	Items    []hexed         `json:"items"`
}

type trafficPair struct {
	Key   hexed `json:"key"`
	Value hexed `json:"value"`
}

type trafficMiner struct {
	Name string `json:"name"`
	Seed hexed  `json:"seed"` // of the hotkey
	Salt hexed  `json:"salt"`
}

// record plays a network of honest nodes for four epochs, and keeps what was said.
func record(t *testing.T) *traffic {
	out := &traffic{}
	cfg := protocoltest.Config{Cast: cast(), Ordered: func(b *ledger.Block) {
		rec := trafficBlock{Height: b.Height, Proposer: b.Proposer[:]}
		for _, k := range b.PrevEligible {
			rec.Eligible = append(rec.Eligible, k[:])
		}
		for _, raw := range b.Txs {
			rec.Items = append(rec.Items, raw)
		}
		out.Blocks = append(out.Blocks, rec)
	}}
	s := open(t, honest, cfg)
	out.Genesis = wire.Encode(s.Genesis())
	said := map[wire.AnswerKey]bool{}
	for _, name := range miners {
		salt := sha256.Sum256([]byte(name + "'s salt"))
		hotkey := sha256.Sum256([]byte(name))
		out.Miners = append(out.Miners, trafficMiner{Name: name, Seed: hotkey[:], Salt: salt[:]})
		s.miner(name, func(c *miner.Config) {
			publish := c.Publish
			c.Salt = salt
			c.Publish = func(ctx context.Context, topic string, raw []byte) error {
				a, err := wire.OpenAnswer(raw, s.ChainID())
				if err != nil {
					return err
				}
				if k := a.Answer.Key(); !said[k] {
					said[k] = true
					out.Answers = append(out.Answers, raw)
				}
				return publish(ctx, topic, raw)
			}
		})
	}
	for _, name := range judges {
		s.validator(name, func(c *validator.Config) {
			publish := c.Publish
			c.Publish = func(ctx context.Context, topic string, raw []byte) error {
				out.Cards = append(out.Cards, raw)
				return publish(ctx, topic, raw)
			}
		})
	}
	s.play(3)
	for k := range said {
		r, err := s.validators[judges[0]].Receipt(k)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Cards) > 0 {
			out.Receipt = wire.Encode(r)
			break
		}
	}
	out.State = stateOf(t, s.State())
	return out
}

func stateOf(t *testing.T, tree *ledger.MemTree) (out []trafficPair) {
	t.Helper()
	err := tree.Iterate(nil, func(key, value []byte) bool {
		out = append(out, trafficPair{key, value})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The blocks of the recorded network, carried out anew, give the recorded state,
// and all that was said there is read. UPDATE_GOLDEN=1 records another.
func TestTheRecordedNetworkIsStillCarriedOut(t *testing.T) {
	if os.Getenv("UPDATE_GOLDEN") != "" {
		text, err := json.MarshalIndent(record(t), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recorded, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	var r traffic
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	var g ledger.Genesis
	if err := wire.Decode(r.Genesis, ledger.MaxGenesisBytes, &g); err != nil {
		t.Fatal(err)
	}
	tree, chain := &ledger.MemTree{}, g.ChainID()
	if _, err := ledger.Init(tree, &g); err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Blocks {
		block := ledger.Block{Height: b.Height, Proposer: protocol.PublicKey(b.Proposer)}
		for _, k := range b.Eligible {
			block.PrevEligible = append(block.PrevEligible, protocol.PublicKey(k))
		}
		for _, raw := range b.Items {
			block.Txs = append(block.Txs, raw)
		}
		if _, err := ledger.Apply(tree, chain, &g.Params, &block); err != nil {
			t.Fatalf("block %d: %v", b.Height, err)
		}
	}
	var want ledger.MemTree
	for _, p := range r.State {
		if err := want.Set(p.Key, p.Value); err != nil {
			t.Fatal(err)
		}
	}
	if tree.Hash() != want.Hash() {
		t.Error("the blocks give another state than was recorded")
	}
	for i, raw := range r.Answers {
		if _, err := wire.OpenAnswer(raw, chain); err != nil {
			t.Errorf("answer %d: %v", i, err)
		}
	}
	for i, raw := range r.Cards {
		if _, err := wire.OpenCard(raw, chain); err != nil {
			t.Errorf("card %d: %v", i, err)
		}
	}
	receipt, err := wire.DecodeReceipt(r.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := receipt.Open(); err != nil {
		t.Errorf("receipt: %v", err)
	}
}
