package jsonschema

import (
	"fmt"
	"math/big"

	"github.com/assaynet/assay/engine/grammar/regex"
)

// maxSchemas bounds the schemas of a document, with those of the values that it
// lists.
const maxSchemas = 1 << 13

// keyword takes what one keyword of a schema says; of is the schema's object.
type keyword func(r *reader, s *schema, v, of *value) error

// knownKeywords are those that are known. Those without a function say nothing
// about a value, or are read with others.
func knownKeywords() map[string]keyword {
	return map[string]keyword{
		"$schema": nil, "$id": nil, "$anchor": nil, "$dynamicAnchor": nil, "$comment": nil, "$defs": nil, "definitions": nil,
		"title": nil, "description": nil, "default": nil, "examples": nil, "deprecated": nil, "readOnly": nil, "writeOnly": nil,
		"contentMediaType": nil, "contentEncoding": nil, "contentSchema": nil,
		"then": nil, "else": nil, "minContains": nil, "maxContains": nil,
		"type":  func(_ *reader, s *schema, v, _ *value) (err error) { s.types, err = typesOf(v); return err },
		"enum":  takeEnum,
		"const": takeConst,
		"$ref":  takeReference, "$dynamicRef": takeReference,
		"allOf": func(r *reader, s *schema, v, _ *value) error {
			ids, err := r.readAll(v)
			s.all = append(s.all, ids...)
			return err
		},
		"anyOf": func(r *reader, s *schema, v, _ *value) error {
			ids, err := r.readAll(v)
			s.some = append(s.some, ids)
			return err
		},
		"oneOf": func(r *reader, s *schema, v, _ *value) error {
			ids, err := r.readAll(v)
			s.one = append(s.one, ids)
			return err
		},
		"not": func(r *reader, s *schema, v, _ *value) error {
			id, err := r.read(v)
			s.not = append(s.not, id)
			return err
		},
		"if":               takeIf,
		"minimum":          number(func(o int) bool { return o >= 0 }),
		"maximum":          number(func(o int) bool { return o <= 0 }),
		"exclusiveMinimum": number(func(o int) bool { return o > 0 }),
		"exclusiveMaximum": number(func(o int) bool { return o < 0 }),
		"multipleOf":       takeMultiple,
		"minLength":        length(func(n int) (int, int) { return n, -1 }),
		"maxLength":        length(func(n int) (int, int) { return 0, n }),
		"pattern":          takePattern,
		"format":           takeFormat,
		"prefixItems":      func(r *reader, s *schema, v, _ *value) (err error) { s.prefix, err = r.readAll(v); return err },
		"items":            sub(func(s *schema) *int { return &s.items }),
		"contains":         takeContains,
		"minItems":         count(func(s *schema) *int { return &s.minItems }),
		"maxItems":         count(func(s *schema) *int { return &s.maxItems }),
		"uniqueItems":      takeUnique,
		"properties":       func(r *reader, s *schema, v, _ *value) (err error) { s.properties, err = r.readNamed(v); return err },
		"patternProperties": func(r *reader, s *schema, v, _ *value) (err error) {
			s.patterns, err = r.patternsOf(v)
			return err
		},
		"additionalProperties":  sub(func(s *schema) *int { return &s.additional }),
		"unevaluatedProperties": sub(func(s *schema) *int { return &s.unevaluatedProperties }),
		"unevaluatedItems":      sub(func(s *schema) *int { return &s.unevaluatedItems }),
		"propertyNames":         sub(func(s *schema) *int { return &s.names }),
		"required":              func(_ *reader, s *schema, v, _ *value) (err error) { s.required, err = readNames(v); return err },
		"minProperties":         count(func(s *schema) *int { return &s.minCount }),
		"maxProperties":         count(func(s *schema) *int { return &s.maxCount }),
		"dependentRequired":     takeNeeds,
		"dependentSchemas":      func(r *reader, s *schema, v, _ *value) (err error) { s.given, err = r.readNamed(v); return err },
	}
}

// sub is a keyword that is one schema.
func sub(field func(*schema) *int) keyword {
	return func(r *reader, s *schema, v, _ *value) (err error) {
		*field(s), err = r.read(v)
		return err
	}
}

// count is a keyword that counts items or properties.
func count(field func(*schema) *int) keyword {
	return func(_ *reader, s *schema, v, _ *value) error {
		n, ok := v.integer()
		if !ok {
			return fmt.Errorf("%w: it is no count", ErrSchema)
		}
		*field(s) = n
		return nil
	}
}

