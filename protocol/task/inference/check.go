package inference

import (
	"slices"

	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/protocol/wire"
)

// CheckResult makes the checks that need no run (engine/arith/SPEC.md, section 7):
// vocab is the number of the model's tokens, stop its stop tokens. It returns
// [CodeExact] when nothing is wrong so far, else what is, and the
// output position where it shows.
func CheckResult(t *Task, r *Result, vocab int, stop []int32) (Code, int) {
	n, most := len(r.Output), int(t.MaxTokens)
	switch {
	case n == 0:
		return CodeLength, 0
	case n > most:
		return CodeLength, most
	}
	for i, id := range r.Output {
		if id < 0 || int(id) >= vocab {
			return CodeRange, i
		}
	}
	first := slices.IndexFunc(r.Output, func(id int32) bool { return slices.Contains(stop, id) })
	switch {
	case first >= 0 && first < n-1:
		return CodeEnd, first // went on after a stop token
	case first < 0 && n < most:
		return CodeEnd, n // stopped on its own account
	case (first == n-1) != (r.Finish == form.Stop):
		return CodeEnd, n - 1 // says it ended otherwise
	}
	if len(r.Leaves) != n {
		return CodeLeaves, min(len(r.Leaves), n)
	}
	if wire.MerkleRoot(r.Leaves) != r.Fingerprint {
		return CodeLeaves, 0
	}
	return CodeExact, 0
}
