package jsonschema

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/grammar/runes"
)

func silenced(ways []claims) []claims {
	for _, w := range ways {
		for i := range w {
			w[i].silent = true
		}
	}
	return ways
}

// one is a way of one claim.
func one(c claim) claims { return claims{c} }

// arrayParts are what a schema's own keywords say of arrays.
func (f *finder) arrayParts(s *schema) (parts []part) {
	if s.minItems > 0 || s.maxItems != none {
		parts = append(parts, between(claimLength, s.minItems, s.maxItems, claim{}))
	}
	if s.prefix != nil || s.items != none {
		parts = append(parts, func(not bool) (out []claims, err error) {
			if !not {
				return []claims{one(claim{kind: claimItems, prefix: s.prefix, items: s.items})}, nil
			}
			for i, id := range s.prefix {
				out = append(out, one(claim{kind: claimItem, least: i, literal: -holds(id)}))
			}
			if s.items != none {
				out = append(out, one(claim{kind: claimContains, from: len(s.prefix), literal: -holds(s.items), least: 1, most: none}))
			}
			return out, nil
		})
	}
	if s.contains != none {
		parts = append(parts, between(claimContains, s.minContains, s.maxContains, claim{literal: holds(s.contains)}))
	}
	if s.unique {
		parts = append(parts, func(not bool) ([]claims, error) {
			if not {
				return nil, fmt.Errorf("%w: uniqueItems in what is not to hold", ErrUnsupported)
			}
			return []claims{one(claim{kind: claimUnique})}, nil
		})
	}
	return parts
}

// between is that a count is least … most, or is not.
func between(kind claimKind, least, most int, c claim) part {
	return func(not bool) (out []claims, err error) {
		c.kind = kind
		if !not {
			c.least, c.most = least, most
			return []claims{one(c)}, nil
		}
		if least > 0 {
			c.least, c.most = 0, least-1
			out = append(out, one(c))
		}
		if most != none {
			c.least, c.most = most+1, none
			out = append(out, one(c))
		}
		return out, nil
	}
}

// objectParts are what a schema's own keywords say of objects.
func (f *finder) objectParts(s *schema, fine bool) (parts []part, err error) {
	if s.properties != nil || s.patterns != nil || s.additional != none {
		parts = append(parts, f.propertiesPart(s))
	}
	if len(s.required) > 0 {
		parts = append(parts, f.requiredPart(s.required))
	}
	if s.minCount > 0 || s.maxCount != none {
		parts = append(parts, between(claimCount, s.minCount, s.maxCount, claim{}))
	}
	if s.names != none {
		texts, err := f.c.strings.of(s.names)
		if err != nil {
			return nil, err
		}
		rest, err := f.c.work.Minus(runes.All, texts)
		if err != nil {
			return nil, err
		}
		parts = append(parts, func(not bool) ([]claims, error) {
			if not {
				return []claims{one(claim{kind: claimSome, texts: rest})}, nil
			}
			return []claims{one(claim{kind: claimNames, texts: texts})}, nil
		})
	}
	for _, n := range s.needs {
		parts = append(parts, f.needPart(n))
	}
	for _, g := range s.given {
		parts = append(parts, func(not bool) ([]claims, error) {
			ways, err := f.ways(g.schema, not, fine)
			if err != nil {
				return nil, err
			}
			has := []claims{one(claim{kind: claimHas, name: g.name})}
			if ways, err = f.product(has, ways); err != nil || not {
				return ways, err
			}
			return append(ways, one(claim{kind: claimAbsent, name: g.name})), nil
		})
	}
	return parts, nil
}