func number(keep func(order int) bool) keyword {
	return func(r *reader, s *schema, v, _ *value) error {
		if v.kind != isNumber {
			return fmt.Errorf("%w: it is no number", ErrSchema)
		}
		d, err := bounded(r.work, v.num, keep)
		if err != nil {
			return err
		}
		return s.bound(r.work, d)
	}
}

func takeMultiple(r *reader, s *schema, v, _ *value) error {
	if v.kind != isNumber || v.num.Cmp(new(big.Rat)) <= 0 {
		return fmt.Errorf("%w: it is no number above 0", ErrSchema)
	}
	d, err := multiples(r.work, v.num)
	if err != nil {
		return err
	}
	return s.bound(r.work, d)
}

func length(bounds func(n int) (least, most int)) keyword {
	return func(r *reader, s *schema, v, _ *value) error {
		n, ok := v.integer()
		if !ok {
			return fmt.Errorf("%w: it is no count", ErrSchema)
		}
		d, err := r.work.Length(bounds(n))
		if err != nil {
			return err
		}
		return s.narrow(r.work, d)
	}
}

func takePattern(r *reader, s *schema, v, _ *value) error {
	if v.kind != isString {
		return fmt.Errorf("%w: it is no text", ErrSchema)
	}
	d, err := regex.Search(r.work, v.text)
	if err != nil {
		return err
	}
	return s.narrow(r.work, d)
}

func takeFormat(r *reader, s *schema, v, _ *value) error {
	d, ok, err := formatOf(r.work, v.text)
	if err != nil {
		return err
	}
	if v.kind != isString || !ok {
		return fmt.Errorf("%w: the format %.80q", ErrUnsupported, v.text)
	}
	return s.narrow(r.work, d)
}

func takeEnum(r *reader, s *schema, v, _ *value) error {
	if v.kind != isArray {
		return fmt.Errorf("%w: it is no list of values", ErrSchema)
	}
	inner := s
	if s.listed { // beside const
		inner = newSchema()
	}
	inner.listed = true
	for _, item := range v.items {
		if err := r.list(inner, item); err != nil {
			return err
		}
	}
	return r.beside(s, inner)
}

func takeConst(r *reader, s *schema, v, _ *value) error {
	inner := s
	if s.listed {
		inner = newSchema()
	}
	if err := r.list(inner, v); err != nil {
		return err
	}
	return r.beside(s, inner)
}

// beside asks for another schema, too, where it is another.
func (r *reader) beside(s, inner *schema) error {
	if inner == s {
		return nil
	}
	id, err := r.add(inner)
	s.all = append(s.all, id)
	return err
}

func takeReference(r *reader, s *schema, v, of *value) error {
	if v.kind != isString {
		return fmt.Errorf("%w: it is no text", ErrSchema)
	}
	dynamic := of.get("$dynamicRef") == v
	to, err := r.places.find(v.text, of, dynamic)
	if err != nil {
		return err
	}
	id, err := r.read(to)
	s.all = append(s.all, id)
	return err
}

func takeIf(r *reader, s *schema, v, of *value) (err error) {
	if s.when, err = r.read(v); err != nil {
		return err
	}
	if then := of.get("then"); then != nil {
		if s.so, err = r.read(then); err != nil {
			return err
		}
	}
	if other := of.get("else"); other != nil {
		s.other, err = r.read(other)
	}
	return err
}

func takeContains(r *reader, s *schema, v, of *value) (err error) {
	if s.contains, err = r.read(v); err != nil {
		return err
	}
	if n := of.get("minContains"); n != nil {
		if err := count(func(s *schema) *int { return &s.minContains })(r, s, n, of); err != nil {
			return err
		}
	}
	if n := of.get("maxContains"); n != nil {
		return count(func(s *schema) *int { return &s.maxContains })(r, s, n, of)
	}
	return nil
}

func takeUnique(_ *reader, s *schema, v, _ *value) error {
	if v.kind != isBool {
		return fmt.Errorf("%w: it is true or false", ErrSchema)
	}
	s.unique = v.yes
	return nil
}

func takeNeeds(_ *reader, s *schema, v, _ *value) error {
	if v.kind != isObject {
		return fmt.Errorf("%w: it is no object", ErrSchema)
	}
	for i, name := range v.keys {
		names, err := readNames(v.items[i])
		if err != nil {
			return err
		}
		s.needs = append(s.needs, need{name, names})
	}
	return nil
}
