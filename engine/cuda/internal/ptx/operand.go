package ptx

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// form is what an operand is.
type form int

const (
	isReg form = iota
	isPred
	isConst   // a constant's register
	isAddress // [register + offset], or [parameter + offset]
	isParam
	isVector
)

// operand is one of an instruction.
type operand struct {
	form   form
	slot   int // register, predicate, base of an address, or number of a parameter
	reg    reg
	offset int64
	vec    []operand
	float  bool // a constant written as a float
}

// special is a special register that differs between threads or launches.
type special int

const (
	tidX special = iota
	ctaidX
	ctaidY
	ntidX
	nctaidX
	nctaidY
)

var specials = map[string]special{
	"%tid.x": tidX, "%ctaid.x": ctaidX, "%ctaid.y": ctaidY, "%ntid.x": ntidX, "%nctaid.x": nctaidX, "%nctaid.y": nctaidY,
}

// parseInteger reads a whole number without a sign, decimal or 0x….
func parseInteger(s string) (uint64, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' || strings.Contains(s, "_") {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 0, 64)
	return n, err == nil
}

// constant returns the register that holds a value.
func (p *parser) constant(v uint64, float bool) operand {
	slot, ok := p.values[v]
	if !ok {
		slot = len(p.k.regs)
		p.values[v] = slot
		p.k.regs = append(p.k.regs, reg{})
		p.k.consts = append(p.k.consts, constant{slot, v})
	}
	return operand{form: isConst, slot: slot, float: float}
}

// operand reads one.
func (p *parser) operand() (operand, error) {
	switch t := p.next(); {
	case t == "{":
		return p.vector()
	case t == "[":
		return p.address()
	case t == "-":
		n, ok := parseInteger(p.next())
		if !ok {
			return operand{}, p.bad("a sign before what is no number")
		}
		return p.constant(-n, false), nil
	case strings.HasPrefix(t, "0f") && len(t) == 10:
		n, err := strconv.ParseUint(t[2:], 16, 32)
		if err != nil {
			return operand{}, p.bad("%s is no float", t)
		}
		return p.constant(n, true), nil
	default:
		if n, ok := parseInteger(t); ok {
			return p.constant(n, false), nil
		}
		return p.named(t)
	}
}

// named is a register, a special one, or the address of a shared variable.
func (p *parser) named(t string) (operand, error) {
	if o, ok := p.lookup(t); ok {
		return o, nil
	}
	if s, ok := specials[t]; ok {
		slot, there := p.k.specials[s]
		if !there {
			slot = len(p.k.regs)
			p.k.regs = append(p.k.regs, reg{'i', 32})
			p.k.specials[s] = slot
		}
		return operand{form: isReg, slot: slot, reg: reg{'i', 32}}, nil
	}
	if a, ok := p.shared[t]; ok {
		return p.constant(a, false), nil
	}
	return operand{}, p.bad("%q is not declared", t)
}

// vector reads {a, b, …}.
func (p *parser) vector() (operand, error) {
	o := operand{form: isVector}
	for {
		x, err := p.operand()
		if err != nil {
			return o, err
		}
		if x.form != isReg && x.form != isConst {
			return o, p.bad("a vector of what is no register")
		}
		o.vec = append(o.vec, x)
		if p.peek() != "," {
			return o, p.want("}")
		}
		if p.at++; len(o.vec) == 8 {
			return o, p.bad("a vector of more than eight")
		}
	}
}

// address reads [base + offset].
func (p *parser) address() (operand, error) {
	o := operand{form: isAddress}
	name := p.next()
	if n, ok := p.params[name]; ok {
		o.form, o.slot = isParam, n
	} else {
		base, err := p.named(name)
		if err != nil {
			return o, err
		}
		if base.form == isReg && base.reg.bits < 32 || base.form == isPred {
			return o, p.bad("%s is no address", name)
		}
		o.slot, o.reg = base.slot, base.reg
	}
	if p.peek() == "+" {
		p.at++
		minus := p.peek() == "-"
		if minus {
			p.at++
		}
		n, ok := parseInteger(p.next())
		if !ok || n > 1<<31 {
			return o, p.bad("an offset that is no number")
		}
		if o.offset = int64(n); minus {
			o.offset = -o.offset
		}
	}
	return o, p.want("]")
}

var errOperands = errors.New("wrong operands")

