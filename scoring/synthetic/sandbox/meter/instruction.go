package meter

// The instructions that the pass tells from others.
const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opEnd          = 0x0b
	opCall         = 0x10
	opCallIndirect = 0x11
	opTryTable     = 0x1f
	opMemoryGrow   = 0x40
)

// instruction is one of a body, with its bytes.
type instruction struct {
	op    byte
	many  bool // the top of the stack says on how many bytes or elements it works
	bytes []byte
}

// singleResult and doubleResult report whether an operation makes a floating-point
// number, of 32 or 64 bits, that may be not-a-number with bits of the processor's
// choice. Those that only move bits (abs, neg, copysign, loads) do not.
func singleResult(op byte) bool { return 0x8d <= op && op <= 0x97 || op == 0xb6 }
func doubleResult(op byte) bool { return 0x9b <= op && op <= 0xa5 || op == 0xbb }

// next reads one instruction.
func (f *function) next() instruction {
	r := &f.r
	from := r.i
	in := instruction{op: r.byte()}
	switch op := in.op; {
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x0a, op == 0x1a, op == 0x1b, 0x45 <= op && op <= 0xc4, op == 0xd1:
		// nothing follows
	case op == opBlock || op == opLoop || op == opIf:
		f.blockType()
	case op == opTryTable:
		f.blockType()
		f.catches()
	case op == 0x08 || op == 0x0c || op == 0x0d || op == opCall || op == 0x25 || op == 0x26 || op == 0xd2:
		r.u32() // throw, br, br_if, table.get, table.set, ref.func
	case op == 0x0e:
		for range r.count(MaxList, "targets") + 1 { // br_table
			r.u32()
		}
	case op == opCallIndirect:
		r.u32()
		r.u32()
	case op == 0x1c:
		r.valueTypes(r.count(1, "types of a selection"))
	case 0x20 <= op && op <= 0x22:
		f.below(f.locals, "local")
	case op == 0x23 || op == 0x24:
		f.below(f.m.globals, "global")
	case 0x28 <= op && op <= 0x3e:
		f.memory()
	case op == 0x3f || op == opMemoryGrow:
		f.zero()
	case op == 0x41:
		r.skipSigned(5)
	case op == 0x42:
		r.skipSigned(10)
	case op == 0x43:
		r.bytes(4)
	case op == 0x44:
		r.bytes(8)
	case op == 0xd0:
		r.valueTypes(1)
	case op == 0xfc:
		in.many = f.extended()
	default:
		r.unsupported("instruction %#x", op)
	}
	if r.err == nil {
		in.bytes = r.b[from:r.i]
	}
	return in
}

// blockType reads nothing, one type of a value, or the number of a function's type.
func (f *function) blockType() {
	switch b := f.r.byte(); {
	case f.r.err != nil, b == 0x40, b == 0x7f, b == 0x7e, b == 0x7d, b == 0x7c, b == 0x70, b == 0x6f, b == 0x69:
	case b&0xc0 == 0x40:
		f.r.unsupported("type %#x of a block", b)
	default:
		f.r.i--
		f.r.skipSigned(5)
	}
}

// catches reads the clauses of a try_table.
func (f *function) catches() {
	for range f.r.count(MaxList, "clauses") {
		switch kind := f.r.byte(); kind {
		case 0, 1: // of a tag
			f.r.u32()
			f.r.u32()
		case 2, 3: // of all
			f.r.u32()
		default:
			f.r.fail("a clause of kind %d", kind)
		}
	}
}

// below reads an index of what the module itself has: the counters come after it.
func (f *function) below(n uint32, what string) {
	if i := f.r.u32(); i >= n {
		f.r.fail("there is no %s %d", what, i)
	}
}

// memory reads alignment and offset, in the one memory.
func (f *function) memory() {
	if align := f.r.u32(); align > 3 {
		f.r.unsupported("another memory, or alignment %d", align)
	}
	f.r.u32()
}

// zero reads the number of the one memory.
func (f *function) zero() {
	if f.r.byte() != 0 {
		f.r.unsupported("another memory")
	}
}

// extended reads what follows 0xfc, and reports whether it works on many elements.
func (f *function) extended() (many bool) {
	switch op := f.r.u32(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // conversions that saturate
	case 8: // memory.init
		f.r.u32()
		f.zero()
		many = true
	case 9, 13, 16: // data.drop, elem.drop, table.size
		f.r.u32()
	case 10: // memory.copy
		f.zero()
		f.zero()
		many = true
	case 11: // memory.fill
		f.zero()
		many = true
	case 12, 14: // table.init, table.copy
		f.r.u32()
		f.r.u32()
		many = true
	case 15, 17: // table.grow, table.fill
		f.r.u32()
		many = true
	default:
		f.r.unsupported("instruction 0xfc %d", op)
	}
	return many
}
