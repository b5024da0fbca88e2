package inference

import (
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
)

// Work implements [task.Kind]: tokens × class of the model × speed, a token being
// the unit. An answer longer than its task allows counts as the longest that is
// not; an answer of a model that is not paid for is worth nothing.
func (k kind) Work(p *params.Params, opened []task.Opened) []task.Worth {
	return k.Worth(p, opened, func(k *params.Kind, o *task.Opened, t *Task, r *Result) task.Worth {
		return Worth(k, t, r, Speed(o.Delay, o.Median, p.Inference.SpeedWorst, p.Inference.SpeedBest))
	})
}

// Worth returns what a run is worth in a kind, with a speed in 65536ths.
func Worth(k *params.Kind, t *Task, r *Result, speed uint32) task.Worth {
	class, _ := k.Class(t.Model)
	tokens := uint64(min(uint32(len(r.Output)), t.MaxTokens))
	return task.Worth{Units: tokens, Work: tokens * uint64(class) * uint64(speed) / params.One} // below 2^62
}

// Speed returns the factor of a commitment that came delay blocks after its
// round's seed, where the median was median: the curve 4m/(3m + d), which is 1 at
// the median, within worst … best (params.Inference). In 65536ths. It falls slowly,
// for a block is a coarse clock and a few of them are luck.
func Speed(delay, median uint64, worst, best uint32) uint32 {
	const most = 1 << 40 // blocks; far above any round
	delay, median = min(delay, most), min(max(median, 1), most)
	f := 4 * median * params.One / (3*median + delay)
	return uint32(min(max(f, uint64(worst)), uint64(best)))
}
