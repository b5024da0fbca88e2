// norm.cu - RMSNorm: y = (x * r) * w with r = 1 / sqrt(sum of x^2 / n + eps) (arith: RMSNorm).
//
// norm_quantise: x [tokens][n] float, w [n] -> the quantised norm (quantise.cuh), as the next linear layer reads it.
// norm: rows of n floats -> rows of n floats, in place where y is x. Row i of y is row rows[i] of x, or i where rows is null.
//
// The order of the sum (SPEC.md §2) is sixteen sums for each chunk of 256, so half a warp has a chunk: lane l sums the
// elements l, l + 16, ... and four shuffles fold. A block of threads is one row, with a thread for each element, but no more
// than 1,024: a step that continues one sequence has few blocks, and what each thread does in turn is what it takes. So a lane
// asks for all that it sums before it uses any; and where rows are few, the grid has more blocks for each in y, of which every
// one makes the sum anew, and quantises its part. Sums of chunks meet in shared memory, and every thread adds them in the same
// order; n is at most 2^16, which are 256 chunks. Of the weights, which nobody has read since the token before, a block that
// begins early (early.cuh) has those of its rows brought near. And as a norm leaves memory idle for some microseconds, blocks in y
// from number parts on bring nothing but what the next linear layer reads first: of one matrix or two, next and beside (or null),
// of each 32 rows, size bytes apart, up to most bytes.
#include "early.cuh"
#include "quantise.cuh"

constexpr u32 MOST_THREADS = 1024, HALF = 16, MOST_CHUNKS = 256;

DEVICE void early(const float *w, u32 n) {
	others_may_begin();
	bring(w, n * 4, MOST_BROUGHT);
	wait_for_others();
}

// scale returns r to every thread of the block.
DEVICE float scale(const float *x, u32 n, float eps) {
	SHARED static float sums[MOST_CHUNKS];
	u32 lane = thread() % HALF, chunks = (n + CHUNK - 1) / CHUNK;
	for (u32 round = 0; round < chunks; round += threads() / HALF) { // all lanes take part in each shuffle
		u32 chunk = round + thread() / HALF;
		float s = 0, e[HALF];
#pragma unroll
		for (u32 i = 0; i < HALF; i++) {
			u32 k = chunk * CHUNK + i * HALF + lane;
			e[i] = k < n ? x[k] : 0;
		}
		asked();
#pragma unroll
		for (u32 i = 0; i < HALF; i++) // what is not there adds +0 to what is never -0
			s = fma(e[i], e[i], s);
		s = fold16(s);
		if (lane == 0 && chunk < chunks)
			sums[chunk] = s;
	}
	barrier();
	float total = 0;
	for (u32 i = 0; i < chunks; i++)
		total = total + sums[i];
	return divide(1.0f, root(divide(total, (float)n) + eps));
}

KERNEL BLOCK_OF(MOST_THREADS) norm_quantise(const float *x, const float *w, i8 *q, float *dx, float *tx, u32 n, float eps,
                                                 u32 parts, const u8 *next, const u8 *beside, u32 size, u32 groups, u32 most) {
	if (EARLY && block_y() >= parts) {
		others_may_begin();
#pragma unroll 1
		for (u32 g = block_y() - parts; g < groups; g += blocks_y() - parts) {
			bring(next + (u64)g * size, size, most);
			if (beside)
				bring(beside + (u64)g * size, size, most);
		}
		wait_for_others();
		return;
	}
	early(w, n);
	x += (u64)block_x() * n;
	float r = scale(x, n, eps);
	u64 first = (u64)block_x() * (n / BLOCK);
#pragma unroll 1
	for (u32 at = block_y() * threads() + thread(); at < n; at += parts * threads()) // n is a multiple of 32: a warp stays together
		quantise_lane((x[at] * r) * w[at], {q, dx, tx}, first + at / BLOCK);
}

KERNEL BLOCK_OF(MOST_THREADS) norm(const float *x, const u32 *rows, const float *w, float *y, u32 n, float eps) {
	early(w, n);
	x += (u64)(rows ? rows[block_x()] : block_x()) * n;
	y += (u64)block_x() * n;
	float r = scale(x, n, eps);
	for (u32 at = thread(); at < n; at += threads())
		y[at] = (x[at] * r) * w[at];
}
