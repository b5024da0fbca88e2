// single.cu - a linear layer for one token, where reading the weights is what takes time.
//
// linear_TYPE_1: weights [rows][blocks of 32] as types.cuh has them, activations [blocks of 32] (quantise.cuh), bias [rows] or null,
// onto [rows] or null, which may be out -> out [rows] float (arith: format.plainRow, Multiply).
//
// A lane is a row, so that the steps of a sum follow each other in their order without leaving it, and all lanes read the same
// activations. A warp has a chunk of 256: a block of threads is 32 rows, whose chunks' sums meet in shared memory, where the first
// warp adds them to the total in their order. The grid has the rows in x, 32 at a time; a block has a warp for each chunk, but no
// more than 16. Where these are too few blocks for a device, they are halved: half a warp has 16 rows and a chunk, the other half
// the same rows and the next one, of which there are an even number of whole ones.
//
// Memory answers after some 600 ns, so a multiprocessor of an H200 must always have 25 KiB on their way: a warp asks for AHEAD
// blocks, 4 KiB of Q8_0, before it takes the first. 4,096 x 4,096 are 2,048 warps, 16 on each multiprocessor. There a warp goes on
// to its next chunk without waiting for the others, up to ROUND chunks of a block: were all to meet after a chunk each, memory
// would stand idle for an answer's time. For the same reason a block that begins early (early.cuh) has its weights brought to the
// second cache while the kernels before it, many of which read little, are at work.
//
// gated_TYPE is the feed-forward block's first half: the rows of gate and up that a block of threads takes are one block of 32
// activations, which its first warp gates and quantises (quantise.cuh; arith: pass.ffn). q is read by all blocks, so what comes out
// lies elsewhere.
#include "early.cuh"
#include "quantise.cuh"
#include "types.cuh"

constexpr u32 CHUNK_BLOCKS = CHUNK / BLOCK, AHEAD = 4, SINGLE_WARPS = 16, ROUND = 64, TOGETHER = 8;

// Weights and Token are what a kernel multiplies.
struct Weights {
	const u8 *quants, *scales;
};
struct Token {
	const i8 *q;
	const float *dx, *tx;
};

// early has the first of the weights of a block of threads brought near, of each of N matrices as many, and then waits. Of two
// blocks that have halves of 32 rows, each brings half of what lies side by side.
template <class T, u32 N> DEVICE void early(const Weights (&x)[N], u32 blocks, u32 halved) {
	u32 quants = blocks / T::GROUP * WARP * (T::WORDS * 4) >> halved, scales = blocks / T::GROUP * WARP * T::SCALES >> halved; // bytes
	others_may_begin();
	for (u32 i = 0; i < N; i++) {
		bring(x[i].quants + (u64)block_x() * quants, quants, MOST_BROUGHT / N);
		bring(x[i].scales + (u64)block_x() * scales, scales, MOST_BROUGHT / N);
	}
	wait_for_others();
}

// chunk_sum is a row's sum over chunk c, of one token; +0 of one that is not there. Whole warps call it.
template <class T> DEVICE float chunk_sum(Weights x, Token a, u32 row, u32 blocks, u32 c) {
	u32 b = c * CHUNK_BLOCKS, to = b + CHUNK_BLOCKS < blocks ? b + CHUNK_BLOCKS : blocks;
	float sum = 0;
#pragma unroll 1
	for (; b + AHEAD <= to; b += AHEAD) {
		u32 w[AHEAD][8];
		float d[AHEAD], m[AHEAD];
#pragma unroll
		for (u32 i = 0; i < AHEAD; i++)
			load<T>(stored<T>(x.quants, x.scales, row, blocks / T::GROUP, (b + i) / T::GROUP), (b + i) % T::GROUP, w[i], d[i], m[i]);
		asked();
#pragma unroll
		for (u32 i = 0; i < AHEAD; i++)
			sum = stepped<T>(w[i], d[i], m[i], a.q + (b + i) * BLOCK, a.dx[b + i], a.tx + (b + i), sum);
	}
	constexpr bool whole_chunks = T::GROUP == CHUNK_BLOCKS; // of every row
#pragma unroll 1
	for (; !whole_chunks && b < to; b++) {
		u32 w[8];
		float d, m;
		load<T>(stored<T>(x.quants, x.scales, row, blocks / T::GROUP, b / T::GROUP), b % T::GROUP, w, d, m);
		sum = stepped<T>(w, d, m, a.q + b * BLOCK, a.dx[b], a.tx + b, sum);
	}
	return sum;
}

