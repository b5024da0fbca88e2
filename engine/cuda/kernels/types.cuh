// types.cuh - how weights of each type lie on the device, and what a block of 32 of them is (SPEC.md §3).
//
// Rows lie side by side, 32 of them, for a lane of a warp each; rows that are missing from the last 32 are zeros. A stored block is
// what the file has, in two arrays: the scales, and all else. Of a stored block of 32 rows the first array has the rows' scales one
// after another, the second the rows' first words of four bytes, then their second ones, and so on: what the lanes of a warp read
// at once is in one piece.
//
// A type says how many words and bytes of scales a stored block has and how many blocks of 32 that is, and loads block j of it:
// eight words of four signed bytes, and two floats. Those are scale and minimum; or, where the type has HALVES, the scales of the
// first and the last sixteen; without either, m is 0.
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
DEVICE u32 byte(Stored s, u32 i) { return word(s, i / 4) >> (i % 4 * 8) & 255; }

// A scale, and two of them in a word.
DEVICE float scale(Stored s) { return widen(*(const u16 *)s.scales); }
DEVICE u32 two_scales(Stored s) { return *(const u32 *)s.scales; }
DEVICE float low_half(u32 x) { return widen((u16)x); }
DEVICE float high_half(u32 x) { return widen((u16)(x >> 16)); }

// less subtracts n, below 128, from each byte, of which none is above 127.
DEVICE u32 less(u32 x, u32 n) { return ((x | 0x80808080) - n * 0x01010101) ^ 0x80808080; }

// nibbles takes sixteen bytes apart, from a word on: elements 0 to 15 are the low nibbles.
DEVICE void nibbles(Stored s, u32 from, u32 (&w)[8]) {
	for (u32 i = 0; i < 4; i++) {
		u32 x = word(s, from + i);
		w[i] = x & 0x0f0f0f0f;
		w[i + 4] = x >> 4 & 0x0f0f0f0f;
	}
}

// spread moves four bits, from bit number first on, each to bit 4 of a byte.
DEVICE u32 spread(u32 x, u32 first) {
	x = x >> first & 15;
	return (x & 1) << 4 | (x & 2) << 11 | (x & 4) << 18 | (x & 8) << 25;
}

// fifths adds bit 4 of each element from a word of them.
DEVICE void fifths(u32 x, u32 (&w)[8]) {
	for (u32 i = 0; i < 8; i++)
		w[i] |= spread(x, 4 * i);
}

// looked_up replaces each byte below 16 by an entry of a table of sixteen bytes.
DEVICE void looked_up(u32 (&w)[8], u32 t0, u32 t1, u32 t2, u32 t3) {
	for (u32 i = 0; i < 8; i++) {
		u32 x = w[i];
		x = (x | x >> 4) & 0x00ff00ff;
		x = (x | x >> 8) & 0xffff; // four nibbles, as prmt reads them
		u32 low = __nvvm_prmt(t0, t1, x & 0x7777), high = __nvvm_prmt(t2, t3, x & 0x7777);
		w[i] = __nvvm_prmt(low, high, 0x3210 + (x >> 1 & 0x4444));
	}
}

struct Q8_0 {
	static constexpr u32 WORDS = 8, SCALES = 2, GROUP = 1;
	static constexpr bool MINIMUM = false, HALVES = false;
	DEVICE void load(Stored s, u32, u32 (&w)[8], float &d, float &m) {
		for (u32 i = 0; i < 8; i++)
			w[i] = word(s, i);
		d = scale(s);
		m = 0;
	}
};

struct Q4_0 {
	static constexpr u32 WORDS = 4, SCALES = 2, GROUP = 1;
	static constexpr bool MINIMUM = false, HALVES = false;
	DEVICE void load(Stored s, u32, u32 (&w)[8], float &d, float &m) {
		nibbles(s, 0, w);
		for (u32 i = 0; i < 8; i++)
			w[i] = less(w[i], 8);
		d = scale(s);
		m = 0;
	}
};

struct Q4_1 {
	static constexpr u32 WORDS = 4, SCALES = 4, GROUP = 1;
	static constexpr bool MINIMUM = true, HALVES = false;
	DEVICE void load(Stored s, u32, u32 (&w)[8], float &d, float &m) {
		nibbles(s, 0, w);
		u32 x = two_scales(s);
		d = low_half(x);
		m = high_half(x);
	}
};

