package validator

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// The tables. Those of rounds begin their keys with a round, the others with
// an epoch, eight bytes big-endian; but tableTasks has task ids for keys, and
// tableMarks words.
const (
	tableAnswers    = "validator-answers"    // AnswerKey → Answer
	tableTasks      = "validator-tasks"      // task id → AnswerKey
	tableJudgements = "validator-judgements" // AnswerKey → Judgement
	tableCards      = "validator-cards"      // AnswerKey, judge's uid → Card
	tableScores     = "validator-scores"     // epoch, uid, kind → scoring.Explanation
	tableEpochs     = "validator-epochs"     // epoch → Sealed
	tableCardRoots  = "validator-card-roots" // epoch → wire.CommitCards
	tableObserved   = "validator-observed"   // round → Observation
	tableAbstained  = "validator-abstained"  // epoch → Abstention
	tableFinals     = "validator-finals"     // epoch, uid → Final
	tableClosed     = "validator-closed"     // epoch → Closed
	tableMarks      = "validator-marks"      // one of the marks → what it says
)

// markFinals is the mark that says from which epoch on scores become final.
var markFinals = []byte("finals")

// maxRecord bounds a record that is read back: an answer of a mebibyte and its
// task, or a run over 4,096 tokens.
const maxRecord = 4 << 20

// Answer is an opened answer that was accepted.
type Answer struct {
	_        struct{}           `cbor:",toarray"`
	Envelope []byte             // as it came
	Received protocol.Height    // the height here when it came
	Hotkey   protocol.PublicKey // who signed it
	Task     wire.Task
}

// Open returns the answer in the envelope, which was checked when it came.
func (a *Answer) Open() (*wire.Answer, error) {
	s, err := wire.ReadAnswer(a.Envelope)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return &s.Answer, nil
}

// hash names the envelope, as cards do.
func (a *Answer) hash() protocol.Hash { return wire.HashOf("assay/1/envelope", a.Envelope) }

// Judgement is what the validator's own run found of an answer.
type Judgement struct {
	_       struct{} `cbor:",toarray"`
	Seat    protocol.SeatID
	Duty    bool // drawn; else another judge's card gave cause
	Epoch   protocol.Epoch
	Outcome scoring.Outcome
}

// Card is a card that was accepted, or one's own.
type Card struct {
	_        struct{} `cbor:",toarray"`
	Envelope []byte
	Received protocol.Height
	Judge    protocol.PublicKey // who signed it
	Own      bool
}

// Open returns the card in the envelope, which was checked when it came.
func (c *Card) Open() (*wire.Card, error) {
	s, err := wire.ReadCard(c.Envelope)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return &s.Card, nil
}

// Sealed is what the weights of an epoch were made of, written before they are sent.
type Sealed struct {
	_      struct{} `cbor:",toarray"`
	Epoch  protocol.Epoch
	Height protocol.Height
	// Next is the first round that is in no weights yet; Rounds were counted,
	// Skipped left out because too few of their answers are known here.
	Next    protocol.Round
	Rounds  []protocol.Round
	Skipped []protocol.Round
	Weights wire.RevealWeights
}

// era begins the keys of an epoch or a round.
func era(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func cardKey(k wire.AnswerKey, judge protocol.UID) []byte {
	return binary.BigEndian.AppendUint16(k.Bytes(), uint16(judge))
}

func scoreKey(e protocol.Epoch, uid protocol.UID) []byte {
	return binary.BigEndian.AppendUint16(era(uint64(e)), uint16(uid))
}

// partKey names what a seat is worth in one kind.
func partKey(e protocol.Epoch, uid protocol.UID, kind protocol.Kind) []byte {
	return append(scoreKey(e, uid), kind...)
}

// get reads a record, and whether there is one.
func get[T any](s Store, table string, key []byte) (v T, ok bool, err error) {
	b, err := s.Get(table, key)
	if err != nil {
		return v, false, fmt.Errorf("%w: read %s: %w", ErrStore, table, err)
	}
	if b == nil {
		return v, false, nil
	}
	if err := wire.Decode(b, maxRecord, &v); err != nil {
		return v, false, fmt.Errorf("%w: %w: %s %x: %w", ErrStore, ErrRecord, table, key, err)
	}
	return v, true, nil
}

// row is a record with its key.
type row[T any] struct {
	key   []byte
	value T
}

// scan reads all records whose keys begin with prefix.
func scan[T any](s Store, table string, prefix []byte) ([]row[T], error) {
	var out []row[T]
	var bad error
	err := s.Scan(table, prefix, func(key, value []byte) bool {
		var v T
		if bad = wire.Decode(value, maxRecord, &v); bad != nil {
			bad = fmt.Errorf("%w: %s %x: %w", ErrRecord, table, key, bad)
			return false
		}
		out = append(out, row[T]{append([]byte(nil), key...), v})
		return true
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, fmt.Errorf("%w: scan %s: %w", ErrStore, table, err)
	}
	return out, nil
}

// keyOf reads the answer's key at the beginning of a row's key.
func keyOf(b []byte) (k wire.AnswerKey) {
	if len(b) >= 12 {
		k.Round = protocol.Round(binary.BigEndian.Uint64(b))
		k.UID = protocol.UID(binary.BigEndian.Uint16(b[8:]))
		k.Slot = binary.BigEndian.Uint16(b[10:])
	}
	return k
}

// epochOf reads the epoch, or the number of the round, at the beginning of a row's key.
func epochOf(b []byte) protocol.Epoch {
	if len(b) < 8 {
		return 0
	}
	return protocol.Epoch(binary.BigEndian.Uint64(b))
}

// put is one write of a batch.
type put struct {
	table string
	key   []byte
	value any // nil deletes
}

func write(s Store, puts ...put) error {
	err := s.Write(func(f func(string, []byte, []byte)) {
		for _, p := range puts {
			var b []byte
			if p.value != nil {
				b = wire.Encode(p.value)
			}
			f(p.table, p.key, b)
		}
	})
	if err != nil {
		return fmt.Errorf("%w: write %s: %w", ErrStore, puts[0].table, err)
	}
	return nil
}
