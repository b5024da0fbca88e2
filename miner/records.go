package miner

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// tableRounds holds a [Round] under its number.
const tableRounds = "miner-rounds"

// maxRound bounds a record that is read back: 1,024 slots of an answer each.
const maxRound = 64 << 20

// Round is what the miner knows of one round that it is asked in. It is written
// when the tasks are derived, after each answer, and when it is sealed; from
// then on it never changes.
type Round struct {
	_      struct{} `cbor:",toarray"`
	Round  protocol.Round
	Seat   protocol.SeatID
	Seed   protocol.Hash
	Slots  []Slot
	Sealed bool
	Root   protocol.Hash // of the commitment; zero until sealed
	Link   protocol.Hash // by which answers are planted; zero where none is
}

// Slot is one task of a round.
type Slot struct {
	_        struct{} `cbor:",toarray"`
	Task     wire.Task
	Salt     [32]byte
	Answered bool
	Body     []byte // of the answer
	Plant    *Plant // nil where the answer is what the model says
}

// Plant is what proves that an answer was planted, beside what is sealed.
type Plant struct {
	_        struct{} `cbor:",toarray"`
	Leaves   uint32
	Position uint32
	Token    int32
	State    protocol.Hash   // the true one
	Path     []protocol.Hash // of the altered leaf
}

func roundKey(n protocol.Round) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// Answers returns how many slots have an answer.
func (r *Round) Answers() int {
	n := 0
	for i := range r.Slots {
		if r.Slots[i].Answered {
			n++
		}
	}
	return n
}

// sealed returns what the commitment is over.
func (r *Round) sealed() *task.Sealed {
	var s task.Sealed
	for i := range r.Slots {
		slot := &r.Slots[i]
		s.Tasks, s.Salts = append(s.Tasks, slot.Task), append(s.Salts, slot.Salt)
		var body []byte
		if slot.Answered {
			body = slot.Body
		}
		s.Answers = append(s.Answers, body)
	}
	return &s
}

// LoadRound reads a round's record; nil when there is none.
func LoadRound(s Store, n protocol.Round) (*Round, error) {
	b, err := s.Get(tableRounds, roundKey(n))
	if err != nil || b == nil {
		return nil, err
	}
	var r Round
	if err := wire.Decode(b, maxRound, &r); err != nil {
		return nil, fmt.Errorf("round %d: %w: %w", n, ErrRecord, err)
	}
	return &r, nil
}

// save writes the record, and returns when it is durable.
func (r *Round) save(s Store) error {
	b := wire.Encode(r)
	if err := s.Write(func(put func(string, []byte, []byte)) { put(tableRounds, roundKey(r.Round), b) }); err != nil {
		return fmt.Errorf("save round %d: %w", r.Round, err)
	}
	return nil
}

// prune removes the records of rounds before keep.
func prune(s Store, keep protocol.Round) error {
	var old [][]byte
	err := s.Scan(tableRounds, nil, func(key, _ []byte) bool {
		if len(key) != 8 || binary.BigEndian.Uint64(key) >= uint64(keep) {
			return false
		}
		old = append(old, append([]byte(nil), key...))
		return true
	})
	if err != nil || len(old) == 0 {
		return err
	}
	return s.Write(func(put func(string, []byte, []byte)) {
		for _, key := range old {
			put(tableRounds, key, nil)
		}
	})
}
