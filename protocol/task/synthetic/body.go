package synthetic

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Kind is the name under which a seat offers to make these records.
const Kind protocol.Kind = "synthetic"

// Limits of the bodies, named before anything is allocated.
const (
	// MaxText bounds the text of a record, in bytes: far more than the most tokens
	// of params.Synthetic stand for.
	MaxText = 256 << 10
	// maxNames and maxName bound each list of gates and checks on a card, and the
	// bytes of a name.
	maxNames = 16
	maxName  = 16

	maxTaskBytes = 16 << 10
	maxCardBytes = 1 << 10
)

// Task is the body of a [wire.Task]: a question, and the run that answers it.
type Task struct {
	_      struct{} `cbor:",toarray"`
	Family Family
	// Seed is what the question follows from in its family: [Derive]. Whoever reads
	// the record finds its checks again by it.
	Seed protocol.Hash
	// Run is what a model of the kind inference would be asked.
	Run inference.Task
}

// ReadTask reads the body of a task and refuses what no engine takes. Errors are
// those of [wire.Decode], [wire.ErrLimit], and [ErrFamily].
func ReadTask(body []byte) (*Task, error) {
	t := new(Task)
	if err := wire.Decode(body, maxTaskBytes, t); err != nil {
		return nil, fmt.Errorf("synthetic task: %w", err)
	}
	if !slices.Contains(Families(), t.Family) {
		return nil, fmt.Errorf("%.32q: %w", t.Family, ErrFamily)
	}
	return t, t.Run.Check()
}

// Record is the body of a [wire.Answer]: a run, and the text that its tokens are.
type Record struct {
	_    struct{} `cbor:",toarray"`
	Text string   // each byte that is no part of UTF-8 is U+FFFD
	Run  inference.Result
}

// ReadRecord reads the body of an answer and refuses what no honest miner sends.
// Errors are those of [wire.Decode], and [wire.ErrLimit].
func ReadRecord(body []byte) (*Record, error) {
	r := new(Record)
	if err := wire.Decode(body, wire.MaxResultBytes, r); err != nil {
		return nil, fmt.Errorf("synthetic record: %w", err)
	}
	if len(r.Text) > MaxText {
		return nil, fmt.Errorf("text of %d bytes, at most %d: %w", len(r.Text), MaxText, wire.ErrLimit)
	}
	return r, r.Run.Check()
}

// CodeText is the one code that this kind has beside those of inference: the text
// is not that of the tokens. It is found without a run.
const CodeText inference.Code = "text"

// FindingOf returns what a code of this kind says in the words of all kinds, "" for
// what is no code.
func FindingOf(c inference.Code) wire.Finding {
	if c == CodeText {
		return wire.FindingMalformed
	}
	return c.Finding()
}

// Card is the body of a [wire.Card] about a record that was opened.
type Card struct {
	_   struct{} `cbor:",toarray"`
	Run inference.Card
	// Gates are those that the record of an exact run does not pass, Checks those
	// of its question, each in their order. The run is paid all the same; a data set
	// leaves the record out.
	Gates, Checks []string
}

// Finding is [FindingOf] the run's code.
func (c *Card) Finding() wire.Finding { return FindingOf(c.Run.Code) }

// ReadCard reads the body of a card and refuses what no honest judge sends.
// Errors are those of [wire.Decode], [wire.ErrLimit] and [wire.ErrUnknown].
func ReadCard(body []byte) (*Card, error) {
	c := new(Card)
	if err := wire.Decode(body, maxCardBytes, c); err != nil {
		return nil, fmt.Errorf("synthetic card: %w", err)
	}
	if err := checkNames(c.Gates); err != nil {
		return nil, err
	}
	if err := checkNames(c.Checks); err != nil {
		return nil, err
	}
	if c.Run.Code != inference.CodeExact && len(c.Gates)+len(c.Checks) > 0 {
		return nil, fmt.Errorf("gates of a run with code %.8q: %w", c.Run.Code, wire.ErrLimit)
	}
	if c.Run.Code != CodeText {
		return c, c.Run.Check()
	}
	if c.Run.Position != 0 || !c.Run.Root.IsZero() || c.Run.Tokens > inference.MaxOutputTokens {
		return nil, fmt.Errorf("code %q with a position or a root: %w", CodeText, wire.ErrLimit)
	}
	return c, nil
}

func checkNames(list []string) error {
	if len(list) > maxNames {
		return fmt.Errorf("%d names, at most %d: %w", len(list), maxNames, wire.ErrLimit)
	}
	for _, name := range list {
		if len(name) == 0 || len(name) > maxName {
			return fmt.Errorf("the name %.20q: %w", name, wire.ErrLimit)
		}
	}
	return nil
}
