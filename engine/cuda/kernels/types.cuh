// types.cuh - how weights of each type lie on the device, and what a block of 32 of them is (SPEC.md §3).
//
// Rows lie side by side, 32 of them, for a lane of a warp each; rows that are missing from the last 32 are zeros. A stored block is
// what the file has, in two arrays: the scales, and all else. Of a stored block of 32 rows the first array has the rows' scales one
// after another, the second the rows' first words of four bytes, then their second ones, and so on: what the lanes of a warp read
// at once is in one piece.
//
// A type says how many words and bytes of scales a stored block has and how many blocks of 32 that is. A block j of it is eight
// words of four signed bytes, and two floats. Those are scale and minimum; or, where the type has HALVES, the scales of the first
// and the last sixteen; without either, m is 0. Each is got in two steps, so that memory can be asked for long before: ask reads
// what words i and i + 4 are made of, i < 4, and words makes them; ask_scales and scales do that for the floats.
#pragma once
#include "ac1.cuh"

// Stored is a row's part of a stored block.
struct Stored {
	const u32 *words; // WARP apart
	const u8 *scales;
};

// stored is number b of a row; blocks is how many a row has.
template <class T> DEVICE Stored stored(const u8 *quants, const u8 *scales, u32 row, u32 blocks, u32 b) {
	u64 at = (u64)(row / WARP) * blocks + b;
	return {(const u32 *)quants + at * (T::WORDS * WARP) + row % WARP, scales + (at * WARP + row % WARP) * T::SCALES};
}

DEVICE u32 word(Stored s, u32 i) { return s.words[i * WARP]; }

// Two scales in a word.
DEVICE u32 two_scales(Stored s) { return *(const u32 *)s.scales; }
DEVICE float low_half(u32 x) { return widen((u16)x); }
DEVICE float high_half(u32 x) { return widen((u16)(x >> 16)); }

// less subtracts n, below 128, from each byte, of which none is above 127.
DEVICE u32 less(u32 x, u32 n) { return ((x | 0x80808080) - n * 0x01010101) ^ 0x80808080; }

// low and high are the low and the high nibbles of four bytes.
DEVICE u32 low(u32 x) { return x & 0x0f0f0f0f; }
DEVICE u32 high(u32 x) { return x >> 4 & 0x0f0f0f0f; }

// spread moves four bits, from bit number first on, each to bit 4 of a byte.
DEVICE u32 spread(u32 x, u32 first) {
	x = x >> first & 15;
	return (x & 1) << 4 | (x & 2) << 11 | (x & 4) << 18 | (x & 8) << 25;
}

// looked_up replaces each byte below 16 by an entry of a table of sixteen bytes.
DEVICE u32 looked_up(u32 x, u32 t0, u32 t1, u32 t2, u32 t3) {
	x = (x | x >> 4) & 0x00ff00ff;
	x = (x | x >> 8) & 0xffff; // four nibbles, as prmt reads them
	u32 first = __nvvm_prmt(t0, t1, x & 0x7777), last = __nvvm_prmt(t2, t3, x & 0x7777);
	return __nvvm_prmt(first, last, 0x3210 + (x >> 1 & 0x4444));
}

// Scales are what a block's two floats are made of.
struct Scales {
	u32 r[4];
};

// OneScale is of the types whose stored block has one binary16.
struct OneScale {
	static constexpr u32 SCALES = 2, GROUP = 1;
	static constexpr bool MINIMUM = false, HALVES = false;
	DEVICE Scales ask_scales(Stored s, u32) { return {{*(const u16 *)s.scales}}; }
	DEVICE void scales(Scales x, u32, float &d, float &m) {
		d = low_half(x.r[0]);
		m = 0;
	}
};

// ScaleMinimum is of those that have two.
struct ScaleMinimum {
	static constexpr u32 SCALES = 4, GROUP = 1;
	static constexpr bool MINIMUM = true, HALVES = false;
	DEVICE Scales ask_scales(Stored s, u32) { return {{two_scales(s)}}; }
	DEVICE void scales(Scales x, u32, float &d, float &m) {
		d = low_half(x.r[0]);
		m = high_half(x.r[0]);
	}
};

// Nibbles are sixteen bytes: elements 0 to 15 are the low nibbles.
struct Nibbles {
	static constexpr u32 WORDS = 4, RAW = 1;
	DEVICE void ask(Stored s, u32, u32 i, u32 (&x)[RAW]) { x[0] = word(s, i); }
};

