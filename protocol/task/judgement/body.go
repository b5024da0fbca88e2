package judgement

import (
	"fmt"
	"math"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

// Kind is the name under which a seat offers to take these tasks.
const Kind protocol.Kind = "judgement"

// Limits of the bodies, named before anything is allocated: three texts, four
// logits with two leaves, and a code with a root.
const (
	maxTaskBytes   = 3*pair.MaxBytes + 256
	maxResultBytes = 256
	maxCardBytes   = 128
)

// Orders is how often a pair is shown: A first, then B first.
const Orders = 2

// Task is the body of a [wire.Task]: a pair and who judges it.
type Task struct {
	_            struct{} `cbor:",toarray"`
	Model        protocol.ModelID
	Prompt, A, B string // each 1 … pair.MaxBytes
}

// ReadTask reads the body of a task. Errors are those of [wire.Decode], and
// [wire.ErrLimit].
func ReadTask(body []byte) (*Task, error) {
	t, err := read[Task](body, maxTaskBytes)
	if err != nil {
		return nil, fmt.Errorf("judgement task: %w", err)
	}
	for _, text := range []string{t.Prompt, t.A, t.B} {
		if len(text) < 1 || len(text) > pair.MaxBytes {
			return nil, fmt.Errorf("text of %d bytes, 1 … %d: %w", len(text), pair.MaxBytes, wire.ErrLimit)
		}
	}
	return t, nil
}

// Pair returns what is judged.
func (t *Task) Pair() pair.Pair { return pair.Pair{Prompt: t.Prompt, A: t.A, B: t.B} }

// Result is the body of a [wire.Answer]: what a miner's runs gave, one an order.
type Result struct {
	_ struct{} `cbor:",toarray"`
	// Logits are the bits of binary32 numbers, all of them finite: of each order,
	// that of the letter which stands before response A, and before response B.
	Logits [Orders][2]uint32
	// Leaves are those of greedy runs of one token (engine/fingerprint), with the
	// task's id and the miner's hotkey in each.
	Leaves [Orders]protocol.Hash
	Millis uint64 // how long the miner says it took; nothing is paid by it
}

// ReadResult reads the body of an answer and refuses what no honest miner sends.
// Errors are those of [wire.Decode], and [wire.ErrLimit].
func ReadResult(body []byte) (*Result, error) {
	r, err := read[Result](body, maxResultBytes)
	if err != nil {
		return nil, fmt.Errorf("judgement result: %w", err)
	}
	for _, order := range r.Logits {
		for _, bits := range order {
			if bits&infinite == infinite {
				return nil, fmt.Errorf("logit %08x: %w", bits, wire.ErrLimit)
			}
		}
	}
	return r, nil
}

// sum returns what of an answer enters the leaf of its slot.
func (r *Result) sum() wire.Sum {
	said := wire.Encode(&said{Logits: r.Logits, Millis: r.Millis})
	return wire.Sum{Digest: wire.HashOf("assay/1/judgement/said", said), Fingerprint: wire.MerkleRoot(r.Leaves[:])}
}

// said is what the leaves do not cover.
type said struct {
	_      struct{} `cbor:",toarray"`
	Logits [Orders][2]uint32
	Millis uint64
}

// infinite is the exponent of binary32 numbers that are none, or infinite.
const infinite = 0x7f800000

// Margin returns by how much the model prefers A, as the bits of a binary32
// number: with a and b the logits of both responses in each order,
//
//	(a₀ − b₀) + (a₁ − b₁)
//
// each operation rounded to nearest, ties to even. Finite logits may give one that
// is not.
func (r *Result) Margin() uint32 {
	x, y := r.Logits[0], r.Logits[1]
	first := math.Float32bits(math.Float32frombits(x[0]) - math.Float32frombits(x[1]))
	second := math.Float32bits(math.Float32frombits(y[0]) - math.Float32frombits(y[1]))
	return math.Float32bits(math.Float32frombits(first) + math.Float32frombits(second))
}

// Side returns the side of the response that the model prefers: the sign of the
// margin, and pair.Neither where that is zero or no number.
func (r *Result) Side() int8 {
	switch m := r.Margin(); {
	case m<<1 == 0 || m&^(1<<31) > infinite:
		return pair.Neither
	case m>>31 == 1:
		return pair.B
	}
	return pair.A
}

// SideName returns the side as people and programs read it: "a", "b", or "".
func (r *Result) SideName() string { return [...]string{"a", "", "b"}[r.Side()+1] }

// A Code says in one word how an answer compares with the judge's own runs.
type Code string

// The codes.
const (
	CodeExact    Code = "exact"  // equal, bit for bit
	CodeState    Code = "state"  // the leaf of the order is not the model's
	CodeLogit    Code = "logit"  // the leaf is right, but not a logit of the order
	CodeFailed   Code = "failed" // the model's run fails in the order
	maxCodeBytes      = len(CodeFailed)
)

// Finding returns what the code says in the words of all kinds, "" for what is no
// code.
func (c Code) Finding() wire.Finding {
	switch c {
	case CodeExact:
		return wire.FindingPassed
	case CodeState, CodeLogit, CodeFailed:
		return wire.FindingFalse
	}
	return ""
}

// Card is the body of a [wire.Card] about an answer that was opened.
type Card struct {
	_     struct{} `cbor:",toarray"`
	Code  Code
	Order uint8         // the first that differs, below Orders; 0 where none does
	Root  protocol.Hash // over the leaves of the judge's own runs, bound to its own hotkey
}

// Finding says what the code does in the words of all kinds.
func (c *Card) Finding() wire.Finding { return c.Code.Finding() }

// ReadCard reads the body of a card and refuses what no honest judge sends. Errors
// are those of [wire.Decode], [wire.ErrLimit] and [wire.ErrUnknown].
func ReadCard(body []byte) (*Card, error) {
	c, err := read[Card](body, maxCardBytes)
	if err != nil {
		return nil, fmt.Errorf("judgement card: %w", err)
	}
	switch {
	case c.Code.Finding() == "":
		return nil, fmt.Errorf("code %.*q: %w", maxCodeBytes, c.Code, wire.ErrUnknown)
	case c.Order >= Orders || (c.Code == CodeExact && c.Order != 0):
		return nil, fmt.Errorf("code %q in order %d: %w", c.Code, c.Order, wire.ErrLimit)
	case c.Root.IsZero():
		return nil, fmt.Errorf("code %q without a root: %w", c.Code, wire.ErrLimit)
	}
	return c, nil
}

func read[T any](body []byte, limit int) (*T, error) {
	v := new(T)
	return v, wire.Decode(body, limit, v)
}
