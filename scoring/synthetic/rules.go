package synthetic

import (
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
	// NoveltyLeast is the least share of grams that were not there before. Prose
	// on one subject has 0.89, a slot grammar falls to 0.0002, and a template with
	// a third of its words changed has about half.
	NoveltyLeast uint32
	// Window is how many records of one maker are compared with each other for
	// their diversity: the work of a record is so many comparisons.
	Window int
}

// Default returns the rules of this version.
func Default() Rules {
	return Rules{
		WordsLeast: 8, WordsMost: 4096,
		DistinctLeast: one / 2, CommonestMost: one / 4,
		AlikeMost: gate.Positions * 3 / 4, NoveltyLeast: one / 2, Window: 1024,
	}
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
