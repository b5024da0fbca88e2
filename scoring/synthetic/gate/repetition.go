package gate

import "github.com/assaynet/assay/protocol/task/synthetic/text"

// Below these many words a text says too little for a share of them.
const (
	fewRuns  = 16
	fewWords = 32
)

// Distinct returns the share of different ones among the runs of three words;
// the whole where there are fewer than 16 runs.
func Distinct(words []string) uint32 {
	const run = 3
	runs := len(words) - run + 1
	if runs < fewRuns {
		return one
	}
	return uint32(uint64(len(text.Grams(words, run))) * one / uint64(runs))
}

// Commonest returns the share of the commonest word; 0 where there are fewer
// than 32 words.
func Commonest(words []string) uint32 {
	if len(words) < fewWords {
		return 0
	}
	count, most := make(map[string]int, len(words)), 0
	for _, w := range words {
		count[w]++
		most = max(most, count[w])
	}
	return uint32(uint64(most) * one / uint64(len(words)))
}
