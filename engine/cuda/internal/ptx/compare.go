package ptx

import "math/bits"

// Comparison and selection (PTX ISA §9.7.6, §9.7.7). Comparisons of floats
// without u are false where one is NaN, those with u true.
var comparisons = append(append(append(
	compareFamily("s32", "i32", 1<<31), compareFamily("u32", "i32", 0)...),
	append(compareFamily("s64", "i64", 1<<63), compareFamily("u64", "i64", 0)...)...),
	append(append(compareFamily("s16", "i16", 1<<15), compareFamily("u16", "i16", 0)...), append(compareFloats,
		selectOf("selp.f32 f32,f32,f32,p"), selectOf("selp.b32 b32,b32,b32,p"), selectOf("selp.u32 i32,i32,i32,p"),
		selectOf("selp.s32 i32,i32,i32,p"), selectOf("selp.b64 b64,b64,b64,p"), selectOf("selp.u64 i64,i64,i64,p"), selectOf("selp.b16 b16,b16,b16,p"), selectOf("selp.u16 i16,i16,i16,p"),
		predicate("and.pred", func(a, b uint32) uint32 { return a & b }),
		predicate("or.pred", func(a, b uint32) uint32 { return a | b }),
		predicate("xor.pred", func(a, b uint32) uint32 { return a ^ b }),
		predicateNot(), op(sets, "mov.pred p,pc"))...)...)

// compareFamily are the six comparisons of a type of integers. Each is made of
// two: below, and equal. With its sign bit flipped, a number with a sign is
// ordered as one without; sign is 0 for a type without. Neither branches: which
// lanes differ nobody can guess.
func compareFamily(name, operand string, sign uint64) []opcode {
	below := func(a, b *lanes) (p uint32) {
		for l := range a {
			_, borrow := bits.Sub64(a[l]^sign, b[l]^sign, 0)
			p |= uint32(borrow) << l
		}
		return p
	}
	equal := func(a, b *lanes) (p uint32) {
		for l := range a {
			_, borrow := bits.Sub64(a[l]^b[l], 1, 0)
			p |= uint32(borrow) << l
		}
		return p
	}
	entry := func(rel string, f func(a, b *lanes) uint32) opcode {
		o := op(compares, "setp."+rel+"."+name+" p,"+operand+","+operand)
		o.test = f
		return o
	}
	return []opcode{
		entry("eq", equal), entry("ne", func(a, b *lanes) uint32 { return ^equal(a, b) }),
		entry("lt", below), entry("ge", func(a, b *lanes) uint32 { return ^below(a, b) }),
		entry("gt", func(a, b *lanes) uint32 { return below(b, a) }), entry("le", func(a, b *lanes) uint32 { return ^below(b, a) }),
	}
}

var compareFloats = []opcode{
	compareFloat("eq", func(x, y float32) bool { return x == y }),
	compareFloat("lt", func(x, y float32) bool { return x < y }),
	compareFloat("le", func(x, y float32) bool { return x <= y }),
	compareFloat("gt", func(x, y float32) bool { return x > y }),
	compareFloat("ge", func(x, y float32) bool { return x >= y }),
	compareFloat("equ", func(x, y float32) bool { return !(x < y) && !(x > y) }),
	compareFloat("neu", func(x, y float32) bool { return x != y }),
	compareFloat("ltu", func(x, y float32) bool { return !(x >= y) }),
	compareFloat("leu", func(x, y float32) bool { return !(x > y) }),
	compareFloat("gtu", func(x, y float32) bool { return !(x <= y) }),
	compareFloat("geu", func(x, y float32) bool { return !(x < y) }),
	compareFloat("num", func(x, y float32) bool { return x == x && y == y }),
	compareFloat("nan", func(x, y float32) bool { return x != x || y != y }),
}

func compareFloat(rel string, f func(x, y float32) bool) opcode {
	o := op(compares, "setp."+rel+".f32 p,f32,f32")
	o.test = func(a, b *lanes) (p uint32) {
		for l := range a {
			if f(float(a[l]), float(b[l])) {
				p |= 1 << l
			}
		}
		return p
	}
	return o
}

func selectOf(form string) opcode { return op(selects, form) }

func predicate(name string, f func(a, b uint32) uint32) opcode {
	o := op(logic, name+" p,p,pc")
	o.bits = f
	return o
}

func predicateNot() opcode {
	o := op(logic, "not.pred p,p")
	o.bits = func(a, _ uint32) uint32 { return ^a }
	return o
}
