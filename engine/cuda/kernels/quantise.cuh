// quantise.cuh - a block of 32 activations, quantised by a warp (SPEC.md §3).
#pragma once
#include "ac1.cuh"

// Activations are quantised activations: of each token [width] q, [width / 32] dx and as many tx.
struct Activations {
	i8 *q;
	float *dx, *tx;
};

// quantise_lane takes one element of a block in each lane of a warp. at is the block's number in the arrays of out.
DEVICE void quantise_lane(float x, Activations out, u64 at) {
	u32 lane = thread() % WARP;
	u32 largest = bits(x) & 0x7fffffff;
	for (u32 w = 16; w > 0; w /= 2) {
		u32 other = across(largest, w);
		largest = other > largest ? other : largest;
	}
	float a = of_bits(largest), dx = 0;
	u32 q = 0;
	if (a >= 0x1p-100f) {
		dx = a * 0x1.020408p-7f;
		q = bits(x * divide(127.0f, a) + MAGIC) - MAGIC_BITS;
	}
	if (!finite(a)) {
		dx = of_bits(0x7fc00000);
		q = 0;
	}
	out.q[at * BLOCK + lane] = (i8)q;
	u32 t = q;
	for (u32 w = 16; w > 0; w /= 2)
		t += across(t, w);
	if (lane == 0) {
		out.dx[at] = dx;
		out.tx[at] = whole(t + MAGIC_BITS) * dx;
	}
}

// silu and gelu are the activations of feed-forward blocks (SPEC.md §4).
DEVICE float silu(float x) { return divide(x, 1.0f + exp_ac1(-x)); }
DEVICE float gelu(float x) {
	float y = x * fma(0x1.2444f2p-4f, x * x, 0x1.988454p+0f);
	return divide(x, 1.0f + exp_ac1(-y));
}
