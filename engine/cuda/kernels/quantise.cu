// quantise.cu - activations become whole numbers.
//
// quantise: x [tokens][width] float -> q [tokens][width] int8, dx and tx [tokens][width / 32] (arith: Vec.Quantize).
// gated_silu, gated_gelu: the same of act(g) * u, both [tokens][width] (arith: pass.ffn).
//
// A lane is an element and a warp a block of 32: the largest magnitude and the sum are five shuffles each, reads and writes lie
// side by side. A block of threads has 8 warps, the grid as many as there are blocks of 32; tokens are no boundary.
#include "quantise.cuh"

constexpr u32 THREADS = 256;

// block_number is the block of 32 that the thread's warp has.
DEVICE u64 block_number() { return ((u64)block_x() * THREADS + thread()) / BLOCK; }

KERNEL BLOCK_OF(THREADS) quantise(const float *x, i8 *q, float *dx, float *tx, u32 blocks) {
	u64 b = block_number();
	if (b < blocks)
		quantise_lane(x[b * BLOCK + thread() % WARP], {q, dx, tx}, b);
}

KERNEL BLOCK_OF(THREADS) gated_silu(const float *g, const float *u, i8 *q, float *dx, float *tx, u32 blocks) {
	u64 b = block_number();
	if (b >= blocks)
		return;
	u64 at = b * BLOCK + thread() % WARP;
	quantise_lane(silu(g[at]) * u[at], {q, dx, tx}, b);
}

KERNEL BLOCK_OF(THREADS) gated_gelu(const float *g, const float *u, i8 *q, float *dx, float *tx, u32 blocks) {
	u64 b = block_number();
	if (b >= blocks)
		return;
	u64 at = b * BLOCK + thread() % WARP;
	quantise_lane(gelu(g[at]) * u[at], {q, dx, tx}, b);
}
