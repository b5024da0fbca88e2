package ptx_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

// TestValues has each opcode that makes a value, with operands written out; 0f…
// are floats' bits. The expected numbers are from the ISA's definitions, by
// hand.
func TestValues(t *testing.T) {
	const nan = 0x7fffffff
	for _, c := range []struct {
		do   string
		want uint64
	}{
		{"add.s32 %r0, 0xffffffff, 2", 1},
		{"add.u32 %r0, 0x80000000, 0x80000000", 0},
		{"add.s64 %d0, -1, 3", 2},
		{"add.u64 %d0, 0xffffffff, 1", 1 << 32},
		{"sub.s32 %r0, 1, 2", 0xffffffff},
		{"sub.s64 %d0, 1, 2", math.MaxUint64},
		{"mul.lo.s32 %r0, 0x10001, 0x10001", 0x20001},
		{"mul.lo.s64 %d0, 0x100000001, 0x100000001", 0x200000001},
		{"mul.wide.u32 %d0, 0xffffffff, 0xffffffff", 0xfffffffe00000001},
		{"mul.wide.s32 %d0, -2, 3", 0xfffffffffffffffa},
		{"mad.lo.s32 %r0, 7, 6, -1", 41},
		{"mad.lo.s64 %d0, 0x100000000, 3, -1", 0x2ffffffff},
		{"div.u32 %r0, 0xffffffff, 10", 429496729},
		{"rem.u32 %r0, 0xffffffff, 10", 5},
		{"min.u32 %r0, -1, 1", 1},
		{"max.u32 %r0, -1, 1", 0xffffffff},
		{"min.s32 %r0, -1, 1", 0xffffffff},
		{"max.s32 %r0, -1, 1", 1},
		{"max.s16 %h0, -3, 2", 2},
		{"and.b16 %h0, 0xff0f, 0x0ff0", 0x0f00},
		{"and.b32 %r0, 0xff00ff0f, 0x0ff0fff0", 0x0f00ff00},
		{"and.b64 %d0, -1, 0x123456789a", 0x123456789a},
		{"or.b16 %h0, 0xf000, 3", 0xf003},
		{"or.b32 %r0, 0xf0000000, 3", 0xf0000003},
		{"or.b64 %d0, 0x100000000, 3", 0x100000003},
		{"xor.b32 %r0, -1, 0xf", 0xfffffff0},
		{"not.b32 %r0, 0xf", 0xfffffff0},
		{"neg.s32 %r0, 3", 0xfffffffd},
		{"neg.s32 %r0, 0", 0},
		{"shl.b32 %r0, 3, 31", 0x80000000},
		{"shl.b32 %r0, 3, 32", 0},
		{"shl.b64 %d0, 3, 63", 1 << 63},
		{"shr.u16 %h0, 0x8001, 1", 0x4000},
		{"shr.s16 %h0, 0x8000, 15", 0xffff},
		{"shr.s16 %h0, 0x4000, 20", 0},
		{"mul.wide.u16 %r0, 0xffff, 0xffff", 0xfffe0001},
		{"shr.u32 %r0, 0x80000001, 31", 1},
		{"shr.u32 %r0, 0x80000001, 77", 0},
		{"shr.u64 %d0, -1, 60", 15},
		{"shr.s32 %r0, 0x80000000, 31", 0xffffffff},
		{"shr.s32 %r0, 0x80000000, 200", 0xffffffff},
		{"bfe.u32 %r0, 0x12345678, 4, 12", 0x567},
		{"bfe.u32 %r0, 0x12345678, 28, 12", 1},
		{"bfe.s32 %r0, 0x000000f0, 4, 4", 0xffffffff},
		{"bfe.s32 %r0, 0x00000070, 4, 4", 7},
		{"bfe.s32 %r0, 0x80000000, 28, 12", 0xfffffff8},
		{"bfe.s32 %r0, 0x12345678, 4, 0", 0},
		{"prmt.b32 %r0, 0x33221100, 0x77665544, 0x7410", 0x77441100},
		{"prmt.b32 %r0, 0x00800000, 0x00007f00, 0xda80", 0x00ff0000},
		{"prmt.b32 %r0, 0x00800000, 0x00007f00, 0x000a", 0x000000ff},
		{"dp4a.s32.s32 %r0, 0x80ff017f, 0x807f02ff, 10", 10 + 128*128 - 127 + 2 - 127},
		{"dp4a.s32.s32 %r0, 0x01010101, 0xffffffff, 0x4B400000", 0x4B3ffffc},
		{"add.rn.f32 %f0, 0f3F800000, 0f33800000", 0x3f800000}, // 1 + 2^-24: a tie, to even
		{"add.rn.f32 %f0, 0f3F800001, 0f33800000", 0x3f800002},
		{"add.rn.f32 %f0, 0f00000001, 0f00000001", 2}, // subnormals stay
		{"sub.rn.f32 %f0, 0f7F800000, 0f7F800000", nan},
		{"sub.rn.f32 %f0, 0f4B400005, 0f4B400000", 0x40a00000},
		{"mul.rn.f32 %f0, 0f00800000, 0f3F000000", 0x00400000},
		{"mul.rn.f32 %f0, 0f7F000000, 0f40000000", 0x7f800000},
		{"div.rn.f32 %f0, 0f3F800000, 0f40400000", 0x3eaaaaab},
		{"div.rn.f32 %f0, 0f00000000, 0f00000000", nan},
		{"sqrt.rn.f32 %f0, 0f40000000", 0x3fb504f3},
		{"sqrt.rn.f32 %f0, 0fBF800000", nan},
		{"fma.rn.f32 %f0, 0f3F800001, 0f3F800001, 0fBF800002", 0x28800000}, // what a product rounded first would lose
		// Below halfway between two numbers by less than binary64 holds: a normal
		// sum, and a subnormal one.
		{"fma.rn.f32 %f0, 0f33800001, 0f3F7FFFFE, 0f3F800001", 0x3f800001},
		{"fma.rn.f32 %f0, 0f1A000001, 0f19FFFFFE, 0f00400001", 0x00400001},
		{"neg.f32 %f0, 0f7FC00001", 0xffc00001},
		{"abs.f32 %f0, 0f80000000", 0},
		{"cvt.f32.f16 %f0, 1", 0x33800000},
		{"cvt.f32.f16 %f0, 0xfc00", 0xff800000},
		{"cvt.rn.f16.f32 %h0, 0f3F801000", 0x3c00}, // a tie
		{"cvt.rn.f16.f32 %h0, 0f3F803000", 0x3c02},
		{"cvt.rn.f16.f32 %h0, 0f477FF000", 0x7c00},
		{"cvt.rn.f16.f32 %h0, 0f7FC00000", 0x7fff},
		{"cvt.rn.f32.u32 %f0, 0xffffffff", 0x4f800000},
		{"cvt.rn.f32.s32 %f0, -1", 0xbf800000},
		{"cvt.rn.f32.u16 %f0, 0xffff", 0x477fff00},
		{"cvt.rn.f32.s16 %f0, 0xffff", 0xbf800000},
		{"mov.b16 %h0, 0x12345", 0x2345},
		{"mov.u16 %h0, -1", 0xffff},
		{"mov.b32 %r0, -1", 0xffffffff},
		{"mov.u32 %r0, 9", 9},
		{"mov.f32 %f0, 0f40490FDB", 0x40490fdb},
		{"mov.b64 %d0, -1", math.MaxUint64},
		{"mov.u64 %d0, 9", 9},
		{"cvta.to.global.u64 %d0, 0x7f0000000000", 0x7f0000000000},
		{"cvt.u64.u32 %d0, -1", 0xffffffff},
		{"cvt.s64.s32 %d0, -1", math.MaxUint64},
		{"cvt.u32.u64 %r0, 0x123456789", 0x23456789},
		{"cvt.u16.u32 %h0, 0x12345", 0x2345},
		{"cvt.u16.u32 %r0, 0x12345", 0x2345},
		{"cvt.u32.u16 %r0, 0xffff", 0xffff},
		{"cvt.s32.s16 %r0, 0x8000", 0xffff8000},
		{"cvt.s32.s8 %r0, 0x80", 0xffffff80},
		{"cvt.s16.s8 %h0, 0x80", 0xff80},
		{"cvt.s8.s32 %h0, 0x1234580", 0xff80},
		{"cvt.s8.s32 %r0, 0x123457f", 0x7f},
	} {
		dest := strings.TrimSuffix(strings.Fields(c.do)[1], ",")
		gives(t, nil, c.do+";\n"+stored(dest), func(int) uint64 { return c.want })
	}
}

