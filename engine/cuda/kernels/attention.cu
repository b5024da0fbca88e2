// attention.cu - attention of a query head over the pages of its sequence, in the exact order of pages (SPEC.md §5; arith:
// Cache.attend).
//
// q [tokens][heads][head] float, turned and scaled; pages: addresses of pages (rope.cu has their layout); tables[t] is where in
// pages the sequence of token t begins, positions[t] the token's position. Where head is a multiple of 32, the result is quantised
// (quantise.cuh); else it is out [tokens][heads][head] float.
//
// A block of threads is a token and a head. 64 threads: in a page each has a position's score, whose keys lie side by side, and
// then an element of the output, whose values do. Pages follow one another as their maxima do. A block of a step that continues
// one sequence waits for memory most of the time, so AHEAD keys or values are asked for before the first is used.
#include "quantise.cuh"

constexpr u32 THREADS = PAGE, MOST_HEAD = 1024, AHEAD = 32;
typedef const __attribute__((address_space(1))) u16 *Halves;

DEVICE float larger(float a, float b) { return a > b ? a : b; }

KERNEL BLOCK_OF(THREADS) attention(const float *q, float *out, i8 *quants, float *dx, float *tx, const u64 *pages, const u32 *tables,
                                   const u32 *positions, u32 heads,
                                   u32 group, u32 head, u32 layer, u32 window, float score_cap) {
	SHARED static float query[MOST_HEAD], o[MOST_HEAD], p[PAGE], tops[THREADS / WARP];
	u32 t = block_x(), h = block_y(), pos = positions[t], j = thread();
	u32 first = window && pos + 1 > window ? pos + 1 - window : 0;
	u64 row = ((u64)t * heads + h) * head;
	q += row;
	for (u32 e = j; e < head; e += THREADS) {
		query[e] = q[e];
		o[e] = 0;
	}
	float top = -__builtin_inff(), total = 0;
	u64 at = (u64)(layer * (heads / group) + h / group) * head * (2 * PAGE);
	for (u32 page = first / PAGE; page <= pos / PAGE; page++) {
		u32 from = page * PAGE < first ? first - page * PAGE : 0;
		u32 to = pos - page * PAGE < PAGE ? pos - page * PAGE + 1 : PAGE;
		Halves keys = (Halves)pages[tables[t] + page] + at, values = keys + head * PAGE;
		bool seen = from <= j && j < to;
		float s = 0;
		barrier(); // query is there; the page before was read
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
		if (seen) {
#pragma unroll 1
			for (u32 e = done; e < head; e++)
				s = fma(query[e], widen(keys[e * PAGE + j]), s);
			if (score_cap != 0)
				s = soft_cap(s, score_cap);
		}
		float m = seen ? s : -__builtin_inff();
		for (u32 w = 16; w > 0; w /= 2)
			m = larger(m, across(m, w));
		if (j % WARP == 0)
			tops[j / WARP] = m;
		barrier();
		m = larger(top, larger(tops[0], tops[1]));
		p[j] = seen ? exp_ac1(s - m) : 0;
		barrier();
		float alpha = exp_ac1(top - m), sum = 0;
		for (u32 i = j % 16; i < PAGE; i += 16)
			sum = sum + p[i];
		total = fma(total, alpha, 0.0f + fold16(sum));
		u32 e = j;
#pragma unroll 1
		do { // all lanes go as often; a head has an element, and a page a position that is seen
			float mix = 0;
			u32 next = from / AHEAD * AHEAD;
#pragma unroll 1
			do {
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
					mix = fma(p[next + i], widen(value[i]), mix);
				next += AHEAD;
			} while (next < to);
			if (e < head)
				o[e] = fma(o[e], alpha, mix);
			e += THREADS;
		} while (e - j < head);
		top = m;
	}
	float f = divide(1.0f, total);
#pragma unroll 1
	for (u32 e = j; e < head; e += THREADS)
		if (head % BLOCK == 0)
			quantise_lane(o[e] * f, {quants, dx, tx}, (row + e) / BLOCK);
		else
			out[row + e] = o[e] * f;
}
