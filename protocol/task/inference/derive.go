package inference

import (
	"encoding/binary"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Kind is the name under which a seat announces that it takes these tasks.
const Kind = "inference"

// Settings of a task that is sampled. A judge draws from the same seed, so a
// sampled answer is as exact as a greedy one; it only takes another way.
const (
	sampledTemperature = 0x3f333333 // the bits of 0.7 in binary32
	topK               = 40
	sampledTopP        = 62259   // 0.95, in 65536ths
	wholeTopP          = 1 << 16 // greedy tasks keep all candidates
)

// Derive returns the task of one slot. Its id is
//
//	SHA-256("assay/1/task/inference" ‖ 0 ‖ len(chain) ‖ chain ‖ seed ‖ round ‖ uid ‖ registered ‖ slot)
//
// (lengths, rounds and heights in eight bytes, uid and slot in two, all
// big-endian), and all else is drawn from a stream that the id seeds: no two
// seats get the same task, and nobody can know it before the seed is drawn.
//
// The model is one of models, as the seat announced them, that p pays for; it
// is the zero id where there is none, and no such seat is on a roster.
func Derive(chain string, p *params.Params, seed protocol.Hash, round protocol.Round, seat protocol.SeatID, models []protocol.ModelID, slot uint16) wire.InferenceTask {
	t := wire.InferenceTask{
		ID:    taskID(chain, seed, round, seat, slot),
		Round: round, Seat: seat, Slot: slot,
		System:    p.Tasks.System,
		TopK:      topK,
		TopP:      wholeTopP,
		MaxTokens: p.Tasks.MaxTokens,
	}
	s := newStream(t.ID)
	t.Model = s.model(p, models)
	if s.below(100) < uint64(p.Tasks.SampledPercent) {
		t.TemperatureBits, t.TopP = sampledTemperature, sampledTopP
	}
	t.Seed = s.bytes()
	t.Prompt = s.prompt()
	return t
}

// DeriveAll returns the tasks of a seat in a round, in the order of their slots.
func DeriveAll(chain string, p *params.Params, seed protocol.Hash, round protocol.Round, seat protocol.SeatID, models []protocol.ModelID, slots uint16) []wire.InferenceTask {
	tasks := make([]wire.InferenceTask, slots)
	for i := range tasks {
		tasks[i] = Derive(chain, p, seed, round, seat, models, uint16(i))
	}
	return tasks
}

func taskID(chain string, seed protocol.Hash, round protocol.Round, seat protocol.SeatID, slot uint16) protocol.TaskID {
	b := binary.BigEndian.AppendUint64(nil, uint64(len(chain)))
	b = append(b, chain...)
	b = append(b, seed[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(round))
	b = binary.BigEndian.AppendUint16(b, uint16(seat.UID))
	b = binary.BigEndian.AppendUint64(b, uint64(seat.Registered))
	b = binary.BigEndian.AppendUint16(b, slot)
	return wire.HashOf("assay/1/task/inference", b)
}

// Message is one turn of the conversation that a task is.
type Message struct {
	Role    string // "system" or "user"
	Content string
}

// Messages returns the conversation that the model's chat format renders; the
// model's turn follows it.
func Messages(t *wire.InferenceTask) []Message {
	m := []Message{{Role: "user", Content: t.Prompt}}
	if t.System != "" {
		m = slices.Insert(m, 0, Message{Role: "system", Content: t.System})
	}
	return m
}

// stream is a supply of bytes that a task id determines: block i is
// SHA-256("assay/1/task/inference/stream" ‖ 0 ‖ id ‖ i).
type stream struct {
	id   protocol.TaskID
	next uint64
	left []byte
}

func newStream(id protocol.TaskID) *stream { return &stream{id: id} }

func (s *stream) block() [32]byte {
	h := wire.HashOf("assay/1/task/inference/stream", s.id[:], binary.BigEndian.AppendUint64(nil, s.next))
	s.next++
	return h
}

// bytes returns a whole fresh block.
func (s *stream) bytes() [32]byte { return s.block() }

// below returns a number in 0 … n−1, n > 0. The bias of the remainder is below
// n/2⁶⁴, which nothing here could use.
func (s *stream) below(n uint64) uint64 {
	if len(s.left) < 8 {
		b := s.block()
		s.left = b[:]
	}
	v := binary.BigEndian.Uint64(s.left)
	s.left = s.left[8:]
	return v % n
}

func (s *stream) model(p *params.Params, models []protocol.ModelID) protocol.ModelID {
	var paid []protocol.ModelID
	for _, m := range models {
		if _, ok := p.Class(m); ok && !slices.Contains(paid, m) {
			paid = append(paid, m)
		}
	}
	if len(paid) == 0 {
		return protocol.ModelID{}
	}
	return paid[s.below(uint64(len(paid)))]
}