struct Q5_0 {
	static constexpr u32 WORDS = 5, SCALES = 2, GROUP = 1;
	static constexpr bool MINIMUM = false, HALVES = false;
	DEVICE void load(Stored s, u32, u32 (&w)[8], float &d, float &m) {
		nibbles(s, 1, w);
		fifths(word(s, 0), w);
		for (u32 i = 0; i < 8; i++)
			w[i] = less(w[i], 16);
		d = scale(s);
		m = 0;
	}
};

struct Q5_1 {
	static constexpr u32 WORDS = 5, SCALES = 4, GROUP = 1;
	static constexpr bool MINIMUM = true, HALVES = false;
	DEVICE void load(Stored s, u32, u32 (&w)[8], float &d, float &m) {
		nibbles(s, 1, w);
		fifths(word(s, 0), w);
		u32 x = two_scales(s);
		d = low_half(x);
		m = high_half(x);
	}
};

struct IQ4_NL {
	static constexpr u32 WORDS = 4, SCALES = 2, GROUP = 1;
	static constexpr bool MINIMUM = false, HALVES = false;
	DEVICE void load(Stored s, u32, u32 (&w)[8], float &d, float &m) {
		nibbles(s, 0, w);
		// -127 -104 -83 -65, -49 -35 -22 -10, 1 13 25 38, 53 69 89 113
		looked_up(w, 0xbfad9881, 0xf6eaddcf, 0x26190d01, 0x71594535);
		d = scale(s);
		m = 0;
	}
};

struct MXFP4 {
	static constexpr u32 WORDS = 4, SCALES = 1, GROUP = 1;
	static constexpr bool MINIMUM = false, HALVES = false;
	DEVICE void load(Stored s, u32, u32 (&w)[8], float &d, float &m) {
		nibbles(s, 0, w);
		// 0 1 2 3, 4 6 8 12, and the same with minus
		looked_up(w, 0x03020100, 0x0c080604, 0xfdfeff00, 0xf4f8fafc);
		u32 e = *s.scales; // 2^(e - 128), which is subnormal for 0 and 1
		d = of_bits(e > 1 ? (e - 1) << 23 : 0x00200000 << e);
		m = 0;
	}
};

// minima_scales sets scale and minimum of block j from the twelve bytes S with which a stored block of Q4_K and Q5_K begins.
DEVICE void minima_scales(Stored s, u32 j, float &d, float &m) {
	u32 i = j % 4, sc, mn, a = byte(s, i), b = byte(s, i + 4);
	if (j < 4) {
		sc = a & 63;
		mn = b & 63;
	} else {
		u32 c = byte(s, i + 8);
		sc = (c & 15) | a >> 6 << 4;
		mn = c >> 4 | b >> 6 << 4;
	}
	u32 x = two_scales(s);
	d = low_half(x) * (float)sc;
	m = -(high_half(x) * (float)mn);
}

struct Q4_K {
	static constexpr u32 WORDS = 35, SCALES = 4, GROUP = 8;
	static constexpr bool MINIMUM = true, HALVES = false;
	DEVICE void load(Stored s, u32 j, u32 (&w)[8], float &d, float &m) {
		for (u32 i = 0; i < 8; i++)
			w[i] = word(s, 3 + j / 2 * 8 + i) >> (j % 2 * 4) & 0x0f0f0f0f;
		minima_scales(s, j, d, m);
	}
};

struct Q5_K {
	static constexpr u32 WORDS = 43, SCALES = 4, GROUP = 8;
	static constexpr bool MINIMUM = true, HALVES = false;
	DEVICE void load(Stored s, u32 j, u32 (&w)[8], float &d, float &m) {
		for (u32 i = 0; i < 8; i++) {
			u32 fifth = word(s, 3 + i) >> j & 0x01010101;
			w[i] = (word(s, 11 + j / 2 * 8 + i) >> (j % 2 * 4) & 0x0f0f0f0f) | fifth << 4;
		}
		minima_scales(s, j, d, m);
	}
};

struct Q6_K {
	static constexpr u32 WORDS = 52, SCALES = 2, GROUP = 8;
	static constexpr bool MINIMUM = false, HALVES = true;
	DEVICE void load(Stored s, u32 j, u32 (&w)[8], float &d, float &m) {
		u32 h = j / 4, r = j % 4;
		for (u32 i = 0; i < 8; i++) {
			u32 low = word(s, 16 * h + 8 * (r % 2) + i) >> (r / 2 * 4) & 0x0f0f0f0f;
			u32 high = word(s, 32 + 8 * h + i) >> (2 * r) & 0x03030303;
			w[i] = less(low | high << 4, 32);
		}
		u32 both = word(s, 48 + j / 2) >> (j % 2 * 16);
		d = scale(s) * (float)(i8)both;
		m = scale(s) * (float)(i8)(both >> 8);
	}
};
