// attention.cu - attention of a query head over the pages of its sequence, in the exact order of pages (SPEC.md §5; arith:
// Cache.attend).
//
// q [tokens][heads][head] float, turned and scaled; pages: addresses of pages (rope.cu has their layout); tables[t] is where in
// pages the sequence of token t begins, positions[t] the token's position. Where head is a multiple of 32, the result is quantised
// (quantise.cuh); else it is out [tokens][heads][head] float.
//
// A block of threads is a token and a head, and has 64 threads for each page that it takes at a time, up to eight: in a page each
// thread has a position's score, whose keys lie side by side, and then an element of the output, whose values do. Pages follow one
// another as their maxima do, and no more than that: scores, and what the values of a page add up to, are of the page alone, and
// what comes of the pages before is put to it in their order. So a step of few sequences takes eight pages in the time of one. It
// waits for memory most of the time; AHEAD keys or values are asked for before the first is used.
#include "early.cuh"
#include "quantise.cuh"

constexpr u32 MOST_PAGES = 8, MOST_HEAD = 1024, AHEAD = 32;
typedef const __attribute__((address_space(1))) u16 *Halves;

DEVICE float larger(float a, float b) { return a > b ? a : b; }

// scored is the product of a query and the key of position j of a page, where it is seen. Whole warps call it.
DEVICE float scored(const float *query, Halves keys, u32 j, u32 head, bool seen) {
	float s = 0;
	u32 done = 0;
#pragma unroll 1
	for (; done + AHEAD <= head; done += AHEAD) {
		u16 key[AHEAD] = {};
		if (seen)
#pragma unroll
			for (u32 i = 0; i < AHEAD; i++)
				key[i] = keys[(done + i) * PAGE + j];
		asked();
#pragma unroll
		for (u32 i = 0; i < AHEAD; i++)
			s = fma(query[done + i], widen(key[i]), s);
	}
	if (seen)
#pragma unroll 1
		for (u32 e = done; e < head; e++)
			s = fma(query[e], widen(keys[e * PAGE + j]), s);
	return s;
}

// mixed is the sum of element e of a page's values, each with its weight; positions from to to are seen. Whole warps call it.
DEVICE float mixed(const float *weights, Halves values, u32 e, u32 head, u32 from, u32 to) {
	float mix = 0;
	u32 next = from / AHEAD * AHEAD;
#pragma unroll 1
	do { // a page has a position that is seen
		u16 value[AHEAD] = {};
		Halves at = values + next * head + e;
		if (e < head && from <= next && next + AHEAD <= to)
#pragma unroll
			for (u32 i = 0; i < AHEAD; i++)
				value[i] = at[i * head];
		else if (e < head)
#pragma unroll
			for (u32 i = 0; i < AHEAD; i++)
				if (from <= next + i && next + i < to)
					value[i] = at[i * head];
		asked();
#pragma unroll
		for (u32 i = 0; i < AHEAD; i++) // what is not seen weighs 0
			mix = fma(weights[next + i], widen(value[i]), mix);
		next += AHEAD;
	} while (next < to);
	return mix;
}

KERNEL BLOCK_OF(MOST_PAGES * PAGE) attention(const float *q, float *out, i8 *quants, float *dx, float *tx, const u64 *pages,
                                             const u32 *tables, const u32 *positions, u32 heads, u32 group, u32 head, u32 layer,
                                             u32 window, float score_cap) {
	SHARED static float query[MOST_HEAD], o[MOST_HEAD], p[MOST_PAGES][PAGE], mixes[2][MOST_PAGES][PAGE];
	SHARED static float tops[MOST_PAGES][PAGE / WARP], alphas[MOST_PAGES], sums[MOST_PAGES]; // of each page
	others_may_begin();
	wait_for_others();
	u32 t = block_x(), h = block_y(), pos = positions[t], mine = thread() / PAGE, j = thread() % PAGE;
	u32 first = window && pos + 1 > window ? pos + 1 - window : 0;
	u64 row = ((u64)t * heads + h) * head;
	q += row;
#pragma unroll 1
	for (u32 e = thread(); e < head; e += threads()) {
		query[e] = q[e];
		o[e] = 0;
	}
	float top = -__builtin_inff(), total = 0;
	u64 at = (u64)(layer * (heads / group) + h / group) * head * (2 * PAGE);
#pragma unroll 1
	for (u32 begin = first / PAGE; begin <= pos / PAGE; begin += threads() / PAGE) {
		u32 page = begin + mine, left = pos / PAGE - begin + 1, count = left < threads() / PAGE ? left : threads() / PAGE;
		bool there = mine < count; // for a whole warp
		u32 from = page * PAGE < first ? first - page * PAGE : 0;
		u32 to = pos - page * PAGE < PAGE ? pos - page * PAGE + 1 : PAGE;
		bool seen = there && from <= j && j < to;
		Halves keys = 0;
		float s = 0;
		barrier(); // query is there; the pages before were read
		if (there) {
			keys = (Halves)pages[tables[t] + page] + at;
			s = scored(query, keys, j, head, seen);
			if (score_cap != 0)
				s = soft_cap(s, score_cap);
			float m = seen ? s : -__builtin_inff();
			for (u32 w = 16; w > 0; w /= 2)
				m = larger(m, across(m, w));
			if (j % WARP == 0)
				tops[mine][j / WARP] = m;
		}
		barrier();
		float before = top, m = top; // the largest up to the page before, and up to this one
#pragma unroll 1
		for (u32 k = 0; k < count; k++) {
			top = larger(top, larger(tops[k][0], tops[k][1]));
			if (k < mine)
				before = top;
			if (k <= mine)
				m = top;
		}
		if (there)
			p[mine][j] = seen ? exp_ac1(s - m) : 0;
		barrier();
		if (there) {
			float sum = 0;
			for (u32 i = j % 16; i < PAGE; i += 16)
				sum = sum + p[mine][i];
			sum = 0.0f + fold16(sum);
			if (j == 0) {
				alphas[mine] = exp_ac1(before - m);
				sums[mine] = sum;
			}
		}
		u32 buffer = 0;
#pragma unroll 1
		for (u32 slice = 0; slice < head; slice += PAGE, buffer ^= 1) { // one buffer is read while the other is written
			u32 e = slice + j;
			if (there)
				mixes[buffer][mine][j] = mixed(p[mine], keys + head * PAGE, e, head, from, to);
			barrier();
			if (mine != 0)
				continue;
			float x = e < head ? o[e] : 0;
#pragma unroll 1
			for (u32 k = 0; k < count; k++) {
				if (slice == 0)
					total = fma(total, alphas[k], sums[k]);
				x = fma(x, alphas[k], mixes[buffer][k][j]);
			}
			if (e < head)
				o[e] = x;
		}
	}
	if (mine != 0)
		return;
	float f = divide(1.0f, total);
#pragma unroll 1
	for (u32 e = j; e < head; e += PAGE)
		if (head % BLOCK == 0)
			quantise_lane(o[e] * f, {quants, dx, tx}, (row + e) / BLOCK);
		else
			out[row + e] = o[e] * f;
}
