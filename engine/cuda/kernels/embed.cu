// embed.cu - rows of the embedding matrix as floats, multiplied where the family says so (SPEC.md §3, §5; arith: format.embed).
//
// embed_TYPE: weights [vocab][blocks of 32] (types.cuh), ids [tokens] -> x [tokens][blocks * 32] float. scale is 0 for none.
//
// A thread has a block of 32, a block of threads 64 of a token; it is one row for each token, and no shape matters.
#include "types.cuh"

constexpr u32 THREADS = 64;

template <class T> DEVICE void embed(const u8 *quants, const u8 *scales, const u32 *ids, float *x, u32 blocks, float scale) {
	u32 b = block_y() * THREADS + thread(), t = block_x(), w[8];
	if (b >= blocks)
		return;
	float d, m;
	load<T>(stored<T>(quants, scales, ids[t], blocks / T::GROUP, b / T::GROUP), b % T::GROUP, w, d, m);
	x += ((u64)t * blocks + b) * BLOCK;
#pragma unroll
	for (u32 i = 0; i < BLOCK; i++) {
		float y = (float)(i8)(w[i / 4] >> (i % 4 * 8)) * (T::HALVES && i >= BLOCK / 2 ? m : d);
		if (T::MINIMUM)
			y = y + m;
		x[i] = scale != 0 ? y * scale : y;
	}
}

#define EMBED(name, type)                                                                                                           \
	KERNEL BLOCK_OF(THREADS)                                                                                                    \
	embed_##name(const u8 *quants, const u8 *scales, const u32 *ids, float *x, u32 blocks, float scale) {                           \
		embed<type>(quants, scales, ids, x, blocks, scale);                                                                         \
	}

EMBED(q8_0, Q8_0)
EMBED(q4_0, Q4_0)
EMBED(q4_1, Q4_1)
EMBED(q5_0, Q5_0)
EMBED(q5_1, Q5_1)
EMBED(q4_k, Q4_K)
EMBED(q5_k, Q5_K)
EMBED(q6_k, Q6_K)
EMBED(iq4_nl, IQ4_NL)
EMBED(mxfp4, MXFP4)
