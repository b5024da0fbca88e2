package schema

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// flags are Go's for its own syntax, without classes of Unicode.
const flags = syntax.Perl &^ syntax.UnicodeGroups

// patterns adds the states of an object's patterns to its cost.
func (s *surveyor) patterns(c *cost, object map[string]any, at string) error {
	var all []string
	if p, ok := object["pattern"].(string); ok {
		all = append(all, p)
	}
	if table, ok := object["patternProperties"].(map[string]any); ok {
		for p := range table {
			all = append(all, p)
		}
	}
	for _, p := range all {
		n, err := measure(p)
		if err != nil {
			return fmt.Errorf("#%.64s: %w", at, err)
		}
		c.add(cost{states: n})
	}
	return nil
}

// measure returns about how many states the automaton of a pattern has, without
// making it: a{9}{9}{9} is eleven bytes and hundreds of states.
func measure(p string) (int, error) {
	if len(p) > MaxPattern {
		return 0, fmt.Errorf("a pattern of more than %d bytes: %w", MaxPattern, ErrCost)
	}
	tree, err := syntax.Parse(p, flags)
	if err != nil {
		return 0, fmt.Errorf("the pattern %.64q: %w: %w", p, ErrSchema, err)
	}
	return states(p, tree)
}

func states(p string, re *syntax.Regexp) (int, error) {
	if re.Flags&syntax.FoldCase != 0 {
		return 0, fmt.Errorf("the pattern %.64q folds case: %w", p, ErrSchema)
	}
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		k, err := states(p, sub)
		if err != nil {
			return 0, err
		}
		n = min(n+k, MaxStates+1)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1) // at most a thousand, as Go's parser has it
	}
	return min(n, MaxStates+1), nil
}

// pattern compiles a pattern that [survey] has measured. RE2's automata take
// time in proportion to states and text, whatever the pattern.
func pattern(p string) (jsonschema.Regexp, error) {
	if _, err := measure(p); err != nil {
		return nil, err
	}
	return regexp.Compile(p)
}
