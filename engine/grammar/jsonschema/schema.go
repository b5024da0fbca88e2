package jsonschema

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/assaynet/assay/engine/grammar/regex"
	"github.com/assaynet/assay/engine/grammar/runes"
)

// Types of values, as bits.
const (
	typeNull = 1 << iota
	typeBool
	typeInteger
	typeFraction // a number that is no integer
	typeString
	typeArray
	typeObject
	everyType = 1<<7 - 1
)

var typeNames = map[string]uint8{
	"null": typeNull, "boolean": typeBool, "integer": typeInteger, "number": typeInteger | typeFraction,
	"string": typeString, "array": typeArray, "object": typeObject,
}

// named is a schema under a name or pattern.
type named struct {
	name   string
	texts  *runes.DFA // of a pattern
	schema int
}

// none is where a schema has no such keyword.
const none = -1

// schema is what one says, its subschemas by their numbers.
type schema struct {
	never bool
	types uint8

	// enum and const: values of the simple types, and schemas of the others.
	listed  bool
	bits    uint8
	numbers []*big.Rat
	words   []string
	others  []int

	numeric *runes.DFA // of the numbers, nil: all
	texts   *runes.DFA // of the strings, nil: all

	prefix             []int
	items              int
	contains           int
	minContains        int
	maxContains        int // none: no bound
	minItems, maxItems int
	unique             bool
	unevaluatedItems   int

	properties, patterns  []named
	additional            int
	required              []string
	minCount, maxCount    int
	names                 int
	needs                 []need  // dependentRequired
	given                 []named // dependentSchemas
	unevaluatedProperties int

	all             []int // allOf and references
	some, one       [][]int
	not             []int
	when, so, other int // if, then, else
}

// size is how much a schema says of arrays and objects by itself.
func (s *schema) size() int {
	n := len(s.prefix) + len(s.properties) + len(s.patterns) + len(s.required) + len(s.needs) + len(s.given) + len(s.all) + len(s.not)
	for _, ids := range slices.Concat(s.some, s.one) {
		n += len(ids)
	}
	return n + len(s.others)
}

// need is the properties that one property asks for.
type need struct {
	name  string
	names []string
}

func newSchema() *schema {
	return &schema{
		types: everyType, items: none, contains: none, minContains: 1, maxContains: none, maxItems: none, unevaluatedItems: none,
		additional: none, maxCount: none, names: none, unevaluatedProperties: none, when: none, so: none, other: none,
	}
}

// reader turns a document into schemas.
type reader struct {
	places  places
	known   map[string]keyword
	ids     map[*value]int
	schemas []*schema
	work    *runes.Work
}

