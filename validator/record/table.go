package record

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Store keeps records: named tables.
type Store interface {
	// Get returns a value, nil when there is none.
	Get(table string, key []byte) ([]byte, error)
	// Write applies all puts made by fn at once, and returns when they are
	// durable. A nil value deletes the key.
	Write(fn func(put func(table string, key, value []byte))) error
	// Scan calls fn for every key of table that begins with prefix, in the order
	// of the bytes, until fn returns false. The store must not be called meanwhile.
	Scan(table string, prefix []byte, fn func(key, value []byte) bool) error
}

// The tables. Those of rounds begin their keys with a round, the others with
// an epoch, eight bytes big-endian; but tableTasks has task ids for keys, and
// tableMarks words.
const (
	tableAnswers    = "validator-answers"    // AnswerKey → Answer
	tableEnvelopes  = "validator-envelopes"  // AnswerKey → the answer's envelope, as it came
	tableTasks      = "validator-tasks"      // task id → AnswerKey
	tableJudgements = "validator-judgements" // AnswerKey → Judgement
	tableCards      = "validator-cards"      // AnswerKey, judge's uid → Card
	tableScores     = "validator-scores"     // epoch, uid, kind → scoring.Explanation
	tableEpochs     = "validator-epochs"     // epoch → Sealed
	tableFindings   = "validator-findings"   // epoch → wire.OpenCards
	tableAttests    = "validator-attests"    // round → wire.Attest
	tableAbstained  = "validator-abstained"  // epoch → Abstention
	tableFinals     = "validator-finals"     // epoch, uid, kind → Final
	tableClosed     = "validator-closed"     // epoch → Closed
	tableMade       = "validator-made"       // round → Made
	tablePairs      = "validator-pairs"      // round, uid → the envelope of published pairs, as it came
	tableSets       = "validator-sets"       // round, uid → Checked
	tablePast       = "validator-past"       // epoch → the rows of folded tables, packed
	tableMarks      = "validator-marks"      // one of the marks → what it says
)

var (
	// markFinals is the mark that says from which epoch on scores become final.
	markFinals = []byte("finals")
	// markOldest says which is the oldest folded epoch that has scores.
	markOldest = []byte("oldest")
	// markBegan lists the epochs of which there are weights, and none of the one
	// before, ascending.
	markBegan = []byte("began")
)

// maxRecord bounds a record that is read back: an answer of a mebibyte, or a run
// over 4,096 tokens.
const maxRecord = 4 << 20

// era begins the keys of an epoch or a round.
func era[T protocol.Epoch | protocol.Round](n T) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(n))
}

// eraOf reads the epoch or the round at the beginning of a row's key.
func eraOf(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func cardKey(k wire.AnswerKey, judge protocol.UID) []byte {
	return binary.BigEndian.AppendUint16(k.Bytes(), uint16(judge))
}

func setKey(n protocol.Round, setter protocol.UID) []byte {
	return binary.BigEndian.AppendUint16(era(n), uint16(setter))
}

// partKey names what a seat is worth in one kind.
func partKey(e protocol.Epoch, uid protocol.UID, kind protocol.Kind) []byte {
	return append(binary.BigEndian.AppendUint16(era(e), uint16(uid)), kind...)
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

// raw reads a value, also of a folded epoch; nil when there is none.
func (r *Reader) raw(table string, key []byte) ([]byte, error) {
	b, err := r.store.Get(table, key)
	if err != nil {
		return nil, fmt.Errorf("%w: read %s: %w", ErrStore, table, err)
	}
	if b != nil || !isFolded(table) {
		return b, nil
	}
	p, err := r.past(eraOf(key))
	return p.of(table, key[8:]), err
}

// get reads a record, nil when there is none.
func get[T any](r *Reader, table string, key []byte) (*T, error) {
	b, err := r.raw(table, key)
	if err != nil || b == nil {
		return nil, err
	}
	v := new(T)
	if err := wire.Decode(b, maxRecord, v); err != nil {
		return nil, corrupt(table, key, err)
	}
	return v, nil
}

func corrupt(table string, key []byte, err error) error {
	return fmt.Errorf("%w: %w: %s %x: %w", ErrStore, ErrCorrupt, table, key, err)
}

// scan reads all records whose keys begin with prefix: of a table that is folded,
// an epoch.
func scan[T any](r *Reader, table string, prefix []byte) ([]T, error) {
	var out []T
	var bad error
	add := func(key, value []byte) bool {
		var v T
		if err := wire.Decode(value, maxRecord, &v); err != nil {
			bad = corrupt(table, key, err)
			return false
		}
		out = append(out, v)
		return true
	}
	err := r.walk(table, prefix, add)
	if err == nil && bad == nil && len(out) == 0 && isFolded(table) {
		var p rows
		p, err = r.past(eraOf(prefix))
		for _, x := range p[table] {
			if !add(append(slices.Clip(prefix), x.Rest...), x.Value) {
				break
			}
		}
	}
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// walk calls fn for the rows of a table whose keys begin with prefix, until it
// returns false.
func (r *Reader) walk(table string, prefix []byte, fn func(key, value []byte) bool) error {
	if err := r.store.Scan(table, prefix, fn); err != nil {
		return fmt.Errorf("%w: scan %s: %w", ErrStore, table, err)
	}
	return nil
}

// below returns the keys of a table's rows of epochs, or rounds, before n.
func (r *Reader) below(table string, n uint64) (keys [][]byte, err error) {
	err = r.walk(table, nil, func(key, _ []byte) bool {
		if eraOf(key) >= n {
			return false
		}
		keys = append(keys, append([]byte(nil), key...))
		return true
	})
	return keys, err
}
