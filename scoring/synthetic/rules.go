package synthetic

import (
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/schema"
)

const one = 1 << 16

// Rules are the numbers of the gates; shares are in 65536ths.
type Rules struct {
	// WordsLeast and WordsMost bound the words of a record.
	WordsLeast, WordsMost int
	// DistinctLeast is the least share of different runs of three words, and
	// CommonestMost the largest of one word: prose has 0.95 and 0.07.
	DistinctLeast, CommonestMost uint32
	// OverlapMost is how many 13-grams a record may share with the evaluation
	// sets. One is enough for a test to be known.
	OverlapMost int
	// AlikeMost is the most positions, of 112, that a record may share with one
	// that was there before.
	AlikeMost int
	// NoveltyLeast is the least share of grams that were not there before, of prose:
	// of what a model writes freely, 2 % of texts have less; of copies with a fifth of
	// their words replaced, as chance has it, nine in ten do. Shorter grams take more
	// from honest texts than from these.
	// NoveltyFacts is that of answers whose facts are checked, and which are made of
	// little else, NoveltyCode that of programs, which are alike where they are right:
	// what is put in the place of a word of theirs breaks them, and their tests tell.
	NoveltyLeast, NoveltyFacts, NoveltyCode uint32
	// SkeletonLeast is the least share of skeleton grams that were not there before,
	// and fewer than SkeletonFew of them say too little for a share. Of 4,000
	// paragraphs of other people's documents it takes 0.5 % that novelty does not,
	// of handbooks of one subject 0.1, 0.6, 0.8 and 2.3 %; of what a grammar makes of
	// clauses, one word in seven being another, nine in ten.
	SkeletonLeast uint32
	SkeletonFew   int
	// Window is how many records of one maker are compared with each other for
	// their diversity: the work of a record is so many comparisons.
	Window int
}

// Default returns the rules of this version.
func Default() Rules {
	return Rules{
		WordsLeast: 8, WordsMost: 4096,
		DistinctLeast: one / 2, CommonestMost: one / 4,
		AlikeMost: gate.Positions * 3 / 4, NoveltyLeast: one * 3 / 4, NoveltyFacts: one / 2, NoveltyCode: one / 8,
		SkeletonLeast: one * 4 / 5, SkeletonFew: 8, Window: 1024,
	}
}

// novelty returns the least novelty of a record of a family, or of none.
func (r *Rules) novelty(f synthetic.Family) uint32 {
	switch f {
	case synthetic.Arithmetic, synthetic.Extraction:
		return r.NoveltyFacts
	case synthetic.Code:
		return r.NoveltyCode
	}
	return r.NoveltyLeast
}

// Limits of requests and records.
const (
	MaxText     = 32 << 10 // bytes of a record
	MaxRecords  = 1 << 20  // of a request
	MaxExamples = 16
	MaxSets     = 16
	MaxTopic    = 1 << 10   // bytes
	MaxAmount   = 1<<53 - 1 // base units, which every reader of JSON keeps
	MaxLine     = 512 << 10 // bytes of a line, escapes included
	maxValues   = 4096      // values and keys of a record
	maxLineKeys = schema.MaxValues + 256
)

// recordLimits bound the JSON of a record.
var recordLimits = value.Limits{Bytes: MaxText, Depth: schema.MaxDepth, Values: maxValues}
