package inference

import (
	"slices"

	"github.com/assaynet/assay/protocol/wire"
)

// The two ways in which an answer ends (wire.Result.Finish).
const (
	FinishStop   = "stop"   // its last token is a stop token
	FinishLength = "length" // it has the maximum of tokens
)

// CheckResult makes the checks that need no run (engine/arith/SPEC.md, section 7):
// vocab is the number of the model's tokens, stop its stop tokens. It returns
// [wire.FindingExact] when nothing is wrong so far, else what is, and the
// output position where it shows.
func CheckResult(t *wire.InferenceTask, r *wire.Result, vocab int, stop []int32) (wire.Finding, int) {
	n, most := len(r.Output), int(t.MaxTokens)
	switch {
	case n == 0:
		return wire.FindingLength, 0
	case n > most:
		return wire.FindingLength, most
	}
	for i, id := range r.Output {
		if id < 0 || int(id) >= vocab {
			return wire.FindingRange, i
		}
	}
	first := slices.IndexFunc(r.Output, func(id int32) bool { return slices.Contains(stop, id) })
	switch {
	case first >= 0 && first < n-1:
		return wire.FindingEnd, first // went on after a stop token
	case first < 0 && n < most:
		return wire.FindingEnd, n // stopped on its own account
	case (first == n-1) != (r.Finish == FinishStop):
		return wire.FindingEnd, n - 1 // says it ended otherwise
	}
	if len(r.Leaves) != n {
		return wire.FindingLeaves, min(len(r.Leaves), n)
	}
	if wire.MerkleRoot(r.Leaves) != r.Fingerprint {
		return wire.FindingLeaves, 0
	}
	return wire.FindingExact, 0
}
