package ptx

import (
	"fmt"
	"slices"
)

// The limits of a kernel, far above what kernels here have.
const (
	maxRegs   = 1 << 16
	maxParams = 64
	maxShared = 227 << 10 // bytes; what the newest devices have
)

// parser reads a module.
type parser struct {
	list []token
	at   int
	m    *Module
	k    *Kernel
	// scopes hold names of registers, the innermost last.
	scopes []map[string]operand
	// shared holds the addresses of the module's and the kernel's shared variables.
	shared      map[string]uint64
	sharedBytes int // those of the module
	params      map[string]int
	values      map[uint64]int // constants' registers
	branches    []branch
}

// branch is one whose label may follow.
type branch struct {
	code  int
	label string
	line  int
}

// Parse reads a module. Errors: ErrSyntax, ErrOpcode.
func Parse(src string) (*Module, error) {
	list, err := tokens(src)
	if err != nil {
		return nil, err
	}
	p := &parser{list: list, m: &Module{Kernels: map[string]*Kernel{}}, shared: map[string]uint64{}}
	for p.at < len(p.list) {
		if err := p.top(); err != nil {
			return nil, err
		}
	}
	if p.m.Version == "" || p.m.Target == "" {
		return nil, fmt.Errorf("%w: no .version or no .target", ErrSyntax)
	}
	return p.m, nil
}

// peek is the next token, or an empty one at the end.
func (p *parser) peek() string {
	if p.at < len(p.list) {
		return p.list[p.at].text
	}
	return ""
}

func (p *parser) next() string {
	t := p.peek()
	p.at++
	return t
}

func (p *parser) line() int {
	if len(p.list) == 0 {
		return 0
	}
	return p.list[min(p.at, len(p.list)-1)].line
}

func (p *parser) bad(format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrSyntax, p.line(), fmt.Sprintf(format, args...))
}

// want takes a token that must be there.
func (p *parser) want(texts ...string) error {
	for _, t := range texts {
		if p.peek() != t {
			return p.bad("%q, want %q", p.peek(), t)
		}
		p.at++
	}
	return nil
}

// top reads a directive of the module.
func (p *parser) top() error {
	switch d := p.next(); d {
	case ".version":
		p.m.Version = p.next()
	case ".target":
		p.m.Target = p.next()
	case ".address_size":
		return p.want("64")
	case ".shared":
		n, err := p.variable(p.sharedBytes)
		p.sharedBytes = n
		return err
	case ".visible":
		if err := p.want(".entry"); err != nil {
			return err
		}
		return p.kernel()
	default:
		p.at--
		return p.bad("%q", d)
	}
	return nil
}

// number reads a whole number that is not negative.
func (p *parser) number() (int, error) {
	n, ok := parseInteger(p.peek())
	if !ok || n > maxShared {
		return 0, p.bad("%q is no number", p.peek())
	}
	p.at++
	return int(n), nil
}

// variable reads a shared variable, .align N .b8 name[N];, puts it behind the
// first bytes, and returns where it ends.
func (p *parser) variable(from int) (int, error) {
	align := 1
	if p.peek() == ".align" {
		p.at++
		n, err := p.number()
		if err != nil {
			return 0, err
		}
		align = n
	}
	if align < 1 || align > 1024 || align&(align-1) != 0 {
		return 0, p.bad("alignment %d", align)
	}
	if err := p.want(".b8"); err != nil {
		return 0, err
	}
	name := p.next()
	if err := p.want("["); err != nil {
		return 0, err
	}
	n, err := p.number()
	if err != nil {
		return 0, err
	}
	from = (from + align - 1) &^ (align - 1)
	if from+n > maxShared {
		return 0, p.bad("%d bytes of shared memory", from+n)
	}
	if _, there := p.shared[name]; there {
		return 0, p.bad("%s is declared twice", name)
	}
	p.shared[name] = sharedBase + uint64(from)
	return from + n, p.want("]", ";")
}

