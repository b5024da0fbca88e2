package meter

import (
	"fmt"
)

// function rewrites one body.
type function struct {
	m      *module
	r      reader
	params uint32
	locals uint32 // parameters included; those of the pass come after them
	groups int
	decls  []byte // the locals as the body declares them

	out []byte
}

// The locals of the pass.
func (f *function) open() uint32   { return f.locals }     // i32: functions open, this one included
func (f *function) length() uint32 { return f.locals + 1 } // i32: of what is done at once
func (f *function) single() uint32 { return f.locals + 2 } // of 32 bits, floating
func (f *function) double() uint32 { return f.locals + 3 } // of 64 bits, floating

func (f *function) rewrite() ([]byte, error) {
	f.declarations()
	f.out = append(appendU32(nil, uint32(f.groups+4)), f.decls...)
	f.out = append(f.out, 1, 0x7f, 1, 0x7f, 1, 0x7d, 1, 0x7c)
	f.enter()
	f.charge()
	return f.out, f.walk()
}

// declarations reads the locals.
func (f *function) declarations() {
	f.locals = f.params
	f.groups = f.r.count(MaxLocals, "groups of locals")
	from := f.r.i
	for range f.groups {
		n := f.r.u32()
		f.r.valueTypes(1)
		if n > MaxLocals || f.locals+n > MaxLocals {
			f.r.fail("more than %d locals", MaxLocals)
			return
		}
		f.locals += n
	}
	if f.r.err == nil {
		f.decls = f.r.b[from:f.r.i]
	}
}

// walk writes every instruction to the end of the body.
func (f *function) walk() error {
	for open := 1; open > 0; {
		in := f.next()
		if f.r.err != nil {
			return f.r.err
		}
		f.emit(in)
		switch in.op {
		case opBlock, opIf, opTryTable, opLoop:
			open++
		case opEnd:
			open--
		}
		if open > MaxNesting {
			return fmt.Errorf("blocks nest deeper than %d: %w", MaxNesting, ErrModule)
		}
	}
	if !f.r.end() {
		return fmt.Errorf("more after the end of a function: %w", ErrModule)
	}
	return nil
}

// enter counts this function as open.
func (f *function) enter() {
	f.op(0x23, f.m.depth())              // global.get
	f.out = append(f.out, 0x41, 1, 0x6a) // i32.const 1, i32.add
	f.op(0x22, f.open())                 // local.tee
	f.out = appendS64(append(f.out, 0x41), MaxDepth)
	f.trapIf(0x4b) // i32.gt_u
}

// emit writes an instruction with what the pass puts around it.
func (f *function) emit(in instruction) {
	switch {
	case in.op == opCall || in.op == opCallIndirect:
		f.op(0x20, f.open())    // local.get
		f.op(0x24, f.m.depth()) // global.set: an exception may have left it at another
	case in.op == opMemoryGrow:
		f.chargeLength(0x7e, 1024) // i64.mul
	case in.many:
		f.chargeLength(0x88, 6) // i64.shr_u
	}
	f.out = append(f.out, in.bytes...)
	switch {
	case singleResult(in.op):
		f.same(f.single(), 0x43, []byte{0, 0, 0xc0, 0x7f}, 0x5b) // f32.const, f32.eq
	case doubleResult(in.op):
		f.same(f.double(), 0x44, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}, 0x61) // f64.const, f64.eq
	case in.op == opLoop:
		f.charge()
	}
}

// op writes an instruction with an index.
func (f *function) op(code byte, index uint32) {
	f.out = appendU32(append(f.out, code), index)
}

// charge takes off one unit, and traps below zero.
func (f *function) charge() {
	f.op(0x23, f.m.fuel())               // global.get
	f.out = append(f.out, 0x42, 1, 0x7d) // i64.const 1, i64.sub
	f.settle()
}

// chargeLength takes off what the number on top of the stack, unsigned, is with
// an operation on it, and leaves it there.
func (f *function) chargeLength(operation byte, by int64) {
	f.op(0x21, f.length()) // local.set
	f.op(0x23, f.m.fuel())
	f.op(0x20, f.length())
	f.out = append(f.out, 0xad) // i64.extend_i32_u
	f.out = appendS64(append(f.out, 0x42), by)
	f.out = append(f.out, operation, 0x7d)
	f.settle()
	f.op(0x20, f.length())
}

// settle sets the fuel to the top of the stack and traps below zero.
func (f *function) settle() {
	f.op(0x24, f.m.fuel()) // global.set
	f.op(0x23, f.m.fuel())
	f.out = append(f.out, 0x42, 0) // i64.const 0
	f.trapIf(0x53)                 // i64.lt_s
}

// trapIf traps where a comparison holds.
func (f *function) trapIf(comparison byte) {
	f.out = append(f.out, comparison, 0x04, 0x40, 0x00, 0x0b) // if, unreachable, end
}

// same replaces a floating-point number that is not equal to itself by one
// constant.
func (f *function) same(local uint32, constant byte, bits []byte, equal byte) {
	f.op(0x22, local) // local.tee
	f.out = append(append(f.out, constant), bits...)
	f.op(0x20, local)
	f.op(0x20, local)
	f.out = append(f.out, equal, 0x1b) // select
}
