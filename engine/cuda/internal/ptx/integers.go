package ptx

import "math/bits"

// Integer arithmetic (PTX ISA §9.7.1), logic and shifts (§9.7.8). Results are
// modulo 2^bits.
var integers = []opcode{
	value("add.s32 i32,i32,i32", add32),
	value("add.u32 i32,i32,i32", add32),
	value("add.s64 i64,i64,i64", add64),
	value("add.u64 i64,i64,i64", add64),
	value("sub.s32 i32,i32,i32", sub32),
	value("sub.s64 i64,i64,i64", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = a[l] - b[l]
		}
	}),
	value("mul.lo.s32 i32,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(uint32(a[l]) * uint32(b[l]))
		}
	}),
	value("mul.lo.s64 i64,i64,i64", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = a[l] * b[l]
		}
	}),
	value("mul.wide.u32 i64,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = a[l] * b[l]
		}
	}),
	value("mul.wide.s32 i64,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(int64(int32(a[l])) * int64(int32(b[l])))
		}
	}),
	value("mad.lo.s32 i32,i32,i32,i32", func(d, a, b, c *lanes) {
		for l := range d {
			d[l] = uint64(uint32(a[l])*uint32(b[l]) + uint32(c[l]))
		}
	}),
	value("mad.lo.s64 i64,i64,i64,i64", func(d, a, b, c *lanes) {
		for l := range d {
			d[l] = a[l]*b[l] + c[l]
		}
	}),
	// Division by zero gives what devices give, all ones and the dividend; the
	// ISA leaves it open.
	value("div.u32 i32,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = 0xffffffff
			if b[l] != 0 {
				d[l] = a[l] / b[l]
			}
		}
	}),
	value("rem.u32 i32,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			r := a[l]
			if b[l] != 0 {
				r %= b[l]
			}
			d[l] = r
		}
	}),
	value("min.u32 i32,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = min(a[l], b[l])
		}
	}),
	value("max.u32 i32,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = max(a[l], b[l])
		}
	}),
	value("min.s32 i32,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(uint32(min(int32(a[l]), int32(b[l]))))
		}
	}),
	value("max.s32 i32,i32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(uint32(max(int32(a[l]), int32(b[l]))))
		}
	}),
	value("max.s16 i16,i16,i16", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(uint16(max(int16(a[l]), int16(b[l]))))
		}
	}),
	value("and.b16 b16,b16,b16", and),
	value("and.b32 b32,b32,b32", and),
	value("and.b64 b64,b64,b64", and),
	value("or.b16 b16,b16,b16", or),
	value("or.b32 b32,b32,b32", or),
	value("or.b64 b64,b64,b64", or),
	value("xor.b32 b32,b32,b32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = a[l] ^ b[l]
		}
	}),
	value("neg.s32 i32,i32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = uint64(-uint32(a[l]))
		}
	}),
	value("not.b32 b32,b32", func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = uint64(^uint32(a[l]))
		}
	}),
	// Shifts by more than the width give 0, or the sign (§9.7.8.7); Go's do the
	// same.
	value("shl.b32 b32,b32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(uint32(a[l]) << b[l])
		}
	}),
	value("shl.b64 b64,b64,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = a[l] << b[l]
		}
	}),
	value("shr.u16 b16,b16,i32", shrUnsigned),
	value("shr.u32 b32,b32,i32", shrUnsigned),
	value("shr.u64 b64,b64,i32", shrUnsigned),
	value("shr.s16 b16,b16,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(uint16(int16(a[l]) >> b[l]))
		}
	}),
	value("mul.wide.u16 i32,i16,i16", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = a[l] * b[l]
		}
	}),
	value("shr.s32 b32,b32,i32", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = uint64(uint32(int32(a[l]) >> b[l]))
		}
	}),
	value("bfe.u32 i32,i32,i32,i32", func(d, a, b, c *lanes) {
		for l := range d {
			n := min(c[l]&255, 32)
			d[l] = a[l] >> (b[l] & 255) & (1<<n - 1)
		}
	}),
	value("bfe.s32 i32,i32,i32,i32", bitFieldSigned),
	value("prmt.b32 b32,b32,b32,b32", permute),
	value("dp4a.s32.s32 i32,i32,i32,i32", dot4),
}

func add32(d, a, b, _ *lanes) {
	for l := range d {
		d[l] = uint64(uint32(a[l]) + uint32(b[l]))
	}
}

func add64(d, a, b, _ *lanes) {
	for l := range d {
		d[l] = a[l] + b[l]
	}
}

func sub32(d, a, b, _ *lanes) {
	for l := range d {
		d[l] = uint64(uint32(a[l]) - uint32(b[l]))
	}
}

func and(d, a, b, _ *lanes) {
	for l := range d {
		d[l] = a[l] & b[l]
	}
}

func or(d, a, b, _ *lanes) {
	for l := range d {
		d[l] = a[l] | b[l]
	}
}

func shrUnsigned(d, a, b, _ *lanes) {
	for l := range d {
		d[l] = a[l] >> b[l]
	}
}

// bitFieldSigned is bfe.s32 (§9.7.1.19): the field's own top bit, or that of a
// where the field passes it, is spread above it.
func bitFieldSigned(d, a, b, c *lanes) {
	for l := range d {
		pos, n := b[l]&255, c[l]&255
		if n == 0 {
			d[l] = 0
			continue
		}
		x := int64(int32(a[l])) >> pos
		n = min(n, 64)
		if pos+n > 32 { // the sign is bit 31 of a, which the shift has spread
			d[l] = uint64(uint32(x))
			continue
		}
		d[l] = uint64(uint32(x << (64 - n) >> (64 - n)))
	}
}

// permute is prmt.b32 (§9.7.8.6): each nibble of c picks a byte of a, then b;
// its top bit asks for the byte's sign instead.
func permute(d, a, b, c *lanes) {
	for l := range d {
		both, x := a[l]|b[l]<<32, uint64(0)
		for i := range 4 {
			pick := c[l] >> (4 * i) & 15
			byt := both >> (8 * (pick & 7)) & 255
			if pick&8 != 0 {
				byt = byt >> 7 * 255
			}
			x |= byt << (8 * i)
		}
		d[l] = x
	}
}

// dot4 is dp4a.s32.s32 (§9.7.1.23).
func dot4(d, a, b, c *lanes) {
	for l := range d {
		x, y := uint32(a[l]), uint32(b[l])
		s := int32(int8(x))*int32(int8(y)) + int32(int8(x>>8))*int32(int8(y>>8)) +
			int32(int8(x>>16))*int32(int8(y>>16)) + int32(int8(x>>24))*int32(int8(y>>24))
		d[l] = uint64(uint32(c[l]) + uint32(s))
	}
}

// each calls f for every lane of a mask, ascending.
func each(mask uint32, f func(lane int)) {
	for ; mask != 0; mask &= mask - 1 {
		f(bits.TrailingZeros32(mask))
	}
}
