package meter

import (
	"bytes"
	"errors"
	"fmt"
)

// Limits of a module.
const (
	MaxModule    = 1 << 20 // bytes
	MaxFunctions = 1 << 14
	MaxLocals    = 1 << 12 // of a function, parameters included
	MaxNesting   = 1 << 9  // of blocks
	MaxList      = 1 << 16 // types, imports, exports, …
)

// MaxDepth is how many functions may be open at once. wazero's interpreter holds
// 2,000.
const MaxDepth = 1500

// FuelExport is the exported global, a 64-bit integer, that holds the fuel: set it
// before a run, read it afterwards; below zero the run ended for want of fuel.
const FuelExport = "assay.fuel"

var (
	// ErrModule says that bytes are no module, or one above the limits.
	ErrModule = errors.New("meter: not a module")
	// ErrUnsupported says that a module uses what is not metered.
	ErrUnsupported = errors.New("meter: module uses what is not metered")
)

// The sections.
const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
	sectionTag
)

// order is where a section stands among the others.
var order = [...]int{
	sectionType: 1, sectionImport: 2, sectionFunction: 3, sectionTable: 4, sectionMemory: 5, sectionTag: 6, sectionGlobal: 7,
	sectionExport: 8, sectionStart: 9, sectionElement: 10, sectionDataCount: 11, sectionCode: 12, sectionData: 13, sectionCustom: 0,
}

const header = "\x00asm\x01\x00\x00\x00"

// module is what the rewriting of functions needs to know of theirs.
type module struct {
	params    []int    // of each type
	functions []uint32 // type of each function that is not imported
	globals   uint32   // of the module itself; the counters come after them
	out       []byte
	wrote     bool // the section of globals is in out
	exported  bool // the section of exports is in out
	coded     bool // the code is in out
}

func (m *module) fuel() uint32  { return m.globals }
func (m *module) depth() uint32 { return m.globals + 1 }

// Rewrite returns the metered module. Custom sections (names, debugging) are left
// out. Errors: [ErrModule], [ErrUnsupported].
func Rewrite(b []byte) ([]byte, error) {
	if len(b) > MaxModule {
		return nil, fmt.Errorf("%d bytes, at most %d: %w", len(b), MaxModule, ErrModule)
	}
	if !bytes.HasPrefix(b, []byte(header)) {
		return nil, fmt.Errorf("another head: %w", ErrModule)
	}
	r, m, last := &reader{b: b, i: len(header)}, &module{out: []byte(header)}, 0
	for !r.end() {
		id := r.byte()
		body := r.bytes(r.u32())
		if r.err != nil {
			return nil, r.err
		}
		if id == sectionCustom {
			continue
		}
		if int(id) >= len(order) || order[id] <= last {
			return nil, fmt.Errorf("section %d is unknown, or not in its place: %w", id, ErrModule)
		}
		last = order[id]
		if err := m.section(id, &reader{b: body}); err != nil {
			return nil, fmt.Errorf("section %d: %w", id, err)
		}
	}
	m.before(len(order))
	if len(m.functions) > 0 && !m.coded {
		return nil, fmt.Errorf("functions without code: %w", ErrModule)
	}
	return m.out, nil
}

// section writes one section, and before it those that are missing.
func (m *module) section(id byte, r *reader) error {
	m.before(order[id])
	body := r.b
	switch id {
	case sectionType:
		m.types(r)
	case sectionImport:
		m.imports(r)
	case sectionFunction:
		for range r.count(MaxFunctions, "functions") {
			m.functions = append(m.functions, r.u32())
		}
	case sectionStart:
		return fmt.Errorf("it starts by itself, before fuel is filled: %w", ErrUnsupported)
	case sectionGlobal:
		body = m.global(r)
	case sectionExport:
		body = m.exports(r)
	case sectionCode:
		var err error
		if body, err = m.code(r); err != nil {
			return err
		}
	default:
		r.i = len(r.b) // the engine looks at it
	}
	if r.err == nil && !r.end() {
		r.fail("more after the last element")
	}
	m.out = appendSection(m.out, id, body)
	return r.err
}

// before writes the sections of globals and exports where the module has none and
// the next section comes after their place.
func (m *module) before(next int) {
	empty := []byte{0}
	if !m.wrote && next > order[sectionGlobal] {
		m.out = appendSection(m.out, sectionGlobal, m.global(&reader{b: empty}))
	}
	if !m.exported && next > order[sectionExport] {
		m.out = appendSection(m.out, sectionExport, m.exports(&reader{b: empty}))
	}
}

// types reads the numbers of parameters.
func (m *module) types(r *reader) {
	for range r.count(MaxList, "types") {
		if r.byte() != 0x60 {
			r.unsupported("a type that is no function's")
		}
		params := r.count(MaxLocals, "parameters")
		r.valueTypes(params)
		r.valueTypes(r.count(MaxLocals, "results"))
		m.params = append(m.params, params)
	}
}

// valueTypes steps over types of values, each of one byte.
func (r *reader) valueTypes(n int) {
	for range n {
		switch t := r.byte(); t {
		case 0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f, 0x69: // numbers; functions, externals, exceptions
		default:
			r.fail("a type of values, %#x", t)
		}
	}
}

// imports lets functions alone in.
func (m *module) imports(r *reader) {
	for range r.count(MaxList, "imports") {
		r.bytes(r.u32())
		r.bytes(r.u32())
		if kind := r.byte(); kind != 0 {
			r.unsupported("an import that is no function")
		}
		r.u32()
	}
}

// global copies the globals and appends the counters, which are 0.
func (m *module) global(r *reader) []byte {
	m.globals = uint32(r.count(MaxList, "globals"))
	m.wrote = true
	out := appendU32(nil, m.globals+2)
	out = append(out, r.b[r.i:]...)
	r.i = len(r.b) // the engine looks at their values; none of them may be of a variable
	return append(out,
		0x7e, 1, 0x42, 0, 0x0b, // fuel: a variable i64, i64.const 0
		0x7f, 1, 0x41, 0, 0x0b) // depth: a variable i32
}

// exports copies the exports and appends the fuel.
func (m *module) exports(r *reader) []byte {
	n := r.count(MaxList, "exports")
	m.exported = true
	from := r.i
	for range n {
		name := r.bytes(r.u32())
		kind, index := r.byte(), r.u32()
		if string(name) == FuelExport || kind == 3 && index >= m.globals {
			r.fail("it exports a counter")
		}
	}
	out := appendU32(nil, uint32(n)+1)
	out = append(out, r.b[from:r.i]...)
	out = append(appendU32(out, uint32(len(FuelExport))), FuelExport...)
	return appendU32(append(out, 3), m.fuel())
}

// code rewrites every function.
func (m *module) code(r *reader) ([]byte, error) {
	m.coded = true
	n := r.count(MaxFunctions, "functions")
	if r.err == nil && n != len(m.functions) {
		r.fail("%d bodies of %d functions", n, len(m.functions))
	}
	out := appendU32(nil, uint32(n))
	for i := range n {
		body := r.bytes(r.u32())
		if r.err != nil {
			return nil, r.err
		}
		if int(m.functions[i]) >= len(m.params) {
			return nil, fmt.Errorf("function %d has no type: %w", i, ErrModule)
		}
		f := function{m: m, r: reader{b: body}, params: uint32(m.params[m.functions[i]])}
		rewritten, err := f.rewrite()
		if err != nil {
			return nil, fmt.Errorf("function %d: %w", i, err)
		}
		out = append(appendU32(out, uint32(len(rewritten))), rewritten...)
	}
	return out, r.err
}
