package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Where a keyword holds subschemas.
var (
	single = []string{"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
	lists  = []string{"allOf", "anyOf", "oneOf", "prefixItems"}
	tables = []string{"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
	// refused keywords name or reach what is not in the schema, or cost the library
	// a copy of every object.
	refused = []string{
		"$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "$vocabulary",
		"contentSchema", "dependencies", "id", "unevaluatedItems", "unevaluatedProperties",
	}
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// cost is what a subschema with all that it refers to is worth; hops is the most
// references on one way through it.
type cost struct{ schemas, states, hops int }

func (c *cost) add(d cost) {
	c.schemas = min(c.schemas+d.schemas, MaxExpanded+1) // a sum of many stays a small number
	c.states = min(c.states+d.states, MaxStates+1)
	c.hops = max(c.hops, d.hops)
}

// surveyor walks a schema. Subschemas are known by their JSON Pointers.
type surveyor struct {
	root any
	done map[string]cost
	open map[string]bool // on the way from the root to here
}

// survey returns what a schema is worth, and refuses one outside of the language or
// above the limits. It looks at each subschema once.
func survey(root any) (cost, error) {
	s := surveyor{root: root, done: map[string]cost{}, open: map[string]bool{}}
	c, err := s.schema(root, "")
	switch {
	case err != nil:
		return c, err
	case c.schemas > MaxExpanded:
		return c, fmt.Errorf("more than %d subschemas when references are followed: %w", MaxExpanded, ErrCost)
	case c.states > MaxStates:
		return c, fmt.Errorf("patterns of more than %d states when references are followed: %w", MaxStates, ErrCost)
	case c.hops > MaxDepth:
		return c, fmt.Errorf("references follow each other more than %d times: %w", MaxDepth, ErrCost)
	}
	return c, nil
}

// schema returns the cost of the subschema v at a pointer.
func (s *surveyor) schema(v any, at string) (cost, error) {
	if c, ok := s.done[at]; ok {
		return c, nil
	}
	if s.open[at] {
		return cost{}, fmt.Errorf("#%.64s refers to itself: %w", at, ErrCost)
	}
	object, ok := v.(map[string]any)
	if _, isBool := v.(bool); !ok && !isBool {
		return cost{}, fmt.Errorf("#%.64s is no schema: %w", at, ErrSchema)
	}
	s.open[at] = true
	defer delete(s.open, at)
	c := cost{schemas: 1}
	if err := s.keywords(&c, object, at); err != nil {
		return cost{}, err
	}
	s.done[at] = c
	return c, nil
}

func (s *surveyor) keywords(c *cost, object map[string]any, at string) error {
	for _, k := range refused {
		if _, there := object[k]; there {
			return fmt.Errorf("#%.64s: the keyword %s is not taken: %w", at, k, ErrSchema)
		}
	}
	if d, there := object["$schema"]; there && d != draft {
		return fmt.Errorf("#%.64s: $schema must be %s: %w", at, draft, ErrSchema)
	}
	if err := s.patterns(c, object, at); err != nil {
		return err
	}
	for _, k := range single {
		if v, there := object[k]; there {
			if err := s.add(c, v, at+"/"+k); err != nil {
				return err
			}
		}
	}
	for _, k := range lists {
		list, _ := object[k].([]any) // another type is an error of the library's
		for i, v := range list {
			if err := s.add(c, v, at+"/"+k+"/"+strconv.Itoa(i)); err != nil {
				return err
			}
		}
	}
	for _, k := range tables {
		table, _ := object[k].(map[string]any)
		into := c
		if k == "$defs" || k == "definitions" {
			into = &cost{} // which costs where it is referred to
		}
		for _, name := range slices.Sorted(maps.Keys(table)) {
			if err := s.add(into, table[name], at+"/"+k+"/"+escape(name)); err != nil {
				return err
			}
		}
	}
	if r, there := object["$ref"]; there {
		return s.reference(c, r, at)
	}
	return nil
}

func (s *surveyor) add(c *cost, v any, at string) error {
	d, err := s.schema(v, at)
	c.add(d)
	return err
}

func (s *surveyor) reference(c *cost, r any, at string) error {
	ref, _ := r.(string)
	pointer, local := strings.CutPrefix(ref, "#")
	if !local || pointer != "" && pointer[0] != '/' || strings.Contains(pointer, "%") {
		return fmt.Errorf("#%.64s: $ref must be # and a JSON Pointer, not %.64q: %w", at, ref, ErrSchema)
	}
	v, err := s.find(pointer)
	if err != nil {
		return err
	}
	d, err := s.schema(v, pointer)
	d.hops++
	c.add(d)
	return err
}

// find returns the value at a pointer, which leads through places of subschemas
// alone: elsewhere a value is data.
func (s *surveyor) find(pointer string) (any, error) {
	v, at := s.root, strings.Split(pointer, "/")[1:]
	for i := 0; pointer != "" && i < len(at); i++ {
		object, _ := v.(map[string]any)
		keyword := at[i]
		v = object[keyword]
		if slices.Contains(single, keyword) {
			continue
		}
		if i++; i == len(at) {
			return nil, fmt.Errorf("#%.64s is no schema: %w", pointer, ErrSchema)
		}
		switch inner := v.(type) {
		case map[string]any:
			if !slices.Contains(tables, keyword) {
				return nil, fmt.Errorf("#%.64s is no schema: %w", pointer, ErrSchema)
			}
			v = inner[unescape(at[i])]
		case []any:
			k, err := strconv.Atoi(at[i])
			if !slices.Contains(lists, keyword) || err != nil || k < 0 || k >= len(inner) || strconv.Itoa(k) != at[i] {
				return nil, fmt.Errorf("#%.64s is no schema: %w", pointer, ErrSchema)
			}
			v = inner[k]
		default:
			return nil, fmt.Errorf("#%.64s is not there: %w", pointer, ErrSchema)
		}
	}
	return v, nil
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
