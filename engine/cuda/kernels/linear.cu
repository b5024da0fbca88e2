// linear.cu - a linear layer for a few tokens, where reading the weights is what takes time. One token has kernels of its own
// (single.cu), many have matrix instructions where there are some (matrix.cu, chunks.cu).
//
// linear_TYPE_8: weights [rows][blocks of 32] as types.cuh has them, activations of tokens [tokens][blocks of 32] (quantise.cuh),
// bias [rows] or null, onto [tokens][rows] or null, which may be out -> out [tokens][rows] float, for eight tokens at a time (arith:
// format.plainRow, Multiply).
//
// A lane is a row, so that the steps of a sum follow each other in their order without leaving it, and all lanes read the same
// activations. A warp has a chunk of 256: a block of threads is 32 rows, whose chunks' sums meet in shared memory, where a warp
// for each token adds them to the total in their order. The grid has the rows in x, 32 at a time, and the tokens in y, eight at a
// time; a block has a warp for each chunk, but no more than 8.
#include "quantise.cuh"
#include "types.cuh"

constexpr u32 CHUNK_BLOCKS = CHUNK / BLOCK, MANY_WARPS = 8;

template <class T, u32 TOKENS>
DEVICE void many(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias, const float *onto,
                 float *out, u32 rows, u32 blocks, u32 tokens) {
	SHARED static float sums[TOKENS][MANY_WARPS][WARP], totals[TOKENS][WARP];
	u32 lane = thread() % WARP, warp = thread() / WARP, warps = threads() / WARP;
	u32 row = block_x() * WARP + lane, first = block_y() * TOKENS;
	u32 count = tokens - first < TOKENS ? tokens - first : TOKENS;
	for (u32 k = warp; k < count; k += warps) // the tokens whose totals are the warp's
		totals[k][lane] = 0;
	for (u32 round = 0; round < blocks; round += warps * CHUNK_BLOCKS) {
		u32 from = round + warp * CHUNK_BLOCKS, to = from + CHUNK_BLOCKS < blocks ? from + CHUNK_BLOCKS : blocks;
		float sum[TOKENS] = {};
#pragma unroll 1
		for (u32 b = from; b < to; b++) {
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

#define OF_TYPE(name, type)                                                                                                         \
	KERNEL BOUNDS(MANY_WARPS)                                                                                                   \
	linear_##name##_8(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,       \
	                  const float *onto, float *out, u32 rows, u32 blocks, u32 tokens) {                                        \
		many<type, 8>(quants, scales, q, dx, tx, bias, onto, out, rows, blocks, tokens);                                    \
	}

OF_TYPE(q8_0, Q8_0)
OF_TYPE(q4_0, Q4_0)
OF_TYPE(q4_1, Q4_1)
OF_TYPE(q5_0, Q5_0)
OF_TYPE(q5_1, Q5_1)
OF_TYPE(q4_k, Q4_K)
OF_TYPE(q5_k, Q5_K)
OF_TYPE(q6_k, Q6_K)
OF_TYPE(iq4_nl, IQ4_NL)
OF_TYPE(mxfp4, MXFP4)