// Fifths are sixteen bytes behind a word of fifth bits.
struct Fifths {
	static constexpr u32 WORDS = 5, RAW = 2;
	DEVICE void ask(Stored s, u32, u32 i, u32 (&x)[RAW]) {
		x[0] = word(s, 1 + i);
		x[1] = word(s, 0);
	}
	DEVICE void words(const u32 (&x)[RAW], u32, u32 i, u32 &a, u32 &b) {
		a = low(x[0]) | spread(x[1], 4 * i);
		b = high(x[0]) | spread(x[1], 4 * i + 16);
	}
};

struct Q8_0 : OneScale {
	static constexpr u32 WORDS = 8, RAW = 2;
	DEVICE void ask(Stored s, u32, u32 i, u32 (&x)[RAW]) {
		x[0] = word(s, i);
		x[1] = word(s, i + 4);
	}
	DEVICE void words(const u32 (&x)[RAW], u32, u32, u32 &a, u32 &b) {
		a = x[0];
		b = x[1];
	}
};

struct Q4_0 : OneScale, Nibbles {
	DEVICE void words(const u32 (&x)[RAW], u32, u32, u32 &a, u32 &b) {
		a = less(low(x[0]), 8);
		b = less(high(x[0]), 8);
	}
};

struct Q4_1 : ScaleMinimum, Nibbles {
	DEVICE void words(const u32 (&x)[RAW], u32, u32, u32 &a, u32 &b) {
		a = low(x[0]);
		b = high(x[0]);
	}
};

struct Q5_0 : OneScale, Fifths {
	DEVICE void words(const u32 (&x)[RAW], u32 j, u32 i, u32 &a, u32 &b) {
		Fifths::words(x, j, i, a, b);
		a = less(a, 16);
		b = less(b, 16);
	}
};

struct Q5_1 : ScaleMinimum, Fifths {};

struct IQ4_NL : OneScale, Nibbles {
	DEVICE u32 entry(u32 x) { // -127 -104 -83 -65, -49 -35 -22 -10, 1 13 25 38, 53 69 89 113
		return looked_up(x, 0xbfad9881, 0xf6eaddcf, 0x26190d01, 0x71594535);
	}
	DEVICE void words(const u32 (&x)[RAW], u32, u32, u32 &a, u32 &b) {
		a = entry(low(x[0]));
		b = entry(high(x[0]));
	}
};

struct MXFP4 : Nibbles {
	static constexpr u32 SCALES = 1, GROUP = 1;
	static constexpr bool MINIMUM = false, HALVES = false;
	DEVICE u32 entry(u32 x) { // 0 1 2 3, 4 6 8 12, and the same with minus
		return looked_up(x, 0x03020100, 0x0c080604, 0xfdfeff00, 0xf4f8fafc);
	}
	DEVICE void words(const u32 (&x)[RAW], u32, u32, u32 &a, u32 &b) {
		a = entry(low(x[0]));
		b = entry(high(x[0]));
	}
	DEVICE Scales ask_scales(Stored s, u32) { return {{*s.scales}}; }
	DEVICE void scales(Scales x, u32, float &d, float &m) {
		u32 e = x.r[0]; // 2^(e - 128), which is subnormal for 0 and 1
		d = of_bits(e > 1 ? (e - 1) << 23 : 0x00200000 << e);
		m = 0;
	}
};

// Minima are of Q4_K and Q5_K, whose stored block begins with twelve bytes S.
struct Minima {
	static constexpr u32 SCALES = 4, GROUP = 8;
	static constexpr bool MINIMUM = true, HALVES = false;
	DEVICE Scales ask_scales(Stored s, u32) { return {{two_scales(s), word(s, 0), word(s, 1), word(s, 2)}}; }
	DEVICE void scales(Scales x, u32 j, float &d, float &m) {
		u32 shift = j % 4 * 8, a = x.r[1] >> shift & 255, b = x.r[2] >> shift & 255, c = x.r[3] >> shift & 255;
		u32 sc = j < 4 ? a & 63 : (c & 15) | a >> 6 << 4;
		u32 mn = j < 4 ? b & 63 : c >> 4 | b >> 6 << 4;
		d = low_half(x.r[0]) * (float)sc;
		m = -(high_half(x.r[0]) * (float)mn);
	}
};