// stored widens a register to eight bytes and stores it.
func stored(reg string) string {
	switch reg[1] {
	case 'h':
		return fmt.Sprintf("cvt.u32.u16 %%r8, %s; cvt.u64.u32 %%d8, %%r8; st.global.u64 [%%d3], %%d8;", reg)
	case 'f':
		return fmt.Sprintf("mov.b32 %%r8, %s; cvt.u64.u32 %%d8, %%r8; st.global.u64 [%%d3], %%d8;", reg)
	case 'r':
		return fmt.Sprintf("cvt.u64.u32 %%d8, %s; st.global.u64 [%%d3], %%d8;", reg)
	}
	return fmt.Sprintf("st.global.u64 [%%d3], %s;", reg)
}

func TestComparisons(t *testing.T) {
	relations := map[string][3]bool{ // below, equal, above
		"eq": {false, true, false}, "ne": {true, false, true}, "lt": {true, false, false},
		"le": {true, true, false}, "gt": {false, false, true}, "ge": {false, true, true},
	}
	const body = "setp.%s.%s %%p0, %s, %s; selp.u32 %%r0, 1, 0, %%p0;"
	pairs := map[string][3]string{ // the second is below, equal to and above the first
		"s32": {"-1, 0x7fffffff", "-1, -1", "0, 0x80000000"}, "u32": {"1, -1", "7, 7", "-1, 1"},
		"s64": {"-1, 1", "-1, -1", "1, -1"}, "u64": {"1, -1", "7, 7", "-1, 1"},
		"s16": {"0xffff, 1", "3, 3", "1, 0x8000"}, "u16": {"1, 0xffff", "3, 3", "0x8000, 1"},
	}
	check := func(rel, kind, operands string, want bool) {
		t.Helper()
		x := uint64(0)
		if want {
			x = 1
		}
		a, b, _ := strings.Cut(operands, ", ")
		gives(t, nil, fmt.Sprintf(body, rel, kind, a, b)+stored("%r0"), func(int) uint64 { return x })
	}
	for rel, want := range relations {
		for kind, p := range pairs {
			for i := range p {
				check(rel, kind, p[i], want[i])
			}
		}
		if rel != "ne" {
			for i, operands := range []string{"0fBF800000, 0f00000000", "0f80000000, 0f00000000", "0f3F800000, 0fBF800000"} {
				check(rel, "f32", operands, want[i])
				check(rel+"u", "f32", operands, want[i])
			}
			check(rel, "f32", "0f7FC00000, 0f7FC00000", false)
			check(rel+"u", "f32", "0f7FC00000, 0f3F800000", true)
		}
	}
	check("neu", "f32", "0f7FC00000, 0f3F800000", true)
	check("neu", "f32", "0f3F800000, 0f3F800000", false)
	check("num", "f32", "0f3F800000, 0f7F800000", true)
	check("num", "f32", "0f3F800000, 0f7FC00000", false)
	check("nan", "f32", "0f3F800000, 0f7FC00000", true)
}

