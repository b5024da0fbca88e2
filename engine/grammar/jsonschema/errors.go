package jsonschema

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// What can be wrong with a schema.
var (
	// ErrSchema means bytes that are no JSON schema.
	ErrSchema = errors.New("jsonschema: it is no JSON schema")
	// ErrUnsupported means a schema that asks for what is not done here, an
	// unknown keyword among it; the text says what.
	ErrUnsupported = errors.New("jsonschema: not supported")
	// ErrReference means a reference that leads nowhere, out of the schema, or
	// back to itself without a value between.
	ErrReference = errors.New("jsonschema: a reference")
	// ErrLimit means a schema above the limits.
	ErrLimit = errors.New("jsonschema: above the limits")
)

// maxWork bounds the transitions of all the automata of a schema together.
const maxWork = 1 << 20

// work is how much of maxWork was spent.
type work int

// spend counts what sets of texts have cost.
func (w *work) spend(sets ...*runes.DFA) error {
	for _, d := range sets {
		if d != nil {
			*w += work(d.Cost())
		}
	}
	if *w > maxWork {
		return fmt.Errorf("%w: its patterns and numbers take more than %d steps together", ErrLimit, maxWork)
	}
	return nil
}
