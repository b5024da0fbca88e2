package ptx

// Data movement within registers, and conversion between integers (PTX ISA
// §9.7.9); ld.param, for which a launch is one value.
var moves = []opcode{
	value("mov.b16 b16,b16", move), value("mov.u16 i16,i16", move),
	value("mov.b32 b32,b32", move), value("mov.u32 i32,i32", move), value("mov.f32 f32,f32", move),
	value("mov.b64 b64,b64", move), value("mov.u64 i64,i64", move),
	// A pointer that a launch was given points to global memory, where generic
	// addresses are global ones (§5.2).
	value("cvta.to.global.u64 i64,i64", move),
	masked(value("cvt.u64.u32 i64,i32", move)),
	masked(value("cvt.s64.s32 i64,i32", signed32)),
	masked(value("cvt.u32.u64 i32,i64", move)),
	masked(value("cvt.u16.u32 i16+,i32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = a[l] & 0xffff
		}
	})),
	masked(value("cvt.u32.u16 i32,i16+", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = a[l] & 0xffff
		}
	})),
	masked(value("cvt.s32.s16 i32,i16+", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = uint64(int64(int16(a[l])))
		}
	})),
	masked(value("cvt.s32.s8 i32,i16+", signed8)),
	masked(value("cvt.s16.s8 i16,i16+", signed8)),
	masked(value("cvt.s8.s32 i16+,i32", signed8)),
	op(splits, "mov.b32:split v2b16,b32"), op(joins, "mov.b32:join b32,v2b16"),
	op(splits, "mov.b64:split v2b32,b64"), op(joins, "mov.b64:join b64,v2b32"),
	argument("ld.param.u64 i64,P", 8), argument("ld.param.u32 i32+,P", 4), argument("ld.param.f32 f32,P", 4),
}

func argument(form string, size int) opcode {
	o := op(params, form)
	o.size = size
	return o
}

func masked(o opcode) opcode {
	o.masked = true
	return o
}

func move(d, a, _, _ *lanes) { *d = *a }

func signed8(d, a, _, _ *lanes) {
	for l := range d {
		d[l] = uint64(int64(int8(a[l])))
	}
}

func signed32(d, a, _, _ *lanes) {
	for l := range d {
		d[l] = uint64(int64(int32(a[l])))
	}
}

// split gives the parts of a register to the registers of a vector, the low
// bits to the first (§9.7.9.3).
func (w *warp) split(in *instr, mask uint32) {
	bits := w.k.regs[in.vec[0]].bits
	for i, slot := range in.vec {
		each(mask, func(l int) {
			w.regs[slot][l] = w.regs[in.a][l] >> (i * bits) & (1<<bits - 1)
		})
		w.defined[slot] |= mask
	}
}

// join is the other way.
func (w *warp) join(in *instr, mask uint32) {
	bits := w.k.regs[in.d].bits / len(in.vec)
	var x lanes
	for i, slot := range in.vec {
		each(mask, func(l int) { x[l] |= w.regs[slot][l] << (i * bits) })
	}
	w.write(in.d, &x, mask)
}

// parameter gives all lanes an argument of the launch.
func (w *warp) parameter(in *instr, mask uint32) error {
	k := w.k
	if k.Params[in.a] != in.op.size || in.offset != 0 {
		return w.wrong(ErrBounds, in, mask, "a part of parameter %d", in.a)
	}
	v := w.block.args[in.a]
	var x lanes
	for l := range x {
		x[l] = v
	}
	w.write(in.d, &x, mask)
	return nil
}
