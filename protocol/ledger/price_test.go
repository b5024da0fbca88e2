package ledger_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
)

func TestPricesDecayAsRecorded(t *testing.T) {
	raw, err := os.ReadFile("testdata/price.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		HalfLife uint64            `json:"half_life"`
		Start    uint64            `json:"start"`
		Factor   uint64            `json:"f_q32"`
		After    map[uint64]uint64 `json:"after"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		if got := ledger.DecayFactor(c.HalfLife); got != c.Factor {
			t.Errorf("half-life %d: factor %d, want %d", c.HalfLife, got, c.Factor)
		}
		for n, want := range c.After {
			price := protocol.Amount(c.Start)
			for range n {
				price = ledger.Decay(price, c.HalfLife)
			}
			if uint64(price) != want {
				t.Errorf("half-life %d after %d blocks: %d, want %d", c.HalfLife, n, price, want)
			}
		}
	}
}

func TestEmissionHalvesAsHalfOfTheRestIsIssued(t *testing.T) {
	e := params.Emission{PerBlock: 1000, MaxSupply: 21_000}
	for issued, want := range map[protocol.Amount]protocol.Amount{
		0: 1000, 10_499: 1000, 10_500: 500, 15_749: 500, 15_750: 250, 18_375: 125, 20_999: 0, 21_000: 0, 30_000: 0,
	} {
		if got := ledger.BlockEmission(issued, e); got != want {
			t.Errorf("issued %d: got %d, want %d", issued, got, want)
		}
	}
	e.PerBlock = 21_000
	if got := ledger.BlockEmission(10_000, e); got != 11_000 {
		t.Errorf("got %d, want what is left", got)
	}
}
