package params_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// TestTheColumnOfTheSpecificationIsLocal: what SPEC.md says that checkers, plants,
// verdicts and the waits that follow from them are in the shipped network.
func TestTheColumnOfTheSpecificationIsLocal(t *testing.T) {
	spec, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	p := params.Local()
	l, v := p.Plants, p.Verdicts
	if v.Fee != protocol.Unit {
		t.Errorf("a fee of %s has another row", v.Fee)
	}
	for _, row := range []string{
		fmt.Sprintf("| · [9] `open_plants_blocks` | blocks | %d |", p.Schedule.OpenPlantsBlocks),
		fmt.Sprintf("| · [11] `unbonding` | blocks | %d |", p.Seats.Unbonding),
		fmt.Sprintf("| · [15] `unbonding_seconds` | s | %d |", p.Seats.UnbondingSeconds),
		fmt.Sprintf("| [7] `tasks` [1] `retention` | epochs | %d |", p.Tasks.Retention),
		fmt.Sprintf("| · [5] `checkers` | | %d |", p.Preference.Checkers),
		fmt.Sprintf("| [14] `plants` [1] `rate` | 65536ths | %d |", l.Rate),
		fmt.Sprintf("| · [2] `slash` | 65536ths | %d |", l.Slash),
		fmt.Sprintf("| · [3] `fine` | 65536ths | %d |", l.Fine),
		fmt.Sprintf("| · [4] `appeal` | blocks | %d |", l.Appeal),
		fmt.Sprintf("| [15] `verdicts` [1] `seal_blocks`, [2] `open_blocks` | blocks | %d, %d |", v.SealBlocks, v.OpenBlocks),
		fmt.Sprintf("| · [3] `appeal` | blocks | %d |", v.Appeal),
		fmt.Sprintf("| · [4] `electors` | | %d |", v.Electors),
		"| · [5] `fee` | amount | 1 token |",
		fmt.Sprintf("| · [6] `per_challenger`, [7] `per_accused`, [8] `per_epoch` | | %d, %d, %d |", v.PerChallenger, v.PerAccused, v.PerEpoch),
		fmt.Sprintf("| · [9] `slash` | 65536ths | %d |", v.Slash),
		fmt.Sprintf("| · [10] `breaker` | | %d |", v.Breaker),
		fmt.Sprintf("| · [11] `double_sign` | 65536ths | %d |", v.DoubleSign),
	} {
		if !strings.Contains(string(spec), row) {
			t.Errorf("SPEC.md does not say %s", row)
		}
	}
}
