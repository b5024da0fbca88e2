package ptx

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Loads and stores (PTX ISA §9.7.9.8, §9.7.9.11). A lane's access is whole or
// an error: its address is a multiple of its size, a vector's of the whole
// vector's, and every byte was written before it is read. Where several lanes
// of one instruction write to a byte, the ISA leaves open which of them lasts;
// that is a race.
var accesses = accessFamily(
	"ld.global.u8 i16+", "ld.global.s8 i16+", "ld.global.u16 i16+", "ld.global.s16 i16+", "ld.global.b16 b16",
	"ld.global.u32 i32+", "ld.global.b32 b32", "ld.global.f32 f32", "ld.global.u64 i64", "ld.global.b64 b64",
	"ld.global.v2.u32 v2i32", "ld.global.v4.u32 v4i32", "ld.global.v2.f32 v2f32", "ld.global.v4.f32 v4f32",

	"ld.global.nc.u8 i16+", "ld.global.nc.s8 i16+", "ld.global.nc.u16 i16+", "ld.global.nc.s16 i16+", "ld.global.nc.b16 b16",
	"ld.global.nc.u32 i32+", "ld.global.nc.b32 b32", "ld.global.nc.f32 f32", "ld.global.nc.u64 i64", "ld.global.nc.b64 b64",
	"ld.global.nc.v2.u32 v2i32", "ld.global.nc.v4.u32 v4i32", "ld.global.nc.v2.f32 v2f32", "ld.global.nc.v4.f32 v4f32",

	"ld.shared.u8 i16+", "ld.shared.s8 i16+", "ld.shared.u16 i16+", "ld.shared.b16 b16",
	"ld.shared.u32 i32+", "ld.shared.b32 b32", "ld.shared.f32 f32", "ld.shared.u64 i64",
	"ld.shared.v2.u32 v2i32", "ld.shared.v4.u32 v4i32", "ld.shared.v2.f32 v2f32", "ld.shared.v4.f32 v4f32",

	"st.global.u8 i16+", "st.global.u16 i16+", "st.global.b16 b16",
	"st.global.u32 i32+", "st.global.b32 b32", "st.global.f32 f32", "st.global.u64 i64",
	"st.global.v2.u32 v2i32", "st.global.v4.u32 v4i32", "st.global.v2.f32 v2f32", "st.global.v4.f32 v4f32",

	"st.shared.u8 i16+", "st.shared.u16 i16+", "st.shared.b16 b16",
	"st.shared.u32 i32+", "st.shared.b32 b32", "st.shared.f32 f32", "st.shared.u64 i64",
	"st.shared.v2.u32 v2i32", "st.shared.v4.u32 v4i32", "st.shared.v2.f32 v2f32", "st.shared.v4.f32 v4f32",
)

// accessFamily makes entries of a name and the registers that are loaded or stored.
func accessFamily(forms ...string) []opcode {
	list := make([]opcode, 0, len(forms))
	for _, form := range forms {
		name, registers, _ := strings.Cut(form, " ")
		o := opcode{name: name}
		if o.kind, o.kinds = loads, []string{registers, "m"}; name[0] == 's' {
			o.kind, o.kinds = stores, []string{"m", registers}
		}
		switch {
		case strings.Contains(name, ".shared."):
			o.space = shared
			for i, kind := range o.kinds {
				if kind == "m" {
					o.kinds[i] = "ms"
				}
			}
		case strings.Contains(name, ".nc."):
			o.space = constantGlobal
		}
		element := name[strings.LastIndexByte(name, '.')+1:]
		bits, _ := strconv.Atoi(element[1:])
		o.size, o.signed = bits/8, element[0] == 's'
		list = append(list, o)
	}
	return list
}

// place finds the memory of one lane's access.
func (w *warp) place(in *instr, lane, size int) (r *region, off int, err error) {
	return w.locate(in, lane, w.regs[in.a][lane]+uint64(in.offset), size, in.op.space)
}

// locate finds the memory of so many bytes at an address.
func (w *warp) locate(in *instr, lane int, a uint64, size int, of space) (r *region, off int, err error) {
	if a%uint64(size) != 0 {
		return nil, 0, w.wrong(ErrAlignment, in, 1<<lane, "%#x, of %d bytes", a, size)
	}
	if of == shared {
		r = &w.block.shared
	} else if r = w.last; r == nil || a < r.base || a >= r.base+uint64(len(r.data)) {
		r = w.block.mem.find(a)
	}
	if r == nil || a < r.base || a-r.base+uint64(size) > uint64(len(r.data)) {
		return nil, 0, w.wrong(ErrBounds, in, 1<<lane, "%#x, %d bytes", a, size)
	}
	if of != shared {
		w.last = r
	}
	return r, int(a - r.base), nil
}

