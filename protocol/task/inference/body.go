package inference

import (
	"fmt"

	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Kind is the name under which a seat offers to take these tasks.
const Kind protocol.Kind = "inference"

// Limits of the bodies, named before anything is allocated.
const (
	// MaxOutputTokens is the most tokens of an answer; the network's own, lower
	// cap is in params.
	MaxOutputTokens = 4096
	maxPromptText   = 64 << 10
	// maxTaskBytes is a prompt with its settings, maxCardBytes a code, two
	// numbers and a root.
	maxTaskBytes = maxPromptText + 4<<10
	maxCardBytes = 256
)

// Task is the body of a [wire.Task]: everything that decides the answer.
type Task struct {
	_               struct{} `cbor:",toarray"`
	Model           protocol.ModelID
	System          string
	Prompt          string
	TemperatureBits uint32 // the bits of a binary32: 0 is greedy
	TopK            uint32 // 1 … form.MaxTopK
	TopP            uint32 // 1 … form.TopPOne
	Seed            [32]byte
	MaxTokens       uint32 // 1 … MaxOutputTokens
}

// ReadTask reads the body of a task and refuses settings that no engine takes.
// Errors are those of [wire.Decode], and [wire.ErrLimit].
func ReadTask(body []byte) (*Task, error) {
	t, err := read[Task](body, maxTaskBytes)
	if err != nil {
		return nil, fmt.Errorf("inference task: %w", err)
	}
	return t, t.Check()
}

// Check refuses settings that no engine takes: [wire.ErrLimit].
func (t *Task) Check() error {
	switch {
	case len(t.System)+len(t.Prompt) > maxPromptText:
		return fmt.Errorf("prompt of %d bytes, at most %d: %w", len(t.System)+len(t.Prompt), maxPromptText, wire.ErrLimit)
	case t.MaxTokens == 0 || t.MaxTokens > MaxOutputTokens:
		return fmt.Errorf("maximum of %d tokens, 1 … %d: %w", t.MaxTokens, MaxOutputTokens, wire.ErrLimit)
	case t.TopK == 0 || t.TopK > form.MaxTopK || t.TopP == 0 || t.TopP > form.TopPOne:
		return fmt.Errorf("top-k %d, top-p %d: %w", t.TopK, t.TopP, wire.ErrLimit)
	}
	return nil
}

// Result is the body of a [wire.Answer]: what a miner's run gave.
type Result struct {
	_           struct{} `cbor:",toarray"`
	Output      []int32  // token ids, the end token included
	Finish      string   // form.Stop or form.Length
	Leaves      []protocol.Hash
	Fingerprint protocol.Hash
	Millis      uint64 // how long the miner says it took; nothing is paid by it
}

// ReadResult reads the body of an answer and refuses what no honest miner
// sends. Errors are those of [wire.Decode], and [wire.ErrLimit].
func ReadResult(body []byte) (*Result, error) {
	r, err := read[Result](body, wire.MaxResultBytes)
	if err != nil {
		return nil, fmt.Errorf("inference result: %w", err)
	}
	return r, r.Check()
}

// Check refuses what no honest miner sends: [wire.ErrLimit].
func (r *Result) Check() error {
	switch {
	case len(r.Output) > MaxOutputTokens || len(r.Leaves) > MaxOutputTokens:
		return fmt.Errorf("%d tokens, %d leaves, at most %d: %w", len(r.Output), len(r.Leaves), MaxOutputTokens, wire.ErrLimit)
	case r.Finish != form.Stop && r.Finish != form.Length:
		return fmt.Errorf("finish %.20q: %w", r.Finish, wire.ErrLimit)
	}
	return nil
}

// Sum returns the sum of an answer that is a run, and what a kind says beside it,
// under a domain of the kind. Output, finish and time are in the digest; the leaves
// are those that give the fingerprint, one a token, else [wire.ErrLimit].
func (r *Result) Sum(domain string, beside string) (wire.Sum, error) {
	if len(r.Leaves) != len(r.Output) || wire.MerkleRoot(r.Leaves) != r.Fingerprint {
		return wire.Sum{}, fmt.Errorf("%d leaves of %d tokens do not give the fingerprint: %w", len(r.Leaves), len(r.Output), wire.ErrLimit)
	}
	said := wire.Encode(&said{Beside: beside, Output: r.Output, Finish: r.Finish, Millis: r.Millis})
	return wire.Sum{Digest: wire.HashOf(domain, said), Fingerprint: r.Fingerprint}, nil
}

// said is what of a run, and beside it, the fingerprint does not cover.
type said struct {
	_      struct{} `cbor:",toarray"`
	Beside string
	Output []int32
	Finish string
	Millis uint64
}

// A Code says in one word how an answer compares with the judge's own run.
type Code string

// The codes. Those up to CodeFailed follow from an own run and come with a
// root; the rest are decided without a run and have none (engine/arith/SPEC.md,
// section 7).
const (
	CodeExact   Code = "exact"  // equal, bit for bit
	CodeToken   Code = "token"  // another token was to be chosen at Position
	CodeState   Code = "state"  // the leaf at Position is not the model's
	CodeFailed  Code = "failed" // the model's run fails at Position
	CodeRange   Code = "range"  // a token id that the model does not have
	CodeLength  Code = "length" // no token, or more than the maximum
	CodeEnd     Code = "end"    // ended too early or too late
	CodeLeaves  Code = "leaves" // the leaves do not give the fingerprint
	maxCodeText      = len(CodeLength)
)

// Finding returns what the code says in the words of all kinds, "" for what is
// no code.
func (c Code) Finding() wire.Finding {
	switch c {
	case CodeExact:
		return wire.FindingPassed
	case CodeToken, CodeState, CodeFailed:
		return wire.FindingFalse
	case CodeRange, CodeLength, CodeEnd, CodeLeaves:
		return wire.FindingMalformed
	}
	return ""
}

// NeedsRun reports whether the code comes with the judge's own root.
func (c Code) NeedsRun() bool {
	return c == CodeExact || c.Finding() == wire.FindingFalse
}

// Card is the body of a [wire.Card] about an answer that was opened.
type Card struct {
	_        struct{} `cbor:",toarray"`
	Code     Code
	Position uint32        // first output position that differs, where the code has one
	Root     protocol.Hash // the judge's own root, bound to its own hotkey; zero without a run
	Tokens   uint32        // of the answer
}

// Finding says what the code does in the words of all kinds.
func (c *Card) Finding() wire.Finding { return c.Code.Finding() }

// ReadCard reads the body of a card and refuses what no honest judge sends.
// Errors are those of [wire.Decode], [wire.ErrLimit] and [wire.ErrUnknown].
func ReadCard(body []byte) (*Card, error) {
	c, err := read[Card](body, maxCardBytes)
	if err != nil {
		return nil, fmt.Errorf("inference card: %w", err)
	}
	return c, c.Check()
}

// Check refuses what no honest judge says: [wire.ErrLimit], [wire.ErrUnknown].
func (c *Card) Check() error {
	switch {
	case c.Code.Finding() == "":
		return fmt.Errorf("code %.*q: %w", maxCodeText, c.Code, wire.ErrUnknown)
	case c.Position > MaxOutputTokens || c.Tokens > MaxOutputTokens:
		return fmt.Errorf("position %d, %d tokens: %w", c.Position, c.Tokens, wire.ErrLimit)
	case c.Code.NeedsRun() == c.Root.IsZero():
		return fmt.Errorf("code %q with root %s: %w", c.Code, c.Root.Short(), wire.ErrLimit)
	}
	return nil
}

func read[T any](body []byte, limit int) (*T, error) {
	v := new(T)
	return v, wire.Decode(body, limit, v)
}
