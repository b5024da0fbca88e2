// matrices.cuh - the matrix instructions for bytes, of 16 rows, 32 weights of each and 8 tokens in one (sm_80), or of 8, 16 and 8
// (sm_75), and a step of a warp by them. Both have the products that dp4a has, whole numbers without a rounding; the float steps
// after them are linear.cu's, in the same order (SPEC.md §3).
//
// A lane l has of each 16 rows and 8 tokens the sums of row l / 4 and the one 8 further on, for tokens 2 (l % 4) and the next. The
// weights that an instruction wants of it are words l % 4 and l % 4 + 4 of those two rows: it reads them where they lie
// (types.cuh), 32 bytes of four different words in each of a warp's reads, so that no weight passes through shared memory. Scales
// are made by a lane for a row, and shuffled. Activations come by asynchronous copies into shared memory and by ldmatrix from there.
//
// The sums start at the bits of MAGIC: so the products come out of the instruction as floats that one subtraction makes right.
#pragma once
#include "types.cuh"

constexpr u32 CHUNK_BLOCKS = CHUNK / BLOCK;
constexpr u32 TOKENS = 64, TILES = TOKENS / 8; // of a block of threads
constexpr u32 PIECE = 16;                      // bytes that are copied at once

struct alignas(8) Pair {
	float x, y;
};

// in_shared is an address as ldmatrix and cp.async take it.
DEVICE u32 in_shared(const void *p) { return (u32)(u64)(const __attribute__((address_space(3))) void *)p; }

// fragments reads four 8 x 8 matrices of two bytes: lane l names a row, the one with its number; it is given the word l % 4 of
// row l / 4 of each.
DEVICE void fragments(const void *row, u32 (&x)[4]) {
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
	             : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
	             : "r"(in_shared(row))
	             : "memory");
}

DEVICE void wait_for_lanes() { __nvvm_bar_warp_sync(ALL); }

#if __CUDA_ARCH__ >= 800

// copy starts to copy 4 or 16 bytes to shared memory.
DEVICE void copy16(void *to, const void *from) {
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(in_shared(to)), "l"((const __attribute__((address_space(1))) void *)from) : "memory");
}
DEVICE void copy4(void *to, const void *from) {
	asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(in_shared(to)), "l"((const __attribute__((address_space(1))) void *)from) : "memory");
}
DEVICE void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// wait_but waits for what was committed, but for the last N commitments.
template <u32 N> DEVICE void wait_but() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

// products adds those of the first 16 weights of each row, or of the last, to c.
DEVICE void products_half(u32 a0, u32 a1, u32 b, u32 (&c)[4]) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
	             : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
	             : "r"(a0), "r"(a1), "r"(b));
}
DEVICE void products(const u32 (&a)[4], u32 b0, u32 b1, u32 (&c)[4]) {
	asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
	             : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
	             : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#else

DEVICE void copy16(void *to, const void *from) { *(u32x4 *)to = *(const u32x4 *)from; }
DEVICE void copy4(void *to, const void *from) { *(u32 *)to = *(const u32 *)from; }
DEVICE void commit() {}
template <u32 N> DEVICE void wait_but() {}

DEVICE void products8(u32 a, u32 b, u32 &c0, u32 &c1) {
	asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};" : "+r"(c0), "+r"(c1) : "r"(a), "r"(b));
}
DEVICE void products_half(u32 a0, u32 a1, u32 b, u32 (&c)[4]) {
	products8(a0, b, c[0], c[1]);
	products8(a1, b, c[2], c[3]);
}
DEVICE void products(const u32 (&a)[4], u32 b0, u32 b1, u32 (&c)[4]) {
	products_half(a[0], a[1], b0, c);
	products_half(a[2], a[3], b1, c);
}

#endif

// Asked is what a lane has asked for of a block of 32 weights of a warp's 16 HALVES rows: of its rows' words what they are made
// of, and the scales of the row with its number.
template <class T, u32 HALVES> struct Asked {
	u32 words[HALVES][2][T::RAW];
	Scales scales;
};

