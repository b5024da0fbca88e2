package synthetic

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/scoring/synthetic/schema"
)

// ErrLine says that a line is neither a specification nor a record.
var ErrLine = errors.New("synthetic: not a line of this kind")

// Line is one line of a file: a specification or a record.
type Line struct {
	Specification *Specification
	Record        *Record
}

// ParseLine reads a line, one of
//
//	{"specification": {"count": …, "price": …, "maximum": …, "beacon": "…",
//	  "topic": "…", "family": "…", "schema": {…}, "run": ["…"], "sets": ["…"], "examples": ["…"]}}
//	{"record": "…", "maker": …, "block": …, "text": "…", "seed": "…"}
//
// where hashes are 64 hex digits, and all fields of a specification but the
// first four may be left out, and seed where there is no family. Errors:
// [ErrLine], those of package value and of package schema.
func ParseLine(b []byte) (Line, error) {
	v, err := value.Decode(b, value.Limits{Bytes: MaxLine, Depth: schema.MaxDepth + 4, Values: maxLineKeys})
	if err != nil {
		return Line{}, err
	}
	f := fields{left: map[string]any{}}
	if o, ok := v.(map[string]any); ok {
		f.left = o
	}
	if _, ok := f.left["specification"]; ok {
		inner := f.object("specification")
		f.end()
		s := inner.specification()
		inner.end()
		return Line{Specification: s}, errors.Join(f.err, inner.err)
	}
	r := &Record{
		ID: f.hash("record", true), Maker: uint32(f.number("maker", 1<<32-1)), Block: f.number("block", MaxAmount),
		Seed: f.hash("seed", false), Text: f.text("text", true),
	}
	f.end()
	return Line{Record: r}, f.err
}

// fields takes the fields of an object one by one. The first error stays.
type fields struct {
	left map[string]any
	err  error
}

func (f *fields) fail(format string, a ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format+": %w", append(a, ErrLine)...)
	}
}

// take returns a field of type T and removes it.
func take[T any](f *fields, name, what string, needed bool) (v T, ok bool) {
	raw, there := f.left[name]
	delete(f.left, name)
	if !there {
		if needed {
			f.fail("it has no %q", name)
		}
		return v, false
	}
	v, ok = raw.(T)
	if !ok {
		f.fail("its %q is not %s", name, what)
	}
	return v, ok
}

// end refuses the fields that nobody took.
func (f *fields) end() {
	if len(f.left) > 0 {
		f.fail("unknown field %.32q", slices.Min(slices.Collect(maps.Keys(f.left))))
	}
}

func (f *fields) object(name string) *fields {
	o, _ := take[map[string]any](f, name, "an object", true)
	return &fields{left: maps.Clone(o)}
}

func (f *fields) text(name string, needed bool) string {
	s, _ := take[string](f, name, "a string", needed)
	return s
}

func (f *fields) number(name string, most uint64) uint64 {
	n, ok := take[json.Number](f, name, "a number", true)
	v, err := strconv.ParseUint(string(n), 10, 64)
	if ok && (err != nil || v > most) {
		f.fail("its %q is not a whole number of at most %d", name, most)
	}
	return v
}

func (f *fields) hash(name string, needed bool) (h protocol.Hash) {
	s, ok := take[string](f, name, "a string", needed)
	if !ok {
		return h
	}
	h, err := protocol.ParseHash(s)
	if err != nil {
		f.fail("its %q is not 64 hex digits", name)
	}
	return h
}

// texts takes a list of strings that may be left out.
func (f *fields) texts(name string) []string {
	list, _ := take[[]any](f, name, "a list", false)
	out := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			f.fail("its %q holds what is no string", name)
		}
		out = append(out, s)
	}
	return out
}

func (f *fields) specification() *Specification {
	s := &Specification{
		Count: uint32(f.number("count", 1<<32-1)), Price: f.number("price", MaxAmount), Maximum: f.number("maximum", MaxAmount),
		Beacon: f.hash("beacon", true),
	}
	for _, name := range f.texts("sets") {
		h, err := protocol.ParseHash(name)
		if err != nil {
			f.fail("its \"sets\" hold what is not 64 hex digits")
		}
		s.Sets = append(s.Sets, h)
	}
	f.wanted(s)
	return s
}

// wanted takes the fields that say what records are to be.
func (f *fields) wanted(s *Specification) {
	s.Topic, s.Family = f.text("topic", false), synthetic.Family(f.text("family", false))
	s.Run, s.Examples = f.texts("run"), f.texts("examples")
	if doc, there := f.left["schema"]; there {
		delete(f.left, "schema")
		compiled, err := schema.Of(doc)
		if err != nil && f.err == nil {
			f.err = fmt.Errorf("its schema: %w", err)
		}
		s.Schema = compiled
	}
}
