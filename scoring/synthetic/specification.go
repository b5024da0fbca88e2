package synthetic

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/schema"
)

var (
	// ErrSpecification says that a request is not one that can be judged.
	ErrSpecification = errors.New("synthetic: not a good specification")
	// ErrSet says that a set which a specification names was not given.
	ErrSet = errors.New("synthetic: a named set is missing")
)

// Specification is what a request asks for and pays.
type Specification struct {
	Topic string // for people and models; no gate reads it
	// Family asks for answers to the family's prompts, each from the seed of its
	// record; "": records are of the schema alone.
	Family synthetic.Family
	// Schema is what records must be; nil: any text.
	Schema *schema.Schema
	// Run names fields of a record, strings, that make one Python program in this
	// order; it must end without an error. Only with a schema.
	Run []string
	// Count is the most records that are paid, Price what one is paid at most, and
	// Maximum all that is paid, in base units.
	Count          uint32
	Price, Maximum uint64
	// Beacon is drawn after the last commitment. It orders records of one block.
	Beacon protocol.Hash
	// Sets names the evaluation and public sets that records must not overlap.
	Sets []protocol.Hash
	// Examples show what is wanted. They must pass the gates, and what they say is
	// not new.
	Examples []string
}

// places is how many records can be paid.
func (s *Specification) places() int {
	return int(min(uint64(s.Count), s.Maximum/s.Price, MaxRecords))
}

// check refuses what the numbers of a specification alone show to be wrong.
func (s *Specification) check() error {
	bad := func(format string, a ...any) error { return fmt.Errorf(format+": %w", append(a, ErrSpecification)...) }
	switch {
	case s.Count == 0 || s.Count > MaxRecords:
		return bad("it asks for %d records, at least one and at most %d", s.Count, MaxRecords)
	case s.Price == 0 || s.Price > s.Maximum:
		return bad("its price is %d of a maximum of %d", s.Price, s.Maximum)
	case s.Maximum > MaxAmount:
		return bad("its maximum is %d, at most %d", s.Maximum, uint64(MaxAmount))
	case len(s.Topic) > MaxTopic:
		return bad("its topic has %d bytes, at most %d", len(s.Topic), MaxTopic)
	case len(s.Sets) > MaxSets:
		return bad("it names %d sets, at most %d", len(s.Sets), MaxSets)
	case len(s.Examples) > MaxExamples:
		return bad("it has %d examples, at most %d", len(s.Examples), MaxExamples)
	case len(s.Run) > 0 && s.Schema == nil:
		return bad("it runs fields of records that have no schema")
	case s.Family != "" && s.Schema != nil:
		return bad("it has a family and a schema; answers of a family have a form of their own")
	case s.Family != "" && len(s.Examples) > 0:
		return bad("it has a family and examples; a family's prompts show their own")
	}
	if s.Family != "" {
		if _, err := synthetic.Derive(s.Family, protocol.Hash{}); err != nil {
			return fmt.Errorf("%w: %w", ErrSpecification, err)
		}
	}
	return nil
}

// named returns the given sets that the specification names, in its order.
func (s *Specification) named(given []*gramset.Set) ([]*gramset.Set, error) {
	var out []*gramset.Set
	for _, name := range s.Sets {
		found := false
		for _, g := range given {
			if !found && g.Name() == name {
				out, found = append(out, g), true
			}
		}
		if !found {
			return nil, fmt.Errorf("set %s: %w", name, ErrSet)
		}
	}
	return out, nil
}