// added is a total with TOGETHER chunks' sums, in their order. One that is not there is +0, which changes no sum.
DEVICE float added(float total, const float (*sums)[WARP], u32 lane) {
	float x[TOGETHER];
#pragma unroll
	for (u32 i = 0; i < TOGETHER; i++)
		x[i] = sums[i][lane];
#pragma unroll
	for (u32 i = 0; i < TOGETHER; i++)
		total = total + x[i];
	return total;
}

// totals are the products of one token with the block's rows of N matrices, in its first warp. Chunks are counted on from one
// matrix to the next, of each so many that TOGETHER divides them.
template <class T, u32 N> DEVICE void products(const Weights (&x)[N], Token a, u32 blocks, u32 halved, float (&totals)[N]) {
	SHARED static float sums[ROUND][WARP];
	u32 rows = WARP >> halved, lane = thread() & (rows - 1), half = thread() % WARP >> (5 - halved);
	u32 warp = thread() / WARP, row = block_x() * rows + lane;
	u32 each = (blocks + CHUNK_BLOCKS * TOGETHER - 1) / (CHUNK_BLOCKS * TOGETHER) * TOGETHER;
	for (u32 i = 0; i < N; i++)
		totals[i] = 0;
#pragma unroll 1
	for (u32 round = 0; round < N * each; round += ROUND) {
		u32 count = N * each - round < ROUND ? N * each - round : ROUND;
		if (round > 0)
			barrier(); // those before were added
#pragma unroll 1
		for (u32 k = (warp << halved) + half; k < count; k += threads() / WARP << halved) {
			u32 c = round + k;
			bool second = N > 1 && c >= each;
			sums[k][lane] = chunk_sum<T>(second ? x[N - 1] : x[0], a, row, blocks, second ? c - each : c);
		}
		barrier();
		if (warp > 0)
			continue;
#pragma unroll 1
		for (u32 k = 0; k < count; k += TOGETHER) {
			float &total = N > 1 && round + k >= each ? totals[N - 1] : totals[0];
			total = added(total, sums + k, lane);
		}
	}
}

template <class T>
DEVICE void single(const u8 *quants, const u8 *scales, Token a, const float *bias, const float *onto, float *out, u32 rows, u32 blocks, u32 halved) {
	const Weights x[1] = {{quants, scales}};
	float total[1];
	early<T, 1>(x, blocks, halved);
	products<T, 1>(x, a, blocks, halved, total);
	u32 row = block_x() * (WARP >> halved) + thread();
	if (thread() < WARP >> halved && row < rows)
		give(total[0], bias, onto, out, row, row);
}

template <class T>
DEVICE void gated(Weights gate, Weights up, Token a, const float *gate_bias, const float *up_bias, Activations out, u32 blocks, u32 by_gelu) {
	const Weights x[2] = {gate, up};
	float totals[2];
	early<T, 2>(x, blocks, 0);
	products<T, 2>(x, a, blocks, 0, totals);
	if (thread() >= WARP)
		return;
	u32 row = block_x() * WARP + thread();
	float g = totals[0], u = totals[1];
	if (gate_bias)
		g = g + gate_bias[row];
	if (up_bias)
		u = u + up_bias[row];
	quantise_lane((by_gelu ? gelu(g) : silu(g)) * u, out, block_x());
}

// That one block on a multiprocessor is enough lets an assembler keep all of AHEAD in registers.
#define OF_TYPE(name, type)                                                                                                         \
	KERNEL BOUNDS(SINGLE_WARPS)                                                                                                 \
	linear_##name##_1(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias,       \
	                  const float *onto, float *out, u32 rows, u32 blocks, u32 halved) {                                        \
		single<type>(quants, scales, {q, dx, tx}, bias, onto, out, rows, blocks, halved);                                   \
	}                                                                                                                           \
	KERNEL BOUNDS(SINGLE_WARPS)                                                                                                 \
	gated_##name(const u8 *gate_quants, const u8 *gate_scales, const u8 *up_quants, const u8 *up_scales, const i8 *q,            \
	             const float *dx, const float *tx, const float *gate_bias, const float *up_bias, i8 *out_q, float *out_dx,      \
	             float *out_tx, u32 blocks, u32 by_gelu) {                                                                      \
		gated<type>({gate_quants, gate_scales}, {up_quants, up_scales}, {q, dx, tx}, gate_bias, up_bias,                    \
		            {out_q, out_dx, out_tx}, blocks, by_gelu);                                                              \
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
