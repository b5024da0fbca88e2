// chunks.cu - a linear layer for some tokens, where matrices have too few rows to keep a device busy by themselves.
//
// chunks_TYPE: what linear.cu computes, with the same arguments, by the matrix instructions for bytes (matrices.cuh).
//
// A block of threads is 32 rows and 64 tokens. Each of its eight warps takes every eighth chunk of 256, by itself: chunks are
// summed apart, and the sums meet in shared memory after each round of eight, where they are added to the totals in their order
// (SPEC.md §2). So 4,096 x 4,096 are 128 blocks whatever the tokens are. A warp's activations of a block of 32 come meanwhile
// (cp.async) into the other half of its own two places; tokens past the last 16 of which there is one cost nothing. The grid has
// 32 rows in x, and 64 tokens in y.
#include "matrices.cuh"

constexpr u32 WARPS = 8, THREADS = WARPS * WARP, ROWS = 32;

// Place is a block of 32 of the activations of all tokens. Two bytes' bits of a piece's address are mixed, so that the rows of
// ldmatrix lie in different banks: token t has its piece p at p ^ (t / 4 % 2).
struct alignas(16) Place {
	u8 q[TOKENS][BLOCK];
	float dx[TOKENS], tx[TOKENS];
};

// fetch starts to copy block b of the tokens from first on. A lane has tokens lane and lane + 32; those past the last are the last
// once more, and their sums go nowhere. There are fewer than 2^32 blocks in all.
template <bool MINIMUM>
DEVICE void fetch(Place &p, const i8 *q, const float *dx, const float *tx, u32 first, u32 count, u32 blocks, u32 b) {
#pragma unroll
	for (u32 k = 0; k < TOKENS; k += WARP) {
		u32 t = k + thread() % WARP;
		u32 at = (first + (t < count ? t : count - 1)) * blocks + b;
		if (k < count) {
			copy16(p.q[t] + t / 4 % 2 * PIECE, q + (u64)at * BLOCK);
			copy16(p.q[t] + (1 - t / 4 % 2) * PIECE, q + (u64)at * BLOCK + PIECE);
			copy4(p.dx + t, dx + at);
			if (MINIMUM)
				copy4(p.tx + t, tx + at);
		}
	}
}

template <class T>
DEVICE void chunks(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,
                   const float *onto, float *out, u32 rows, u32 blocks, u32 tokens) {
	SHARED static Place places[2][WARPS];
	SHARED static float meeting[WARPS][WARPS][WARP]; // sums of a tile of 16 rows and of another, or two tokens of each; of each warp
	u32 lane = thread() % WARP, warp = thread() / WARP, row = block_x() * ROWS, first = block_y() * TOKENS;
	u32 count = tokens - first < TOKENS ? tokens - first : TOKENS, b = warp * CHUNK_BLOCKS, half = 0;
	float totals[TILES] = {};
	Asked<T, 2> next = {};
	if (b < blocks) {
		fetch<T::MINIMUM>(places[0][warp], q, dx, tx, first, count, blocks, b);
		ask(next, quants, scales, row, blocks, b);
	}
	commit();
	u32 round = 0;
#pragma unroll 1
	do { // a row has a chunk
		float sums[2][TILES][4] = {};
		u32 from = round + warp * CHUNK_BLOCKS, to = from + CHUNK_BLOCKS < blocks ? from + CHUNK_BLOCKS : blocks;
#pragma unroll 1
		for (b = from; b < to; b++) {
			u32 after = b + 1 < to ? b + 1 : from + WARPS * CHUNK_BLOCKS;
			Weights<2> w;
			make(w, next, b);
			wait_but<0>();
			wait_for_lanes(); // everybody's copies are there, and who reads the other half has read it
			if (after < blocks) {
				fetch<T::MINIMUM>(places[half ^ 1][warp], q, dx, tx, first, count, blocks, after);
				ask(next, quants, scales, row, blocks, after);
			}
			commit();
			const Place &p = places[half][warp];
			u32 t = named_token();
			step<T, 2, BLOCK>(w, {p.q[t] + (named_piece() ^ t / 4 % 2) * PIECE, p.dx, p.tx}, count, sums);
			half ^= 1;
		}
#pragma unroll
		for (u32 t = 0; t < TILES; t++) {
			if (t * 8 >= count)
				continue;
#pragma unroll
			for (u32 k = 0; k < WARPS; k++)
				meeting[warp][k][lane] = sums[k / 4][t][k % 4];
			barrier();
#pragma unroll
			for (u32 k = 0; k < WARPS; k++) // a chunk that is not there is +0, which changes no sum
				totals[t] = totals[t] + meeting[k][warp][lane];
			barrier();
		}
		round += WARPS * CHUNK_BLOCKS;
	} while (round < blocks);
	u32 at = row + warp / 4 * 16 + warp % 4 / 2 * 8 + lane / 4;
#pragma unroll
	for (u32 t = 0; t < TILES; t++) {
		u32 token = first + t * 8 + lane % 4 * 2 + warp % 2;
		if (at < rows && token < tokens)
			give(totals[t], bias, onto, out, at, (u64)token * rows + at);
	}
}

#define CHUNKS(name, type)                                                                                                          \
	KERNEL BLOCK_OF(THREADS)                                                                                                    \
	chunks_##name(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,       \
	              const float *onto, float *out, u32 rows, u32 blocks, u32 tokens) {                                                            \
		chunks<type>(quants, scales, q, dx, tx, bias, onto, out, rows, blocks, tokens);                                                   \
	}

CHUNKS(q8_0, Q8_0)
CHUNKS(q4_0, Q4_0)
CHUNKS(q4_1, Q4_1)
CHUNKS(q5_0, Q5_0)
CHUNKS(q5_1, Q5_1)
CHUNKS(q4_k, Q4_K)
CHUNKS(q5_k, Q5_K)
CHUNKS(q6_k, Q6_K)
CHUNKS(iq4_nl, IQ4_NL)
CHUNKS(mxfp4, MXFP4)
