// choose.cu - the likeliest token (SPEC.md §6; arith: Choose with temperature 0), and whether a position fails.
//
// likeliest: logits [rows][vocab] and states [rows][width] float -> best[row], the lowest id of the largest logit, or -1 where a
// logit or an element of the state is not finite.
//
// A block of threads is a row. Each thread keeps the first largest of its own elements, ascending; ties between threads go to
// the lower id, so the order of the reduction does not matter.
#include "ac1.cuh"

constexpr u32 THREADS = 256, WARPS = THREADS / WARP;

// any_lane is the union of the bits of a warp.
DEVICE u32 any_lane(u32 x) {
	for (u32 w = 16; w > 0; w /= 2)
		x |= across(x, w);
	return x;
}

DEVICE u32 not_finite(const float *x, u32 n) {
	u32 bad = 0;
	for (u32 i = thread(); i < n; i += THREADS)
		bad |= !finite(x[i]);
	return bad;
}

KERNEL BLOCK_OF(THREADS) likeliest(const float *logits, const float *states, int *best, u32 vocab, u32 width) {
	SHARED static float values[WARPS];
	SHARED static u32 ids[WARPS], bads[WARPS];
	logits += (u64)block_x() * vocab;
	u32 bad = not_finite(states + (u64)block_x() * width, width), id = vocab;
	float value = -__builtin_inff();
	for (u32 i = thread(); i < vocab; i += THREADS) {
		float x = logits[i];
		bad |= !finite(x);
		if (x > value) {
			value = x;
			id = i;
		}
	}
	bad = any_lane(bad);
	for (u32 w = 16; w > 0; w /= 2) {
		float v = across(value, w);
		u32 i = across(id, w);
		if (v > value || (v == value && i < id)) {
			value = v;
			id = i;
		}
	}
	if (thread() % WARP == 0) {
		values[thread() / WARP] = value;
		ids[thread() / WARP] = id;
		bads[thread() / WARP] = bad;
	}
	barrier();
	if (thread() != 0)
		return;
	for (u32 w = 1; w < WARPS; w++) {
		bad |= bads[w];
		if (values[w] > value || (values[w] == value && ids[w] < id)) {
			value = values[w];
			id = ids[w];
		}
	}
	best[block_x()] = bad ? -1 : (int)id;
}