// read returns the number of the schema that a value is.
func (r *reader) read(v *value) (int, error) {
	if id, ok := r.ids[v]; ok {
		return id, nil
	}
	id := len(r.schemas)
	if id >= maxSchemas {
		return 0, fmt.Errorf("%w: more than %d schemas", ErrLimit, maxSchemas)
	}
	s := newSchema()
	r.ids[v] = id
	r.schemas = append(r.schemas, s)
	switch v.kind {
	case isBool:
		s.never = !v.yes
		return id, nil
	case isObject:
	default:
		return 0, fmt.Errorf("%w: a schema is an object, true or false", ErrSchema)
	}
	for i, name := range v.keys {
		take, known := r.known[name]
		if !known {
			return 0, fmt.Errorf("%w: the keyword %.80q", ErrUnsupported, name)
		}
		if take == nil {
			continue
		}
		if err := take(r, s, v.items[i], v); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return id, nil
}

// add makes a schema that the document does not have.
func (r *reader) add(s *schema) (int, error) {
	if len(r.schemas) >= maxSchemas {
		return 0, fmt.Errorf("%w: more than %d schemas", ErrLimit, maxSchemas)
	}
	r.schemas = append(r.schemas, s)
	return len(r.schemas) - 1, nil
}

// readAll reads an array of schemas, of at least one.
func (r *reader) readAll(v *value) ([]int, error) {
	if v.kind != isArray || len(v.items) == 0 {
		return nil, fmt.Errorf("%w: it is no list of schemas", ErrSchema)
	}
	ids := make([]int, len(v.items))
	for i, item := range v.items {
		var err error
		if ids[i], err = r.read(item); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// readNamed reads an object of schemas.
func (r *reader) readNamed(v *value) ([]named, error) {
	if v.kind != isObject {
		return nil, fmt.Errorf("%w: it is no object of schemas", ErrSchema)
	}
	out := make([]named, len(v.keys))
	for i, name := range v.keys {
		id, err := r.read(v.items[i])
		if err != nil {
			return nil, err
		}
		out[i] = named{name: name, schema: id}
	}
	return out, nil
}

func readNames(v *value) ([]string, error) {
	if v.kind != isArray {
		return nil, fmt.Errorf("%w: it is no list of names", ErrSchema)
	}
	if len(v.items) > maxNames {
		return nil, fmt.Errorf("%w: a list of more than %d names", ErrLimit, maxNames)
	}
	var names []string
	for _, item := range v.items {
		if item.kind != isString {
			return nil, fmt.Errorf("%w: it is no list of names", ErrSchema)
		}
		names = append(names, item.text)
	}
	return names, nil
}

// list adds a value to those of an enum.
func (r *reader) list(s *schema, v *value) error {
	s.listed = true
	switch v.kind {
	case isNull:
		s.bits |= bitNull
	case isBool:
		s.bits |= boolBit(v.yes)
	case isNumber:
		s.numbers = append(s.numbers, v.num)
	case isString:
		s.words = append(s.words, v.text)
	default:
		id, err := r.exactly(v)
		if err != nil {
			return err
		}
		s.others = append(s.others, id)
	}
	return nil
}

// exactly is the schema of one array or object.
func (r *reader) exactly(v *value) (int, error) {
	s := newSchema()
	s.types = typeObject
	if v.kind == isArray {
		s.types = typeArray
	}
	never := newSchema()
	never.never = true
	nothing, err := r.add(never)
	if err != nil {
		return 0, err
	}
	s.items, s.additional = nothing, nothing
	s.minItems, s.maxItems, s.minCount = len(v.items), len(v.items), 0
	for i, item := range v.items {
		only := newSchema()
		if err := r.list(only, item); err != nil {
			return 0, err
		}
		id, err := r.add(only)
		if err != nil {
			return 0, err
		}
		if v.kind == isArray {
			s.prefix = append(s.prefix, id)
		} else {
			s.properties = append(s.properties, named{name: v.keys[i], schema: id})
			s.required = append(s.required, v.keys[i])
		}
	}
	return r.add(s)
}

// narrow keeps of a schema's strings those of another set.
func (s *schema) narrow(w *runes.Work, texts *runes.DFA) (err error) {
	if s.texts == nil {
		s.texts = runes.All
	}
	s.texts, err = w.And(s.texts, texts)
	return err
}

// bound keeps of a schema's numbers those of another set.
func (s *schema) bound(w *runes.Work, texts *runes.DFA) (err error) {
	if s.numeric == nil {
		s.numeric = decimals
	}
	s.numeric, err = w.And(s.numeric, texts)
	return err
}

// patternsOf reads patternProperties.
func (r *reader) patternsOf(v *value) ([]named, error) {
	list, err := r.readNamed(v)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].texts, err = regex.Search(r.work, list[i].name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// typesOf reads type.
func typesOf(v *value) (uint8, error) {
	list := []*value{v}
	if v.kind == isArray {
		list = v.items
	}
	var types uint8
	for _, item := range list {
		bit, ok := typeNames[item.text]
		if item.kind != isString || !ok {
			return 0, fmt.Errorf("%w: %.80q is no type", ErrSchema, item.text)
		}
		types |= bit
	}
	return types, nil
}
