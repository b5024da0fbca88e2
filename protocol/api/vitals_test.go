package api_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// What a node does not say of itself within a second is shown later. The tests are
// in bubbles of synctest, where computing takes no time.

// vitalsOf are the lines of /metrics about the node and its seat, without help.
func vitalsOf(t *testing.T, h *api.Handler) (out []string) {
	t.Helper()
	for line := range strings.Lines(get(t, h, "/metrics").Body.String()) {
		line = strings.TrimSpace(line)
		if (strings.HasPrefix(line, "assay_node_") || strings.HasPrefix(line, "assay_seat_")) && !strings.HasPrefix(line, "assay_node_block_age") && !strings.HasPrefix(line, "assay_node_info") {
			out = append(out, line)
		}
	}
	return out
}

// TestMetricsHaveWhatAnOperatorIsWokenFor: of a validator that was drawn two duties
// and did both; a height that it signed last is 0 here.
func TestMetricsHaveWhatAnOperatorIsWokenFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, h := seeded(t)
		n.Node.S.Faults = []string{"no peers"}
		n.Node.S.BlockTime = time.Now()
		want := []string{
			"assay_node_catching_up 0", "assay_node_clock_behind_seconds 0", "assay_node_epoch 2", "assay_node_faults 1", "assay_node_height 45",
			"assay_node_peers 4", "assay_node_permit 1", "assay_node_reasons 1", "assay_node_registered 1", "assay_node_started_seconds 1.7673228e+09",
			"assay_node_target_height 45", "assay_seat_asked 0", "assay_seat_balance_tokens 50", "assay_seat_collateral_tokens 0",
		}
		got := vitalsOf(t, h)
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s is not in\n%s", line, strings.Join(got, "\n"))
			}
		}
		for _, name := range []string{"seat_duties{state=\"drawn\"}", "seat_findings_missed", "seat_jailed", "seat_paid_tokens{for=\"judging\"}", "seat_power", "seat_share{of=\"dividend\"}", "seat_stake_tokens", "seat_uid", "seat_unsigned_blocks"} {
			if !slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, "assay_"+name+" ") }) {
				t.Errorf("no %s in\n%s", name, strings.Join(got, "\n"))
			}
		}
		n.Node.S.CatchingUp, n.Node.S.Target = true, 1180
		if got := vitalsOf(t, h); !slices.Contains(got, "assay_node_catching_up 1") || !slices.Contains(got, "assay_node_target_height 1180") {
			t.Error("it does not show to where it catches up")
		}
		n.Node.S.BlockTime = time.Now().Add(time.Hour)
		if got := vitalsOf(t, h); slices.Contains(got, "assay_node_clock_behind_seconds 0") {
			t.Error("a block from the future does not show")
		}
	})
}

// TestAMinerTellsOfItsOwnSeat, which has no ledger, and nothing that it does not
// know.
func TestAMinerTellsOfItsOwnSeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _ := seeded(t)
		n.Node.S.Seat = &api.SeatStatus{UID: 7, Asked: true, InTime: 3, Late: 1, Exact: 5, False: 2, Pays: []api.SeatPay{{Paid: 1}, {Paid: 3 * protocol.Unit / 2}}}
		cfg := n.Config()
		cfg.Source = api.Source{Node: n.Node}
		got := vitalsOf(t, handler(t, cfg))
		for _, line := range []string{
			"assay_seat_uid 7", "assay_seat_asked 1", `assay_seat_rounds{outcome="in-time"} 3`, `assay_seat_rounds{outcome="late"} 1`,
			`assay_seat_cards{finding="exact"} 5`, `assay_seat_cards{finding="false"} 2`, `assay_seat_paid_tokens{for="work"} 1.5`,
		} {
			if !slices.Contains(got, line) {
				t.Errorf("%s is not in\n%s", line, strings.Join(got, "\n"))
			}
		}
		if slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, "assay_seat_stake") }) {
			t.Errorf("a miner tells of stake:\n%s", strings.Join(got, "\n"))
		}
	})
}

// hung is a node that does not say how it is any more.
type hung struct {
	api.Node
	stuck chan struct{} // nil before
}

func (n *hung) Status(ctx context.Context) (api.Status, error) {
	if n.stuck != nil {
		<-n.stuck
	}
	return n.Node.Status(ctx)
}

// TestTheAgeOfTheNewestBlockGrowsWhileANodeHangs: an operator is woken by it.
func TestTheAgeOfTheNewestBlockGrowsWhileANodeHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, _ := seeded(t)
		net.Node.S.BlockTime = time.Now().Add(-time.Minute)
		n := &hung{Node: net.Node}
		cfg := net.Config()
		cfg.Source.Node = n
		h := handler(t, cfg)
		age := func() (age float64) {
			t.Helper()
			for line := range strings.Lines(get(t, h, "/metrics").Body.String()) {
				if text, ok := strings.CutPrefix(strings.TrimSpace(line), "assay_node_block_age_seconds "); ok {
					var err error
					if age, err = strconv.ParseFloat(text, 64); err != nil {
						t.Fatal(err)
					}
				}
			}
			return age
		}
		before := age()
		n.stuck = make(chan struct{})
		defer close(n.stuck)
		if after := age(); before != 60 || after != 61 { // it was waited for, a second
			t.Errorf("got %v, and before it hung %v, want 61 and 60", after, before)
		}
	})
}
