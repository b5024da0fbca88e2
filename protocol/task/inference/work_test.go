package inference_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

const one = params.One

func TestSpeedIsOneAtTheMedianAndStaysWithinItsBounds(t *testing.T) {
	const worst, best = one - one/10, one + one/10
	for _, c := range []struct {
		delay, median uint64
		want          uint32
	}{
		{5, 5, one},
		{4, 5, 68985}, // 20/19
		{6, 5, 62415}, // 20/21
		{1, 50, best},
		{50, 5, worst},
		{0, 0, best}, // nothing divides by zero
		{1 << 63, 1 << 63, one},
	} {
		if got := inference.Speed(c.delay, c.median, worst, best); got != c.want {
			t.Errorf("delay %d, median %d: got %d, want %d", c.delay, c.median, got, c.want)
		}
	}
}

func TestWorkIsTokensTimesClassTimesSpeed(t *testing.T) {
	p := params.Local()
	p.Inference.SpeedBest, p.Inference.SpeedWorst = 2*one, one/2
	large := protocol.ModelID{1}
	p.Kinds[0].Models = append(p.Kinds[0].Models, params.Model{ID: large, Class: 3 * one})
	answer := func(m protocol.ModelID, tokens int, delay uint64) task.Opened {
		return task.Opened{
			Task:  &wire.Task{Body: wire.Encode(&inference.Task{Model: m, Prompt: "a", TopK: 1, TopP: 1, MaxTokens: 16})},
			Body:  wire.Encode(&inference.Result{Output: make([]int32, tokens), Finish: "stop"}),
			Delay: delay, Median: 6,
		}
	}
	small := params.SmolLM2().ID
	got := inference.New().Work(&p, []task.Opened{
		answer(small, 16, 6), answer(large, 10, 6), answer(small, 16, 0), answer(small, 16, 600),
		answer(small, 20, 6), answer(protocol.ModelID{2}, 16, 6),
	})
	want := []task.Worth{
		{Units: 16, Work: 16 * one},
		{Units: 10, Work: 30 * one},
		{Units: 16, Work: 16 * 87381}, // 4/3
		{Units: 16, Work: 8 * one},
		{Units: 16, Work: 16 * one}, // more than was asked
		{Units: 16},                 // a model that is not paid for
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