// fits tells whether an operand may stand where kind says: a class (f, i, b for
// any), its bits, and + where the register may be wider; p is a predicate, m an
// address, ms one of shared memory, which may have 32 bits, P a parameter, c a
// constant, vN… a vector of N.
func fits(o operand, kind string, dest bool) bool {
	switch kind {
	case "p":
		return o.form == isPred
	case "m":
		return o.form == isAddress && o.reg.bits != 32
	case "ms":
		return o.form == isAddress
	case "P":
		return o.form == isParam
	case "pc":
		return o.form == isPred || o.form == isConst
	case "c":
		return o.form == isConst
	}
	if kind[0] == 'v' {
		if o.form != isVector || strconv.Itoa(len(o.vec)) != kind[1:2] {
			return false
		}
		for _, x := range o.vec {
			if !fits(x, kind[2:], dest) {
				return false
			}
		}
		return true
	}
	bits, wider := strings.CutSuffix(kind[1:], "+")
	switch o.form {
	case isConst:
		return !dest && (!o.float || kind[0] != 'i' && bits == "32")
	case isReg:
		n, _ := strconv.Atoi(bits)
		class := kind[0] == 'b' || o.reg.class == 'b' || o.reg.class == kind[0]
		return class && (o.reg.bits == n || wider && o.reg.bits > n)
	}
	return false
}

// chosen is the entry of an instruction: a mov of a vector is another than one
// of a register.
func chosen(name string, list []operand) *opcode {
	for i, o := range list {
		if o.form == isVector && (name == "mov.b32" || name == "mov.b64") {
			return opcodes[name+[]string{":split", ":join"}[min(i, 1)]]
		}
	}
	return opcodes[name]
}

// bind gives an instruction its operands. Constants are cut to the bits of
// their place.
func (p *parser) bind(in *instr, list []operand) error {
	op := in.op
	if len(list) != len(op.kinds) {
		return fmt.Errorf("%w: %d of them, want %d", errOperands, len(list), len(op.kinds))
	}
	places := []*int{&in.a, &in.b, &in.c}
	for i, o := range list {
		dest := i == 0 && op.writes()
		if !fits(o, op.kinds[i], dest) {
			return fmt.Errorf("%w: number %d is not %s", errOperands, i+1, op.kinds[i])
		}
		switch {
		case o.form == isVector:
			for _, x := range o.vec {
				slot := p.narrowed(x, op.kinds[i][2:]).slot
				if !dest && x.form != isConst {
					in.reads = append(in.reads, slot)
				}
				if dest || op.kind == stores || op.kind == joins {
					in.vec = append(in.vec, slot)
				} else {
					in.more = append(in.more, slot)
				}
			}
		case dest:
			in.d = o.slot
			if o.form == isReg {
				in.mask = ^uint64(0) >> (64 - o.reg.bits)
			}
		case o.form == isPred:
			if in.p < 0 {
				in.p = o.slot
			} else {
				in.q = o.slot
			}
		case o.form == isParam:
			in.a, in.offset = o.slot, o.offset
		default:
			first := len(places) == 3
			if o = p.narrowed(o, op.kinds[i]); op.kind == barriers && op.kinds[i] == "c" && p.valueOf(o) != 0 {
				return errors.New("another barrier than 0")
			}
			if len(places) == 0 {
				in.more = append(in.more, o.slot)
			} else {
				*places[0], places = o.slot, places[1:]
			}
			if op.kind == starts && op.kinds[i] == "c" && !copySize(op.name, p.valueOf(o)) {
				return errors.New("a copy of another size")
			}
			if o.form != isConst {
				in.reads = append(in.reads, o.slot)
			}
			if o.form == isAddress && first {
				in.offset = o.offset
			} else if o.form == isAddress {
				in.second = o.offset
			}
		}
	}
	return nil
}

// writes tells whether the first operand is what an instruction gives.
func (o *opcode) writes() bool {
	return o.kind != stores && o.kind != barriers && o.kind != starts && o.kind != waits && o.kind != prefetches
}

// narrowed cuts a constant to the bits of its place.
func (p *parser) narrowed(o operand, kind string) operand {
	if o.form != isConst || len(kind) < 3 {
		return o
	}
	bits, _ := strconv.Atoi(strings.TrimSuffix(kind[1:], "+"))
	return p.constant(p.valueOf(o)&(^uint64(0)>>(64-bits)), o.float)
}

// valueOf is the value of a constant.
func (p *parser) valueOf(o operand) uint64 {
	for _, c := range p.k.consts {
		if c.slot == o.slot {
			return c.value
		}
	}
	return 0 // not reached: a constant is in the list
}
