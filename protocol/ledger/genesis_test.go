package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func TestGenesisReadsAsItWasWritten(t *testing.T) {
	g := testGenesis()
	raw, err := json.MarshalIndent(g, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	back, err := ledger.ReadGenesis(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := back.ChainID(), g.ChainID(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if want := "assay-test-"; g.ChainID()[:len(want)] != want || len(g.ChainID()) != len(want)+52 {
		t.Errorf("got %s", g.ChainID())
	}
	g.Time++
	if back.ChainID() == g.ChainID() {
		t.Error("another genesis, the same chain id")
	}
	for name, bad := range map[string][]byte{
		"an unknown key":   bytes.Replace(raw, []byte(`"time"`), []byte(`"tim"`), 1),
		"something behind": append(bytes.Clone(raw), '{', '}'),
		"a float":          bytes.Replace(raw, []byte(`1700000021`), []byte(`17.5`), 1),
		"nothing":          nil,
		"too much":         make([]byte, ledger.MaxGenesisBytes+1),
	} {
		if _, err := ledger.ReadGenesis(bad); !errors.Is(err, ledger.ErrGenesis) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrGenesis)
		}
	}
}

func TestGenesisThatContradictsItselfIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(g *ledger.Genesis){
		"params":             func(g *ledger.Genesis) { g.Params.Schedule.Tempo = 3 },
		"an account twice":   func(g *ledger.Genesis) { g.Accounts[1].Key = g.Accounts[0].Key },
		"no point":           func(g *ledger.Genesis) { g.Accounts[1].Key = protocol.PublicKey{2} },
		"a hotkey twice":     func(g *ledger.Genesis) { g.Seats[1].Hotkey = g.Seats[0].Hotkey },
		"an identity twice":  func(g *ledger.Genesis) { g.Seats[1].Identity = g.Seats[0].Identity },
		"a key twice":        func(g *ledger.Genesis) { g.Seats[1].Consensus.Key = g.Seats[0].Consensus.Key },
		"a key, no chain":    func(g *ledger.Genesis) { g.Seats[1].Beacon = nil },
		"an empty chain":     func(g *ledger.Genesis) { g.Seats[1].Beacon = new(protocol.Hash) },
		"an unknown model":   func(g *ledger.Genesis) { g.Seats[3].Offers[0].Models = []protocol.ModelID{{1}} },
		"too much capacity":  func(g *ledger.Genesis) { g.Seats[3].Offers[0].Capacity = wire.MaxSlots + 1 },
		"too many seats":     func(g *ledger.Genesis) { g.Params.Seats.Max = 4 },
		"more than there is": func(g *ledger.Genesis) { g.Params.Emission.MaxSupply = 800 * protocol.Unit },
		"no validator":       func(g *ledger.Genesis) { g.Params.Seats.MinStake = 200 * protocol.Unit },
	} {
		g := testGenesis()
		spoil(g)
		if err := g.Check(); !errors.Is(err, ledger.ErrGenesis) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrGenesis)
		}
	}
}