// ask reads them: block b of the rows from first on, a multiple of 16.
template <class T, u32 HALVES> DEVICE void ask(Asked<T, HALVES> &x, const u8 *quants, const u8 *scales, u32 first, u32 blocks, u32 b) {
	u32 lane = thread() % WARP, j = b % T::GROUP;
	Stored s = stored<T>(quants, scales, first + lane / 4, blocks / T::GROUP, b / T::GROUP);
#pragma unroll
	for (u32 h = 0; h < HALVES; h++)
#pragma unroll
		for (u32 i = 0; i < 2; i++)
			T::ask({s.words + h * 16 + i * 8, s.scales}, j, lane % 4, x.words[h][i]);
	x.scales = T::ask_scales(stored<T>(quants, scales, first + lane % (16 * HALVES), blocks / T::GROUP, b / T::GROUP), j);
}

// Weights are fragments of a block of 32 weights, and the rows' scales.
template <u32 HALVES> struct Weights {
	u32 a[HALVES][4];
	float d[HALVES][2], m[HALVES][2];
};

template <class T, u32 HALVES> DEVICE void make(Weights<HALVES> &w, const Asked<T, HALVES> &x, u32 b) {
	u32 lane = thread() % WARP, j = b % T::GROUP;
	float d, m;
	T::scales(x.scales, j, d, m);
#pragma unroll
	for (u32 h = 0; h < HALVES; h++)
#pragma unroll
		for (u32 i = 0; i < 2; i++) {
			T::words(x.words[h][i], j, lane % 4, w.a[h][i], w.a[h][i + 2]);
			w.d[h][i] = from_lane(d, h * 16 + i * 8 + lane / 4);
			w.m[h][i] = T::MINIMUM || T::HALVES ? from_lane(m, h * 16 + i * 8 + lane / 4) : 0;
		}
}

// InShared are the activations of a block of 32 and of TOKENS tokens in shared memory: of each token STRIDE bytes, of which the lane's
// piece for ldmatrix begins at mine, and the two scales.
struct InShared {
	const u8 *mine;
	const float *dx, *tx;
};

// named_token and named_piece are the row that the lane names for ldmatrix: of two tiles the first and the last 16 bytes.
DEVICE u32 named_token() { return thread() % WARP / 16 * 8 + thread() % 8; }
DEVICE u32 named_piece() { return thread() % WARP / 8 % 2; }

// step takes a block of 32 weights and the first count of the tokens, rounded up to 16: sums[h][tile][0, 1] are of row
// 16 h + lane / 4 and two tokens, [2, 3] of the row 8 further on.
template <class T, u32 HALVES, u32 STRIDE>
DEVICE void step(const Weights<HALVES> &w, InShared in, u32 count, float (&sums)[HALVES][TILES][4]) {
	u32 pair = thread() % 4 * 2;
#pragma unroll
	for (u32 t = 0; t < TILES; t += 2) {
		if (t * 8 >= count)
			continue;
		u32 x[4];
		fragments(in.mine + t * 8 * STRIDE, x);
#pragma unroll
		for (u32 k = 0; k < 2; k++) {
			Pair dx = *(const Pair *)(in.dx + (t + k) * 8 + pair), tx = {};
			if (T::MINIMUM)
				tx = *(const Pair *)(in.tx + (t + k) * 8 + pair);
#pragma unroll
			for (u32 h = 0; h < HALVES; h++) {
				u32 first[4] = {MAGIC_BITS, MAGIC_BITS, MAGIC_BITS, MAGIC_BITS}, last[4] = {MAGIC_BITS, MAGIC_BITS, MAGIC_BITS, MAGIC_BITS};
				if (T::HALVES) {
					products_half(w.a[h][0], w.a[h][1], x[2 * k], first);
					products_half(w.a[h][2], w.a[h][3], x[2 * k + 1], last);
				} else {
					products(w.a[h], x[2 * k], x[2 * k + 1], first);
				}
#pragma unroll
				for (u32 i = 0; i < 4; i++) {
					float by = i % 2 ? dx.y : dx.x, &sum = sums[h][t + k][i];
					sum = fma(whole(first[i]), w.d[h][i / 2] * by, sum);
					if (T::HALVES)
						sum = fma(whole(last[i]), w.m[h][i / 2] * by, sum);
					else if (T::MINIMUM)
						sum = fma(w.m[h][i / 2], i % 2 ? tx.y : tx.x, sum);
				}
			}
		}
	}
}
