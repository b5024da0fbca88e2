// linear.cu - a linear layer for few tokens, where reading the weights is what takes time.
//
// linear_TYPE_N: weights [rows][blocks of 32] as types.cuh has them, activations of tokens [tokens][blocks of 32] (quantise.cuh),
// bias [rows] or null, onto [tokens][rows] or null, which may be out -> out [tokens][rows] float, for N tokens at a time (arith:
// format.plainRow, Multiply).
//
// A lane is a row, so that the steps of a sum follow each other in their order without leaving it, and all lanes read the same
// activations. A warp has a chunk of 256: a block of threads is 32 rows and some chunks at a time, whose sums meet in shared
// memory, where a warp for each token adds them to the total in their order. The grid has the rows in x, 32 at a time, and the
// tokens in y, N at a time; a block has a warp for each chunk, but no more than 16 for one token, and 8 for more.
//
// Memory answers after some 600 ns, so a multiprocessor of an H200 must always have 25 KiB on their way: of one token a warp
// asks for AHEAD blocks, 4 KiB of Q8_0, before it takes the first. 4,096 x 4,096 are 2,048 warps, 16 on each multiprocessor.
#include "types.cuh"

constexpr u32 CHUNK_BLOCKS = CHUNK / BLOCK, AHEAD = 4;

// most_warps is of a block of threads. That one on a multiprocessor is enough lets an assembler keep all of AHEAD in registers.
DEVICE constexpr u32 most_warps(u32 tokens) { return tokens == 1 ? 16 : 8; }

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

template <class T, u32 TOKENS>
DEVICE void linear(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,
                   const float *onto, float *out, u32 rows, u32 blocks, u32 tokens) {
	SHARED static float sums[TOKENS][most_warps(TOKENS)][WARP], totals[TOKENS][WARP];
	u32 lane = thread() % WARP, warp = thread() / WARP, warps = threads() / WARP;
	u32 row = block_x() * WARP + lane, first = block_y() * TOKENS;
	u32 count = tokens - first < TOKENS ? tokens - first : TOKENS;
	for (u32 k = warp; k < count; k += warps) // the tokens whose totals are the warp's
		totals[k][lane] = 0;
	for (u32 round = 0; round < blocks; round += warps * CHUNK_BLOCKS) {
		u32 from = round + warp * CHUNK_BLOCKS, to = from + CHUNK_BLOCKS < blocks ? from + CHUNK_BLOCKS : blocks;
		float sum[TOKENS] = {};
		u32 b = from;
		if (TOKENS == 1) {
#pragma unroll 1
			for (; b + AHEAD <= to; b += AHEAD) {
				u32 w[AHEAD][8];
				float d[AHEAD], m[AHEAD];
#pragma unroll
				for (u32 i = 0; i < AHEAD; i++)
					load<T>(stored<T>(quants, scales, row, blocks / T::GROUP, (b + i) / T::GROUP), (b + i) % T::GROUP, w[i], d[i], m[i]);
				asked();
#pragma unroll
				for (u32 i = 0; i < AHEAD; i++) {
					u64 at = (u64)first * blocks + b + i;
					sum[0] = stepped<T>(w[i], d[i], m[i], q + at * BLOCK, dx[at], tx + at, sum[0]);
				}
			}
		}
		constexpr bool whole_chunks = T::GROUP == CHUNK_BLOCKS; // of every row
#pragma unroll 1
		for (; !(TOKENS == 1 && whole_chunks) && b < to; b++) {
			u32 w[8];
			float d, m;
			load<T>(stored<T>(quants, scales, row, blocks / T::GROUP, b / T::GROUP), b % T::GROUP, w, d, m);
#pragma unroll
			for (u32 k = 0; k < TOKENS; k++)
				if (k < count) {
					u64 at = (u64)(first + k) * blocks + b;
					sum[k] = stepped<T>(w, d, m, q + at * BLOCK, dx[at], tx + at, sum[k]);
				}
		}
#pragma unroll
		for (u32 k = 0; k < TOKENS; k++)
			sums[k][warp][lane] = sum[k];
		barrier();
		for (u32 k = warp; k < count; k += warps) {
			float total = totals[k][lane];
			for (u32 i = 0; i < warps; i++) // a chunk that is not there is +0, which changes no sum
				total = total + sums[k][i][lane];
			totals[k][lane] = total;
		}
		barrier();
	}
	if (row < rows)
		for (u32 k = warp; k < count; k += warps)
			give(totals[k][lane], bias, onto, out, row, (u64)(first + k) * rows + row);
}

#define LINEAR(name, type, n)                                                                                                       \
	KERNEL __attribute__((launch_bounds(most_warps(n) * WARP, 1)))                                                              \
	linear_##name##_##n(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,       \
	                    const float *onto, float *out, u32 rows, u32 blocks, u32 tokens) {                                                         \
		linear<type, n>(quants, scales, q, dx, tx, bias, onto, out, rows, blocks, tokens);                                                \
	}
#define BOTH(name, type) LINEAR(name, type, 1) LINEAR(name, type, 8)

BOTH(q8_0, Q8_0)
BOTH(q4_0, Q4_0)
BOTH(q4_1, Q4_1)
BOTH(q5_0, Q5_0)
BOTH(q5_1, Q5_1)
BOTH(q4_k, Q4_K)
BOTH(q5_k, Q5_K)
BOTH(q6_k, Q6_K)
BOTH(iq4_nl, IQ4_NL)
BOTH(mxfp4, MXFP4)
