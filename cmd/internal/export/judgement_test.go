package export_test

import (
	"context"
	"math"
	"reflect"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/wire"
)

// judged is a pair that a model answered with these logits: of each order, that of
// A and that of B.
func judged(t *testing.T, logits [2][2]float32) *api.Task {
	t.Helper()
	k := wire.Task{ID: wire.HashOf("task"), Kind: judgement.Kind, Round: 3, Seat: protocol.SeatID{UID: 2}}
	k.Body = wire.Encode(&judgement.Task{Model: wire.HashOf("model"), Prompt: "Why?", A: "Since it is.", B: "No."})
	r := judgement.Result{Leaves: [2]protocol.Hash{{1}, {2}}}
	for order, pair := range logits {
		for side, logit := range pair {
			r.Logits[order][side] = math.Float32bits(logit)
		}
	}
	return opened(t, "miner-0", k, wire.Encode(&r))
}

// TestWhatAModelPrefersIsChosen: the row is seen from the response that is chosen,
// whichever stood first, and in the digits of the network.
func TestWhatAModelPrefersIsChosen(t *testing.T) {
	const tenth = float64(float32(0.1)) // no decimal of one digit
	for name, c := range map[string]struct {
		logits [2][2]float32
		want   *export.Judgement
	}{
		"A": {[2][2]float32{{3, 0.1}, {2, 1.5}}, &export.Judgement{
			Chosen: "Since it is.", Rejected: "No.", Margin: float64(float32(3) - float32(0.1) + 0.5),
			Logits: []export.Logits{{Chosen: 3, Rejected: tenth}, {Chosen: 2, Rejected: 1.5}},
		}},
		"B": {[2][2]float32{{0.1, 3}, {1.5, 2}}, &export.Judgement{
			Chosen: "No.", Rejected: "Since it is.", Margin: float64(float32(3) - float32(0.1) + 0.5),
			Logits: []export.Logits{{Chosen: 2, Rejected: 1.5}, {Chosen: 3, Rejected: tenth}},
		}},
		"neither":              {[2][2]float32{{1, 3}, {3, 1}}, nil},
		"by what is no number": {[2][2]float32{{3e38, -3e38}, {0, 0}}, nil},
	} {
		k := judged(t, c.logits)
		k.Cards = []api.Card{{Finding: wire.FindingPassed}}
		var got *export.Judgement
		dropped, err := export.Judgements(chain, func(_ context.Context, kind protocol.Kind, _ protocol.Epoch, yield func(*api.Task) error) error {
			if kind != judgement.Kind {
				t.Errorf("asked for %s", kind)
			}
			return yield(k)
		})(t.Context(), 1, func(r *export.Judgement) error {
			got = r
			return nil
		})
		if err != nil || (got == nil) != (c.want == nil) || (dropped == 1) != (c.want == nil) {
			t.Errorf("%s: got %+v, %d left out, %v", name, got, dropped, err)
			continue
		}
		if c.want == nil {
			continue
		}
		c.want.Prompt, c.want.Lane, c.want.Passed = "Why?", "engine", 1
		c.want.Provenance = export.Provenance{
			Task: wire.HashOf("task").String(), Model: wire.HashOf("model").String(), Miner: apitest.Public("miner-0").String(),
			UID: 2, Epoch: 1, Round: 3, Block: 61, Root: k.Commitment.Root.String(), Answer: got.Provenance.Answer,
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// TestARunThatIsFalseIsNoRow: a judge found another logit, or nobody committed to
// it.
func TestARunThatIsFalseIsNoRow(t *testing.T) {
	for name, change := range map[string]func(*api.Task){
		"found false":   func(k *api.Task) { k.Cards = []api.Card{{Finding: wire.FindingFalse}} },
		"no commitment": func(k *api.Task) { k.Commitment = nil },
	} {
		k := judged(t, [2][2]float32{{3, 1}, {2, 1.5}})
		change(k)
		dropped, err := export.Judgements(chain, func(_ context.Context, _ protocol.Kind, _ protocol.Epoch, yield func(*api.Task) error) error {
			return yield(k)
		})(t.Context(), 1, func(*export.Judgement) error {
			t.Errorf("%s: there is a row", name)
			return nil
		})
		if err != nil || dropped != 1 {
			t.Errorf("%s: %d left out, %v", name, dropped, err)
		}
	}
}