func TestPredicates(t *testing.T) {
	for do, want := range map[string]uint64{
		"and.pred %p0, %p1, %p2;": 0b1000, "or.pred %p0, %p1, %p2;": 0b1110, "xor.pred %p0, %p1, %p2;": 0b0110,
		"not.pred %p0, %p1;": 0b0101, "xor.pred %p0, %p1, -1;": 0b0101, "and.pred %p0, %p1, 0;": 0, "mov.pred %p0, %p2;": 0b1100, "mov.pred %p0, -1;": 0b1111, "mov.pred %p0, 0;": 0,
	} {
		body := "and.b32 %r2, %r1, 1; setp.ne.s32 %p1, %r2, 0; and.b32 %r2, %r1, 2; setp.ne.s32 %p2, %r2, 0;" + do +
			"mov.b32 %r0, 0; @%p0 mov.b32 %r0, 1;" + stored("%r0")
		gives(t, nil, body, func(l int) uint64 { return want >> (l % 4) & 1 })
	}
	for kind, reg := range map[string]string{"b16": "%h0", "u16": "%h0", "b32": "%r0", "u32": "%r0", "s32": "%r0", "b64": "%d0", "u64": "%d0", "f32": "%f0"} {
		a, b := "5", "6"
		if kind == "f32" {
			a, b = "0f00000005", "0f00000006"
		}
		body := "and.b32 %r2, %r1, 1; setp.ne.s32 %p1, %r2, 0; selp." + kind + " " + reg + ", " + a + ", " + b + ", %p1;" + stored(reg)
		gives(t, nil, body, func(l int) uint64 { return 6 - uint64(l%2) })
	}
}