// load runs a load.
func (w *warp) load(in *instr, mask uint32) error {
	dest, n := in.vec, in.op.size
	var one [1]int
	if len(dest) == 0 {
		one[0] = in.d
		dest = one[:]
	}
	full := n * len(dest)
	if w.block.launch.held && in.op.space != shared {
		w.see(in, mask, full)
	}
	if r := w.near(in, mask, full); r != nil && !w.block.races {
		w.gather(in, mask, dest, r)
		return nil
	}
	for m := mask; m != 0; m &= m - 1 {
		l := lowest(m)
		r, off, err := w.place(in, l, full)
		if err != nil {
			return err
		}
		if !r.known(off, full) {
			return w.wrong(ErrUndefined, in, 1<<l, "memory at %#x, %d bytes", r.base+uint64(off), full)
		}
		if w.block.races {
			if kind := r.noteRead(w, l, off, full, in.op.space == constantGlobal); kind != nil {
				return w.wrong(kind, in, 1<<l, "a read at %#x", r.base+uint64(off))
			}
		}
		for i, slot := range dest {
			w.regs[slot][l] = in.loaded(r.data[off+i*n:])
		}
	}
	for _, slot := range dest {
		w.defined[slot] |= mask
	}
	return nil
}

// near returns the region that all lanes access, where that is one, all
// addresses are multiples of the size and every byte between the first and the
// last may be read; else nil, and each lane has to be looked at by itself.
func (w *warp) near(in *instr, mask uint32, size int) *region {
	a := &w.regs[in.a]
	least, most, all := a[lowest(mask)], a[lowest(mask)], uint64(in.offset)
	if mask == fullWarp {
		for _, x := range a {
			least, most, all = min(least, x), max(most, x), all|x
		}
	} else {
		for m := mask; m != 0; m &= m - 1 {
			x := a[lowest(m)]
			least, most, all = min(least, x), max(most, x), all|x
		}
	}
	if all%uint64(size) != 0 {
		return nil
	}
	least, most = least+uint64(in.offset), most+uint64(in.offset)
	r := w.last
	if in.op.space == shared {
		r = &w.block.shared
	} else if r == nil || least-r.base >= uint64(len(r.data)) {
		r = w.block.mem.find(least)
	}
	if r == nil || least < r.base || most < least || most-r.base+uint64(size) > uint64(len(r.data)) ||
		!r.known(int(least-r.base), int(most-least)+size) {
		return nil
	}
	if in.op.space != shared {
		w.last = r
	}
	return r
}

// gather is load within a region. Addresses are read before the first register
// is written, which may be the one that they are in.
func (w *warp) gather(in *instr, mask uint32, dest []int, r *region) {
	a, n := &w.regs[in.a], in.op.size
	base := r.base - uint64(in.offset)
	var at [warpSize]int // of lanes that take no part, anything
	for l, x := range a {
		at[l] = int(x - base)
	}
	for i, slot := range dest {
		d := &w.regs[slot]
		if mask == fullWarp && n == 4 && !in.op.signed { // as nearly all are
			for l, off := range at {
				d[l] = uint64(binary.LittleEndian.Uint32(r.data[off+i*n:]))
			}
		} else {
			for m := mask; m != 0; m &= m - 1 {
				l := lowest(m)
				d[l] = in.loaded(r.data[at[l]+i*n:])
			}
		}
		w.defined[slot] |= mask
	}
}

// loaded is a value from memory as its register has it.
func (in *instr) loaded(b []byte) uint64 {
	n := in.op.size
	x := loadBytes(b, n)
	if in.op.signed {
		x = uint64(int64(x<<(64-8*n))>>(64-8*n)) & in.mask
	}
	return x
}

// store runs a store.
func (w *warp) store(in *instr, mask uint32) error {
	from, n := in.vec, in.op.size
	var one [1]int
	if len(from) == 0 {
		one[0] = in.b
		from = one[:]
	}
	full := n * len(from)
	for m := mask; m != 0; m &= m - 1 {
		l := lowest(m)
		r, off, err := w.place(in, l, full)
		if err != nil {
			return err
		}
		if in.op.space != shared {
			if err := w.mayWrite(in, l, r.base+uint64(off), full); err != nil {
				return err
			}
		}
		if w.block.races {
			if kind := r.noteWrite(w, l, off, full); kind != nil {
				return w.wrong(kind, in, 1<<l, "a write at %#x", r.base+uint64(off))
			}
		}
		for i, slot := range from {
			storeBytes(r.data[off+i*n:], n, w.regs[slot][l])
		}
		r.define(off, full)
	}
	return nil
}

func loadBytes(b []byte, n int) uint64 {
	switch n {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

func storeBytes(b []byte, n int, x uint64) {
	switch n {
	case 1:
		b[0] = byte(x)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(x))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(x))
	default:
		binary.LittleEndian.PutUint64(b, x)
	}
}
