// choose.cu - the likeliest token (SPEC.md §6; arith: Choose with temperature 0), and whether a position fails.
//
// likeliest: logits [rows][vocab] and states [rows][width] float -> best[row], the lowest id of the largest logit, or -1 where a
// logit or an element of the state is not finite.
//
// A block of threads is a row, with up to 1,024 threads: a vocabulary of 128,256 is then 16 turns
// of them, of AHEAD logits each. Each thread keeps the first largest of its own elements, ascending; ties between threads go to
// the lower id, so the order of the reduction does not matter.
#include "ac1.cuh"

constexpr u32 MOST_THREADS = 1024, MOST_WARPS = MOST_THREADS / WARP, AHEAD = 8;

// any_lane is the union of the bits of a warp.
DEVICE u32 any_lane(u32 x) {
	for (u32 w = 16; w > 0; w /= 2)
		x |= across(x, w);
	return x;
}

DEVICE u32 not_finite(const float *x, u32 n) {
	u32 bad = 0;
#pragma unroll 1
	for (u32 i = thread(); i < n; i += threads())
		bad |= !finite(x[i]);
	return bad;
}

KERNEL BLOCK_OF(MOST_THREADS) likeliest(const float *logits, const float *states, int *best, u32 vocab, u32 width) {
	SHARED static float values[MOST_WARPS];
	SHARED static u32 ids[MOST_WARPS], bads[MOST_WARPS];
	logits += (u64)block_x() * vocab;
	u32 bad = not_finite(states + (u64)block_x() * width, width), id = vocab;
	float value = -__builtin_inff();
#pragma unroll 1
	for (u32 from = 0; from < vocab; from += AHEAD * threads()) { // all lanes go as often
		float x[AHEAD];
#pragma unroll
		for (u32 k = 0; k < AHEAD; k++) {
			u32 i = from + k * threads() + thread();
			x[k] = i < vocab ? logits[i] : -__builtin_inff();
		}
		asked();
#pragma unroll
		for (u32 k = 0; k < AHEAD; k++) {
			u32 i = from + k * threads() + thread();
			bad |= i < vocab && !finite(x[k]);
			if (x[k] > value) {
				value = x[k];
				id = i;
			}
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
#pragma unroll 1
	for (u32 w = 1; w < threads() / WARP; w++) {
		bad |= bads[w];
		if (values[w] > value || (values[w] == value && ids[w] < id)) {
			value = values[w];
			id = ids[w];
		}
	}
	best[block_x()] = bad ? -1 : (int)id;
}