// kernel reads an entry.
func (p *parser) kernel() error {
	p.k = &Kernel{Name: p.next(), labels: map[string]int{}, specials: map[special]int{}, shared: p.sharedBytes}
	p.params, p.values, p.branches = map[string]int{}, map[uint64]int{}, nil
	p.scopes = []map[string]operand{{}}
	if _, there := p.m.Kernels[p.k.Name]; there {
		return p.bad("%s is there twice", p.k.Name)
	}
	if err := p.parameters(); err != nil {
		return err
	}
	for p.peek() != "{" {
		if err := p.bounds(); err != nil {
			return err
		}
	}
	if err := p.body(); err != nil {
		return err
	}
	for _, b := range p.branches {
		at, ok := p.k.labels[b.label]
		if !ok || at >= len(p.k.code) {
			return fmt.Errorf("%w: line %d: no label %s", ErrSyntax, b.line, b.label)
		}
		p.k.code[b.code].target = at
	}
	if n := len(p.k.code); n == 0 || p.k.code[n-1].op.kind != exits && p.k.code[n-1].op.kind != jumps || p.k.code[n-1].guard >= 0 {
		return p.bad("%s runs past its end", p.k.Name)
	}
	p.m.Kernels[p.k.Name] = p.k
	return nil
}

// paramBytes are the sizes of types that a parameter may have.
var paramBytes = map[string]int{".u64": 8, ".b64": 8, ".u32": 4, ".b32": 4, ".s32": 4, ".f32": 4, ".u16": 2, ".u8": 1}

func (p *parser) parameters() error {
	if err := p.want("("); err != nil {
		return err
	}
	at := 0
	for p.peek() != ")" {
		if len(p.k.Params) > 0 {
			if err := p.want(","); err != nil {
				return err
			}
		}
		if err := p.want(".param"); err != nil {
			return err
		}
		size, ok := paramBytes[p.next()]
		name := p.next()
		if _, there := p.params[name]; !ok || there || len(p.k.Params) == maxParams {
			return p.bad("parameter %s", name)
		}
		at = (at + size - 1) &^ (size - 1)
		p.params[name] = len(p.k.Params)
		p.k.Params = append(p.k.Params, size)
		p.k.offsets = append(p.k.offsets, at)
		at += size
	}
	return p.want(")")
}

// bounds reads what is said of a block's size.
func (p *parser) bounds() error {
	d := p.next()
	if d != ".maxntid" && d != ".reqntid" && d != ".minnctapersm" {
		p.at--
		return p.bad("%q", d)
	}
	threads := 1
	for i := 0; i == 0 || i < 3 && p.peek() == ","; i++ {
		if i > 0 {
			p.at++
		}
		n, err := p.number()
		if err != nil || n < 1 || n > maxThreads {
			return p.bad("bounds")
		}
		threads *= n
	}
	if d != ".minnctapersm" {
		p.k.MaxThreads = min(threads, maxThreads)
	}
	return nil
}

// body reads a kernel's { … }, and the scopes in it.
func (p *parser) body() error {
	if err := p.want("{"); err != nil {
		return err
	}
	for depth := 1; depth > 0; {
		t := p.peek()
		switch {
		case t == "":
			return p.bad("%s has no end", p.k.Name)
		case t == "{":
			p.at++
			depth++
			p.scopes = append(p.scopes, map[string]operand{})
		case t == "}":
			p.at++
			depth--
			p.scopes = p.scopes[:len(p.scopes)-1]
		case t == ".pragma":
			p.at += 2
			if err := p.want(";"); err != nil {
				return err
			}
		case t == ".reg":
			p.at++
			if err := p.registers(); err != nil {
				return err
			}
		case t == ".shared":
			p.at++
			n, err := p.variable(p.k.shared)
			if err != nil {
				return err
			}
			p.k.shared = n
		case p.at+1 < len(p.list) && p.list[p.at+1].text == ":":
			if _, there := p.k.labels[t]; there {
				return p.bad("label %s is there twice", t)
			}
			p.k.labels[t] = len(p.k.code)
			p.at += 2
		default:
			if err := p.instruction(); err != nil {
				return err
			}
		}
	}
	return nil
}

