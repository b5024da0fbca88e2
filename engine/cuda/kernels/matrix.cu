// matrix.cu - a linear layer for many tokens, where the products are what takes time.
//
// matrix_TYPE: what linear.cu computes, with the same arguments, by the matrix instructions for bytes (matrices.cuh).
//
// A block of threads is eight warps of 32 rows each, and 64 tokens: so each weight is read once for 64 tokens, and an activation
// once for 256 rows. Its activations, a chunk of 256 of 64 tokens, are one copy in shared memory for all, and the next chunk comes
// meanwhile (cp.async) into the other half: 42 KiB. A token's chunk has 16 bytes to spare, so that the rows of ldmatrix lie in
// different banks. A warp goes along the rows a block of 32 weights at a time, and asks for the next one before it takes one. The
// grid has 256 rows in x, and 64 tokens in y.
//
// A lane has 64 sums and as many totals, so that all registers of a multiprocessor are one block's; what hides waiting is that the
// sums of a block of 32 are independent of each other.
#include "matrices.cuh"

constexpr u32 WARPS = 8, THREADS = WARPS * WARP, WARP_ROWS = 32, HALVES = WARP_ROWS / 16;
constexpr u32 TOKEN_BYTES = CHUNK + PIECE; // of a token's chunk

// Stage is a chunk of the activations of a block of threads.
struct alignas(16) Stage {
	u8 q[TOKENS * TOKEN_BYTES];
	float dx[CHUNK_BLOCKS][TOKENS], tx[CHUNK_BLOCKS][TOKENS];
};

// Inputs are a layer's activations, as the block of threads sees them.
struct Inputs {
	const i8 *q;
	const float *dx, *tx;
	u32 first, last, blocks; // tokens of the block of threads, blocks of a token
};

// fetch starts to copy a chunk. A token past the last is the last once more: its sums go nowhere.
template <bool MINIMUM> DEVICE void fetch(Stage &s, Inputs in, u32 chunk) {
	u32 from = chunk * CHUNK_BLOCKS, count = in.blocks - from < CHUNK_BLOCKS ? in.blocks - from : CHUNK_BLOCKS;
	u32 piece = thread() % (CHUNK / PIECE);
#pragma unroll 1
	for (u32 t = thread() / (CHUNK / PIECE); t < TOKENS; t += THREADS / (CHUNK / PIECE)) {
		u32 token = in.first + t < in.last ? in.first + t : in.last;
		if (piece < count * (BLOCK / PIECE))
			copy16(s.q + t * TOKEN_BYTES + piece * PIECE, in.q + ((u64)token * in.blocks + from) * BLOCK + piece * PIECE);
	}
#pragma unroll 1
	for (u32 i = thread(); i < TOKENS * CHUNK_BLOCKS; i += THREADS) {
		u32 t = i / CHUNK_BLOCKS, b = i % CHUNK_BLOCKS, token = in.first + t < in.last ? in.first + t : in.last;
		u64 at = (u64)token * in.blocks + from + b;
		if (b < count) {
			copy4(&s.dx[b][t], in.dx + at);
			if (MINIMUM)
				copy4(&s.tx[b][t], in.tx + at);
		}
	}
}

template <class T>
DEVICE void matrix(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,
                   const float *onto, float *out, u32 rows, u32 blocks, u32 tokens) {
	SHARED static Stage stages[2];
	u32 lane = thread() % WARP, first_row = (block_x() * WARPS + thread() / WARP) * WARP_ROWS;
	bool some = first_row < rows; // of the warp's rows; those past the last are zeros
	Inputs in = {q, dx, tx, block_y() * TOKENS, tokens - 1, blocks};
	float totals[HALVES][TILES][4] = {};
	u32 chunks = (blocks + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS;
	Asked<T, HALVES> next = {};
	fetch<T::MINIMUM>(stages[0], in, 0);
	commit();
	if (some)
		ask(next, quants, scales, first_row, blocks, 0);
	u32 chunk = 0;
#pragma unroll 1
	do { // a row has a chunk
		if (chunk + 1 < chunks)
			fetch<T::MINIMUM>(stages[(chunk + 1) % 2], in, chunk + 1);
		commit();
		wait_but<1>();
		barrier(); // everybody's copies are there
		float sums[HALVES][TILES][4] = {};
		const Stage &s = stages[chunk % 2];
		u32 to = (chunk + 1) * CHUNK_BLOCKS < blocks ? (chunk + 1) * CHUNK_BLOCKS : blocks;
#pragma unroll 1
		for (u32 b = chunk * CHUNK_BLOCKS; some && b < to; b++) {
			Weights<HALVES> w;
			make(w, next, b);
			if (b + 1 < blocks)
				ask(next, quants, scales, first_row, blocks, b + 1);
			u32 i = b % CHUNK_BLOCKS;
			step<T, HALVES, TOKEN_BYTES>(w, {s.q + named_token() * TOKEN_BYTES + i * BLOCK + named_piece() * PIECE, s.dx[i], s.tx[i]}, TOKENS, sums);
		}
#pragma unroll
		for (u32 h = 0; h < HALVES; h++)
#pragma unroll
			for (u32 t = 0; t < TILES; t++)
#pragma unroll
				for (u32 i = 0; i < 4; i++)
					totals[h][t][i] = totals[h][t][i] + sums[h][t][i];
		barrier(); // the stage was read
	} while (++chunk < chunks);
#pragma unroll
	for (u32 h = 0; h < HALVES; h++)
#pragma unroll
		for (u32 t = 0; t < TILES; t++)
#pragma unroll
			for (u32 i = 0; i < 4; i++) {
				u32 row = first_row + h * 16 + i / 2 * 8 + lane / 4, token = in.first + t * 8 + lane % 4 * 2 + i % 2;
				if (row < rows && token < tokens)
					give(totals[h][t][i], bias, onto, out, row, (u64)token * rows + row);
			}
}

#define MATRIX(name, type)                                                                                                          \
	KERNEL BLOCK_OF(THREADS)                                                                                                                             \
	matrix_##name(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,       \
	              const float *onto, float *out, u32 rows, u32 blocks, u32 tokens) {                                                            \
		matrix<type>(quants, scales, q, dx, tx, bias, onto, out, rows, blocks, tokens);                                                   \
	}

MATRIX(q8_0, Q8_0)
MATRIX(q4_0, Q4_0)
MATRIX(q4_1, Q4_1)
MATRIX(q5_0, Q5_0)
MATRIX(q5_1, Q5_1)
MATRIX(q4_k, Q4_K)
MATRIX(q5_k, Q5_K)
MATRIX(q6_k, Q6_K)
MATRIX(iq4_nl, IQ4_NL)
MATRIX(mxfp4, MXFP4)