func TestVectorsOfRegisters(t *testing.T) {
	gives(t, nil, "mov.b32 {%h0, %h1}, 0x12345678; { .reg .b16 t; mov.b16 t, 0xabcd; mov.b32 %r0, {%h1, t}; }"+stored("%r0"),
		func(int) uint64 { return 0xabcd1234 })
	gives(t, nil, "mov.b64 {%r2, %r3}, 0x123456789abcdef0; mov.b64 %d0, {%r3, %r2};"+stored("%d0"),
		func(int) uint64 { return 0x9abcdef012345678 })
}

// TestALoadMayOverwriteItsAddress has a vector whose first register had the
// address, loaded by all lanes and by the odd ones.
func TestALoadMayOverwriteItsAddress(t *testing.T) {
	for guard, least := range map[string]int{"": 0, "@%p1 ": 1} {
		body := ".shared .align 8 .b8 own[256]; mov.u32 %r3, own; mad.lo.s32 %r3, %r1, 8, %r3; add.s32 %r4, %r1, 100; add.s32 %r5, %r1, 200;" +
			"st.shared.v2.u32 [%r3], {%r4, %r5}; and.b32 %r2, %r1, 1; setp.ne.s32 %p1, %r2, 0; mov.b32 %r6, 7;" +
			guard + "ld.shared.v2.u32 {%r3, %r6}, [%r3];" + stored("%r6")
		gives(t, nil, body, func(l int) uint64 {
			if l%2 < least {
				return 7
			}
			return 200 + uint64(l)
		})
	}
}

// TestFusedRoundsOnce compares fma with exact arithmetic on operands of every
// size, near each other and not.
func TestFusedRoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	any32 := func() float32 {
		return math.Float32frombits(r.Uint32()&0x807fffff | uint32(r.IntN(254))<<23)
	}
	var in []byte
	var want []uint32
	const each = 42 // of 32 lanes, 12 bytes: in has room for no more
	for round := range each {
		in, want = in[:0], want[:0]
		for range 32 {
			x, y := any32(), any32()
			z := any32()
			if round%2 == 0 {
				z = -x * y * (1 + float32(r.IntN(3))*0x1p-23) // cancels
			}
			in = append(append(append(in, le32(math.Float32bits(x))...), le32(math.Float32bits(y))...), le32(math.Float32bits(z))...)
			want = append(want, exactFMA(x, y, z))
		}
		d := newDevice(t, in, 32)
		body := "mul.wide.u32 %d4, %r1, 12; add.s64 %d4, %d1, %d4; ld.global.f32 %f1, [%d4]; ld.global.f32 %f2, [%d4+4]; ld.global.f32 %f3, [%d4+8]; fma.rn.f32 %f0, %f1, %f2, %f3;" + stored("%f0")
		if err := d.run(t, text("", body), ptx.Grid{X: 1, Y: 1, Threads: 32}, ptx.Schedule{}); err != nil {
			t.Fatal(err)
		}
		for l, x := range d.results(t) {
			if uint32(x) != want[l] {
				t.Fatalf("lane %d of round %d: got %#x, want %#x of %x", l, round, x, want[l], in[l*12:][:12])
			}
		}
	}
}

// exactFMA rounds the exact x·y + z. What is infinite stays so in this test's
// operands only by overflow.
func exactFMA(x, y, z float32) uint32 {
	if math.IsInf(float64(z), 0) || z != z {
		return math.Float32bits(z) // finite products
	}
	wide := func(f float32) *big.Float { return new(big.Float).SetPrec(1000).SetFloat64(float64(f)) }
	sum := wide(x)
	sum.Mul(sum, wide(y)).Add(sum, wide(z))
	f, _ := sum.Float32()
	if f == 0 && math.Signbit(float64(x)) != math.Signbit(float64(y)) && sum.Sign() == 0 && math.Signbit(float64(z)) {
		return 1 << 31 // −0 + −0
	}
	return math.Float32bits(f)
}