// registerTypes are the types that registers may have.
var registerTypes = map[string]reg{
	".b16": {'b', 16}, ".b32": {'b', 32}, ".b64": {'b', 64}, ".f32": {'f', 32},
	".u16": {'i', 16}, ".u32": {'i', 32}, ".u64": {'i', 64}, ".s16": {'i', 16}, ".s32": {'i', 32}, ".s64": {'i', 64},
}

// registers reads a declaration: .reg .b32 %r<84>; or .reg .b16 a, b;.
func (p *parser) registers() error {
	kind := p.next()
	r, ok := registerTypes[kind]
	if !ok && kind != ".pred" {
		return p.bad("registers of type %s", kind)
	}
	for {
		name := p.next()
		if name == "" || name == ";" {
			return p.bad("a register without a name")
		}
		if p.peek() != "<" {
			if err := p.declare(name, r); err != nil {
				return err
			}
		} else {
			p.at++
			n, err := p.number()
			if err != nil {
				return err
			}
			for i := range n {
				if err := p.declare(fmt.Sprintf("%s%d", name, i), r); err != nil {
					return err
				}
			}
			if err := p.want(">"); err != nil {
				return err
			}
		}
		if p.peek() != "," {
			return p.want(";")
		}
		p.at++
	}
}

// declare makes a register; a zero reg is a predicate.
func (p *parser) declare(name string, r reg) error {
	scope := p.scopes[len(p.scopes)-1]
	if _, there := scope[name]; there {
		return p.bad("%s is declared twice", name)
	}
	if len(p.k.regs) >= maxRegs || p.k.preds >= maxRegs {
		return p.bad("more than %d registers", maxRegs)
	}
	if r.bits == 0 {
		scope[name] = operand{form: isPred, slot: p.k.preds}
		p.k.preds++
		return nil
	}
	scope[name] = operand{form: isReg, slot: len(p.k.regs), reg: r}
	p.k.regs = append(p.k.regs, r)
	return nil
}

// lookup finds a register by its name.
func (p *parser) lookup(name string) (operand, bool) {
	for _, scope := range slices.Backward(p.scopes) {
		if o, ok := scope[name]; ok {
			return o, true
		}
	}
	return operand{}, false
}

// instruction reads one, with its guard.
func (p *parser) instruction() error {
	in := instr{guard: -1, d: -1, a: -1, b: -1, c: -1, p: -1, q: -1, line: p.line()}
	if p.peek() == "@" {
		p.at++
		if in.not = p.peek() == "!"; in.not {
			p.at++
		}
		o, ok := p.lookup(p.next())
		if !ok || o.form != isPred {
			return p.bad("a guard that is no predicate")
		}
		in.guard = o.slot
	}
	name := p.next()
	op, ok := opcodes[name]
	if !ok {
		return fmt.Errorf("%w: line %d: %s", ErrOpcode, in.line, name)
	}
	in.op = op
	if op.kind == jumps {
		p.branches = append(p.branches, branch{len(p.k.code), p.next(), in.line})
		p.k.code = append(p.k.code, in)
		return p.want(";")
	}
	var list []operand
	for p.peek() != ";" {
		if len(list) > 0 {
			if err := p.want(","); err != nil {
				return err
			}
		}
		o, err := p.operand()
		if err != nil {
			return err
		}
		list = append(list, o)
	}
	p.at++
	in.op = chosen(name, list)
	if err := p.bind(&in, list); err != nil {
		return fmt.Errorf("%w: line %d: %s: %w", ErrOpcode, in.line, name, err)
	}
	p.k.code = append(p.k.code, in)
	return nil
}