func (f *finder) propertiesPart(s *schema) part {
	return func(not bool) (out []claims, err error) {
		if !not {
			return []claims{one(claim{kind: claimProperties, properties: s.properties, patterns: s.patterns, additional: s.additional})}, nil
		}
		var names []string
		for _, p := range s.properties {
			names = append(names, p.name)
			out = append(out, one(claim{kind: claimHas, name: p.name, literal: -holds(p.schema)}))
		}
		for _, p := range s.patterns {
			out = append(out, one(claim{kind: claimSome, texts: p.texts, literal: -holds(p.schema)}))
		}
		if s.additional == none {
			return out, nil
		}
		others, err := without(f.c.work, runes.All, names)
		for _, p := range s.patterns {
			if err == nil {
				others, err = f.c.work.Minus(others, p.texts)
			}
		}
		return append(out, one(claim{kind: claimSome, texts: others, literal: -holds(s.additional)})), err
	}
}

func without(w *runes.Work, d *runes.DFA, names []string) (*runes.DFA, error) {
	if len(names) == 0 {
		return d, nil
	}
	words, err := w.Words(names)
	if err != nil {
		return nil, err
	}
	return w.Minus(d, words)
}

// needPart is dependentRequired of one property.
func (f *finder) needPart(n need) part {
	return func(not bool) ([]claims, error) {
		if err := f.c.work.Spend(claimUnits * 2 * (1 + len(n.names))); err != nil {
			return nil, err
		}
		all := claims{{kind: claimHas, name: n.name}}
		if not {
			var out []claims
			for _, name := range n.names {
				out = append(out, append(slices.Clone(all), claim{kind: claimAbsent, name: name}))
			}
			return out, nil
		}
		for _, name := range n.names {
			all = append(all, claim{kind: claimHas, name: name})
		}
		return []claims{one(claim{kind: claimAbsent, name: n.name}), all}, nil
	}
}

// requiredPart is that properties are there.
func (f *finder) requiredPart(names []string) part {
	return func(not bool) ([]claims, error) {
		if err := f.c.work.Spend(claimUnits * len(names)); err != nil {
			return nil, err
		}
		var all claims
		var out []claims
		for _, name := range names {
			all = append(all, claim{kind: claimHas, name: name})
			out = append(out, one(claim{kind: claimAbsent, name: name}))
		}
		if not {
			return out, nil
		}
		return []claims{all}, nil
	}
}

// unevaluated adds to each way in which a schema holds what it asks of items or
// properties that nothing in it looked at.
func (f *finder) unevaluated(s *schema, ways []claims) ([]claims, error) {
	switch {
	case f.array && s.unevaluatedItems == none, !f.array && s.unevaluatedProperties == none:
		return ways, nil
	}
	ways = slices.Clone(ways)
	for i, w := range ways {
		units := 0
		for _, x := range w {
			units += claimUnits + lookUnits*len(x.properties) + claimUnits*len(x.patterns)
		}
		if err := f.c.work.Spend(units); err != nil {
			return nil, err
		}
		c, all := restProperties(w, s.unevaluatedProperties)
		if f.array {
			c, all = restItems(w, s.unevaluatedItems)
		}
		if !all {
			ways[i] = append(slices.Clone(w), c)
		}
	}
	return ways, nil
}

func restItems(w claims, id int) (c claim, all bool) {
	c = claim{kind: claimRest, literal: holds(id)}
	for _, x := range w {
		switch {
		case x.silent:
		case x.kind == claimItems:
			c.from = max(c.from, len(x.prefix))
			all = all || x.items != none
		case x.kind == claimContains:
			c.others = append(c.others, x.literal)
		case x.kind == claimRest:
			all = true
		}
	}
	return c, all
}

func restProperties(w claims, id int) (c claim, all bool) {
	c = claim{kind: claimProperties, additional: id}
	for _, x := range w {
		if x.kind != claimProperties || x.silent {
			continue
		}
		for _, p := range x.properties {
			c.properties = append(c.properties, named{name: p.name, schema: none})
		}
		for _, p := range x.patterns {
			c.patterns = append(c.patterns, named{name: p.name, texts: p.texts, schema: none})
		}
		all = all || x.additional != none
	}
	return c, all
}
