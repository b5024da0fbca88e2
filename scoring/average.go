package scoring

import (
	"math/bits"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/fixed"
)

// one is the whole of a share, and what counts are multiplied by in averages.
const one = params.One

// Tally is what one validator counted of one seat and kind in the rounds that
// make up an epoch's weights. All but Runs, Passes and False follow from the
// ledger and the opened answers, so that honest validators count the same.
type Tally struct {
	_      struct{}        `cbor:",toarray"`
	Seat   protocol.SeatID `json:"seat"`
	Kind   protocol.Kind   `json:"kind"`
	Asked  uint32          `json:"asked"`  // slots
	Late   uint32          `json:"late"`   // slots of rounds without a commitment in time
	Opened uint32          `json:"opened"` // valid openings in time
	// NotGiven answers were committed and not given: Asked = Late + Opened +
	// NotGiven.
	NotGiven uint32 `json:"not_given"`
	// Units and Work are those of all opened answers, as the kind counts them
	// ([task.Worth]): work in 65536ths of a unit.
	Units uint64 `json:"units"`
	Work  uint64 `json:"work"`
	// Delay is Σ blocks from seed to commitment, over Commits rounds.
	Delay   uint64 `json:"delay"`
	Commits uint32 `json:"commits"`
	Runs    uint32 `json:"runs"`   // own judgements, missing openings of own duties included
	Passes  uint32 `json:"passes"` // of them exact
	False   uint32 `json:"false"`  // of them false with proof
}

// Answer adds an opened answer to the tally.
func (t *Tally) Answer(w task.Worth) {
	t.Opened++
	t.Units = addSat(t.Units, w.Units)
	t.Work = addSat(t.Work, w.Work)
}

// Judged adds an own judgement.
func (t *Tally) Judged(f wire.Finding) {
	t.Runs++
	switch {
	case f == wire.FindingPassed:
		t.Passes++
	case f.Proven():
		t.False++
	}
}

// Average is what a validator remembers of a seat and kind: sums over epochs in
// which what is n epochs old counts keepⁿ, keep = params.Kind.Keep. All are in
// 65536ths. The zero value is a seat that nobody asked yet.
type Average struct {
	_      struct{}        `cbor:",toarray"`
	Seat   protocol.SeatID `json:"seat"`
	Kind   protocol.Kind   `json:"kind"`
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
	if a.Seat != t.Seat || a.Kind != t.Kind {
		a = Average{Seat: t.Seat, Kind: t.Kind} // the uid was given to another
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
		a = a.Add(&Tally{Seat: a.Seat, Kind: a.Kind}, keep, 0)
	}
	return a
}

func (a *Average) empty() bool { return *a == Average{Seat: a.Seat, Kind: a.Kind} }

// Faded reports whether nothing is left to remember.
func (a *Average) Faded() bool { return a.Work < one && a.Asked < one/2 && a.Runs < one/2 }

// meanWork is the average work of an epoch, in 65536ths of a unit.
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

func addSat(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return ^uint64(0)
	}
	return s
}
