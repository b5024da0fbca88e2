package record

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// Answer is an opened answer that was accepted, without its bytes
// ([Reader.Envelope]).
type Answer struct {
	_        struct{}           `cbor:",toarray"`
	Received protocol.Height    // the height here when it came
	Hotkey   protocol.PublicKey // who signed it
	Envelope protocol.Hash      // of its bytes, as cards name it
	Custody  protocol.Hash      // leaf by which the own hotkey shows that it holds the answer
	Task     wire.Task
}

// Judgement is what the validator's own run found of an answer.
type Judgement struct {
	_       struct{} `cbor:",toarray"`
	Seat    protocol.SeatID
	Duty    bool // drawn; else another judge's finding gave cause
	Outcome scoring.Outcome
}

// Card is a card that was accepted, or one's own.
type Card struct {
	_        struct{} `cbor:",toarray"`
	Envelope []byte
	Received protocol.Height
	Judge    protocol.PublicKey // who signed it
	Own      bool
	Open     bool      // its judge opened the root that it is under: others may see it
	Said     wire.Card // what the envelope holds
}

// Sealed is what the weights of an epoch were made of, written before they are
// sent.
type Sealed struct {
	_      struct{} `cbor:",toarray"`
	Epoch  protocol.Epoch
	Height protocol.Height
	// Rounds were counted, Skipped left out because nobody could answer in them in
	// time, or answers that were given are not here.
	Rounds  []protocol.Round
	Skipped []protocol.Round
	Weights wire.RevealWeights
}

// Abstention names what the weights of an epoch leave out because answers that were
// given are not here.
type Abstention struct {
	_ struct{} `cbor:",toarray"`
	// Rounds are left out whole: of no seat all answers are here.
	Rounds []protocol.Round
	// Absent are seats that are left out of rounds which count for others.
	Absent []Absence
}

// Absence is a seat that is left out of a round.
type Absence struct {
	_     struct{} `cbor:",toarray"`
	Round protocol.Round
	Seat  protocol.SeatID
}

// MaxFinalTasks bounds the tasks that one score names.
const MaxFinalTasks = 256

// Final is what judges found of a seat's answers of a kind in an epoch, the own
// findings included.
type Final struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Kind   protocol.Kind
	Hotkey protocol.PublicKey // that held the seat; zero if nobody remembers
	// Exact are answers that a judge found equal and none found false, Inexact
	// those that some judge found false.
	Exact, Inexact uint32
	// Tasks are those that the seat answered, the oldest first, at most
	// [MaxFinalTasks].
	Tasks []protocol.TaskID
}

// Closed is the mark of an epoch whose scores are final.
type Closed struct {
	_      struct{} `cbor:",toarray"`
	Height protocol.Height
}
