// stream.cu - what is done to each element by itself.
//
// add: x = x + h, the residual stream (arith: pass.residual).   cap: x = soft cap of x by c (arith: SoftCap).
//
// A thread has an element; reads and writes lie side by side.
#include "ac1.cuh"

constexpr u32 THREADS = 256;

KERNEL BLOCK_OF(THREADS) add(float *x, const float *h, u32 n) {
	u32 at = block_x() * THREADS + thread();
	if (at < n)
		x[at] = x[at] + h[at];
}

KERNEL BLOCK_OF(THREADS) cap(float *x, float c, u32 n) {
	u32 at = block_x() * THREADS + thread();
	if (at < n)
		x[at] = soft_cap(x[at], c);
}