struct Q4_K : Minima {
	static constexpr u32 WORDS = 35, RAW = 2;
	DEVICE void ask(Stored s, u32 j, u32 i, u32 (&x)[RAW]) {
		x[0] = word(s, 3 + j / 2 * 8 + i);
		x[1] = word(s, 7 + j / 2 * 8 + i);
	}
	DEVICE void words(const u32 (&x)[RAW], u32 j, u32, u32 &a, u32 &b) {
		a = low(x[0] >> (j % 2 * 4));
		b = low(x[1] >> (j % 2 * 4));
	}
};

struct Q5_K : Minima {
	static constexpr u32 WORDS = 43, RAW = 4;
	DEVICE void ask(Stored s, u32 j, u32 i, u32 (&x)[RAW]) {
		x[0] = word(s, 11 + j / 2 * 8 + i);
		x[1] = word(s, 15 + j / 2 * 8 + i);
		x[2] = word(s, 3 + i);
		x[3] = word(s, 7 + i);
	}
	DEVICE void words(const u32 (&x)[RAW], u32 j, u32, u32 &a, u32 &b) {
		a = low(x[0] >> (j % 2 * 4)) | (x[2] >> j & 0x01010101) << 4;
		b = low(x[1] >> (j % 2 * 4)) | (x[3] >> j & 0x01010101) << 4;
	}
};

struct Q6_K {
	static constexpr u32 WORDS = 52, SCALES = 2, GROUP = 8, RAW = 4;
	static constexpr bool MINIMUM = false, HALVES = true;
	DEVICE void ask(Stored s, u32 j, u32 i, u32 (&x)[RAW]) {
		u32 h = j / 4, r = j % 4;
		x[0] = word(s, 16 * h + 8 * (r % 2) + i);
		x[1] = word(s, 16 * h + 8 * (r % 2) + i + 4);
		x[2] = word(s, 32 + 8 * h + i);
		x[3] = word(s, 36 + 8 * h + i);
	}
	DEVICE u32 joined(u32 x, u32 y, u32 r) { return less(low(x >> (r / 2 * 4)) | (y >> (2 * r) & 0x03030303) << 4, 32); }
	DEVICE void words(const u32 (&x)[RAW], u32 j, u32, u32 &a, u32 &b) {
		a = joined(x[0], x[2], j % 4);
		b = joined(x[1], x[3], j % 4);
	}
	DEVICE Scales ask_scales(Stored s, u32 j) { return {{*(const u16 *)s.scales, word(s, 48 + j / 2)}}; }
	DEVICE void scales(Scales x, u32 j, float &d, float &m) {
		u32 both = x.r[1] >> (j % 2 * 16);
		d = low_half(x.r[0]) * (float)(i8)both;
		m = low_half(x.r[0]) * (float)(i8)(both >> 8);
	}
};

// load does it all for block j.
template <class T> DEVICE void load(Stored s, u32 j, u32 (&w)[8], float &d, float &m) {
#pragma unroll
	for (u32 i = 0; i < 4; i++) {
		u32 x[T::RAW];
		T::ask(s, j, i, x);
		T::words(x, j, i, w[i], w[i + 4]);
	}
	T::scales(T::ask_scales(s, j), j, d, m);
}

// stepped is a block's step on the sum of its chunk (SPEC.md §3).
template <class T> DEVICE float stepped(const u32 (&w)[8], float d, float m, const i8 *q, float dx, const float *tx, float sum) {
	const u32x4 *p = (const u32x4 *)q;
	u32x4 x = p[0], y = p[1];
	u32 first = dot4(w[3], x.w, dot4(w[2], x.z, dot4(w[1], x.y, dot4(w[0], x.x, MAGIC_BITS))));
	u32 last = T::HALVES ? MAGIC_BITS : first;
	last = dot4(w[7], y.w, dot4(w[6], y.z, dot4(w[5], y.y, dot4(w[4], y.x, last))));
	if (T::HALVES)
		return fma(whole(last), m * dx, fma(whole(first), d * dx, sum));
	sum = fma(whole(last), d * dx, sum);
	return T::MINIMUM ? fma(m, *tx, sum) : sum;
}

// give puts a row's total into out, with what a layer adds to it: the row's bias, then what is there already.
DEVICE void give(float total, const float *bias, const float *onto, float *out, u32 row, u64 at) {
	if (bias)
		total = total + bias[row];
	out[at] = onto ? onto[at] + total : total;
}
