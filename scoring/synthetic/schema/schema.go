package schema

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/assaynet/assay/protocol/task/synthetic/value"
)

// Limits of a schema.
const (
	MaxBytes  = 64 << 10
	MaxDepth  = 32   // of arrays and objects, and of references that lead to references
	MaxValues = 4096 // of values and keys
	// MaxExpanded is the most subschemas that there are when every reference is
	// replaced by what it names. Each looks at each value of a record at most
	// once, so that this times the values of a record bounds the work.
	MaxExpanded = 2048
	// MaxPattern is the most bytes of a pattern, MaxStates the most states of the
	// automata of all patterns of the expanded schema together. Matching takes at
	// most as many steps for each byte of a record.
	MaxPattern = 256
	MaxStates  = 1000
	// MaxLooks and MaxSteps bound the work of one record, some tenth of a second at
	// worst: its values and keys times the subschemas of the expanded schema, and
	// the bytes of its strings and keys times the states. A record above either is
	// not of the schema.
	MaxLooks = 1 << 16
	MaxSteps = 1 << 22
)

var (
	// ErrSchema says that a schema is none, or uses what is not in the language.
	ErrSchema = errors.New("schema: not a schema that is taken")
	// ErrCost says that a schema could make a record cost more than the limits.
	ErrCost = errors.New("schema: too costly")
)

// Schema is a schema that was found good. It is safe for concurrent use.
type Schema struct {
	s    *jsonschema.Schema
	cost cost
}

// Compile reads a schema. Errors: [ErrSchema], [ErrCost], and those of
// [value.Decode].
func Compile(b []byte) (*Schema, error) {
	doc, err := value.Decode(b, value.Limits{Bytes: MaxBytes, Depth: MaxDepth, Values: MaxValues})
	if err != nil {
		return nil, err
	}
	return Of(doc)
}

// Of is [Compile] of a value that [value.Decode] returned, within its limits
// or larger ones of the caller.
func Of(doc any) (*Schema, error) {
	cost, err := survey(doc)
	if err != nil {
		return nil, err
	}
	const name = "urn:assay:schema"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(nothing{})
	c.UseRegexpEngine(pattern)
	if err := c.AddResource(name, doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	s, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return &Schema{s, cost}, nil
}

// Valid reports whether v, a value that [value.Decode] returned, is of the schema.
func (s *Schema) Valid(v any) bool {
	values, bytes := value.Size(v)
	return values <= MaxLooks/s.cost.schemas && bytes <= MaxSteps/max(s.cost.states, 1) && s.s.Validate(v) == nil
}

// nothing loads no schema from anywhere. [survey] leaves nothing to load; this
// is the second lock.
type nothing struct{}

func (nothing) Load(url string) (any, error) {
	return nil, fmt.Errorf("%.64q is not here", url)
}
