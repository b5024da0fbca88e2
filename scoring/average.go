package scoring

import (
	"math/bits"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/fixed"
)

// one is the whole of a share, and what counts are multiplied by in averages.
const one = params.One

// Tally is what one validator counted of one seat in the rounds that make up
// an epoch's weights. All but Runs, Passes and False follow from the ledger and
// the opened answers, so that honest validators count the same.
type Tally struct {
	_      struct{}        `cbor:",toarray"`
	Seat   protocol.SeatID `json:"seat"`
	Asked  uint32          `json:"asked"`  // slots
	Late   uint32          `json:"late"`   // slots of rounds without a commitment in time
	Opened uint32          `json:"opened"` // valid openings in time
	// Unopened slots were committed and never opened: Asked = Late + Opened + Unopened.
	Unopened uint32 `json:"unopened"`
	Tokens   uint64 `json:"tokens"` // of all opened answers
	// Work is Σ tokens × weight class × speed factor of its round, in 65536ths.
	Work uint64 `json:"work"`
	// Delay is Σ blocks from seed to commitment, over Commits rounds.
	Delay   uint64 `json:"delay"`
	Commits uint32 `json:"commits"`
	Runs    uint32 `json:"runs"`   // own judgements, missing openings of own duties included
	Passes  uint32 `json:"passes"` // of them exact
	False   uint32 `json:"false"`  // of them false with proof
}

// Answer adds an opened answer to the tally.
func (t *Tally) Answer(tokens, class, speed uint32) {
	t.Opened++
	t.Tokens += uint64(tokens)
	t.Work = addSat(t.Work, fixed.MulDiv(uint64(tokens)*uint64(class), uint64(speed), one))
}

// Judged adds an own judgement.
func (t *Tally) Judged(o *Outcome) {
	t.Runs++
	switch {
	case o.Passed():
		t.Passes++
	case o.Proven():
		t.False++
	}
}

// Average is what a validator remembers of a seat: sums over epochs in which
// what is n epochs old counts keepⁿ, keep = params.Kind.Keep. All are
// in 65536ths. The zero value is a seat that nobody asked yet.
type Average struct {
	_      struct{}        `cbor:",toarray"`
	Seat   protocol.SeatID `json:"seat"`
	Epochs uint64          `json:"epochs"` // Σ keepⁿ: what the sum of work is divided by
	Work   uint64          `json:"work"`   // Σ keepⁿ × the epoch's work
	Asked  uint64          `json:"asked"`
	Opened uint64          `json:"opened"`
	Runs   uint64          `json:"runs"`
	Passes uint64          `json:"passes"`
}

// Add returns the average after one more epoch, of which the validator observed
// a share, in 65536ths. An epoch in which the seat was asked nothing counts as one
// without work, so that a seat which leaves fades; one that nobody observed here
// counts as none, so that what is remembered ages and says the same.
func (a Average) Add(t *Tally, keep, share uint32) Average {
	if a.Seat != t.Seat {
		a = Average{Seat: t.Seat} // the uid was given to another
	}
	decay := func(sum, v uint64) uint64 { return addSat(fixed.MulDiv(sum, uint64(keep), one), v) }
	a.Epochs = decay(a.Epochs, uint64(share))
	a.Work = decay(a.Work, t.Work)
	a.Asked = decay(a.Asked, uint64(t.Asked)*one)
	a.Opened = decay(a.Opened, uint64(t.Opened)*one)
	a.Runs = decay(a.Runs, uint64(t.Runs)*one)
	a.Passes = decay(a.Passes, uint64(t.Passes)*one)
	return a
}

// Age returns the average as many epochs later, of which the validator knows
// nothing: all rates stay, and count less beside what comes.
func (a Average) Age(keep uint32, epochs uint64) Average {
	for ; epochs > 0 && !a.empty(); epochs-- {
		a = a.Add(&Tally{Seat: a.Seat}, keep, 0)
	}
	return a
}

func (a *Average) empty() bool { return *a == Average{Seat: a.Seat} }

// Faded reports whether nothing is left to remember.
func (a *Average) Faded() bool { return a.Work < one && a.Asked < one/2 && a.Runs < one/2 }

// meanWork is the average work of an epoch, in 65536ths of a token.
func (a *Average) meanWork() uint64 { return fixed.MulDiv(a.Work, one, max(a.Epochs, 1)) }

// availability is answered ÷ asked, in 65536ths; one where nothing was asked.
func (a *Average) availability() uint32 {
	if a.Asked == 0 {
		return one
	}
	return uint32(min(fixed.MulDiv(a.Opened, one, a.Asked), one))
}

// deviations is by how many [LowerBound] stays below the rate seen, in 65536ths:
// z = ½. With more, validators that happened to draw a seat once or twice would
// differ too much in their weights: at z = 1 a seat without fault has 0.50 after
// one run and 0.67 after two, at ½ it has 0.80 and 0.89.
const deviations = one / 2

// LowerBound returns the lower end of Wilson's interval for the rate
// passes ÷ runs at z = ½ ([fixed.LowerBound]), all in 65536ths.
func LowerBound(passes, runs uint64) uint32 { return fixed.LowerBound(passes, runs, deviations) }

// Speed returns the factor of a commitment that came delay blocks after its
// round's seed, where the median was median: the curve 4m/(3m + d), which is 1 at
// the median, within worst … best (params.Inference). In 65536ths. It falls slowly,
// for a block is a coarse clock and a few of them are luck.
func Speed(delay, median uint64, worst, best uint32) uint32 {
	const most = 1 << 40 // blocks; far above any round
	delay, median = min(delay, most), min(max(median, 1), most)
	f := 4 * median * one / (3*median + delay)
	return uint32(min(max(f, uint64(worst)), uint64(best)))
}

func addSat(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return ^uint64(0)
	}
	return s
}
