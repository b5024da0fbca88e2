// attention_many.cu - what attention.cu computes, for tokens of one sequence that follow each other.
//
// attention_many, attention_wide: q, out, quants, dx, tx, pages, tables, positions: as there. tiles[i] is the first token of a
// tile and how many it has, all of one sequence; they and the query heads of a key head are at most 16 queries, in heads of up to
// 256 elements, or 32, in heads of up to 128.
//
// A block of threads is a tile and a key head, and each of its two warps has half of the queries: a key or a value that is read
// serves eight sums, or sixteen, where one query alone reads for each step of its sum. A lane has two positions of a page, and then
// two elements of the output. Queries, and what a page's positions weigh, lie in shared memory side by side for the queries, so
// that all lanes read four of them at once. A warp has its queries to itself, so warps do not wait for each other.
//
// A page that all queries see whole is read without a question; of others a query takes what it sees (SPEC.md §5): what lies
// behind it may not be finite, and be of a token that fails later.
#include "quantise.cuh"

constexpr u32 WARPS = 2, THREADS = WARPS * WARP, AHEAD = 8;
typedef const __attribute__((address_space(1))) u16 *Halves;
typedef const __attribute__((address_space(1))) u32 *Twos;

struct alignas(16) Four {
	float x[4];
};
struct alignas(8) Two {
	float x, y;
};

DEVICE float larger(float a, float b) { return a > b ? a : b; }
DEVICE float plus(float a, float b) { return a + b; }

// sees tells whether a query at position pos sees position x. Positions are below 2^20; so far reaches what has no window.
constexpr u32 FAR = 1u << 31;
DEVICE bool sees(u32 x, u32 pos, u32 window) { return x <= pos && x + window > pos; }

// Page is a page as a warp sees it: positions from base on, of which begin to end are of some query, or all of each.
struct Page {
	Halves keys, values;
	u32 base, begin, end;
};

// What is of a query and not of a position, a lane has of one query, and so have those that follow it: a warp finds all maxima,
// and all sums, in little more time than one, since a lane gives half of its queries away whenever it meets another. joined_all
// joins all lanes' numbers of N queries so, by lanes from mask on.
template <u32 N, class F> DEVICE float joined_all(float (&x)[N], u32 mask, F joined) {
	if constexpr (N == 1) {
		float y = x[0];
		for (; mask > 0; mask /= 2)
			y = joined(y, across(y, mask));
		return y;
	} else {
		bool second = thread() & mask;
		float y[N / 2];
#pragma unroll
		for (u32 k = 0; k < N / 2; k++) {
			float a = x[k], b = x[k + N / 2];
			y[k] = joined(second ? b : a, across(second ? a : b, mask));
		}
		return joined_all(y, mask / 2, joined);
	}
}

// Many takes EACH queries a warp. What is of this file alone is no weak symbol.
namespace {
template <u32 EACH, u32 MOST_HEAD> struct Many {
	static constexpr u32 QUERIES = WARPS * EACH, SAME = WARP / EACH; // and lanes that have the same query

	// weighed adds products of all queries' factors with two halves to their sums.
	DEVICE void weighed(const Four *factors, u32 halves, float (&sums)[EACH][2]) {
		float a = widen((u16)halves), b = widen((u16)(halves >> 16));
#pragma unroll
		for (u32 i = 0; i < EACH; i += 4) {
			Four f = factors[i / 4];
#pragma unroll
			for (u32 k = 0; k < 4; k++) {
				sums[i + k][0] = fma(f.x[k], a, sums[i + k][0]);
				sums[i + k][1] = fma(f.x[k], b, sums[i + k][1]);
			}
		}
	}

	// key is element e of the lane's two positions.
	template <bool WHOLE> DEVICE u32 key(Page p, u32 e) {
		u32 j = thread() % WARP * 2;
		Halves at = p.keys + e * PAGE + j;
		if (WHOLE)
			return *(Twos)at;
		u32 x = 0;
		if (j < p.end)
			x = at[0];
		if (j + 1 < p.end)
			x |= (u32)at[1] << 16;
		return x;
	}

	// scores are q k.
	template <bool WHOLE> DEVICE void scores(Page p, const Four (*query)[QUERIES / 4], u32 head, float (&s)[EACH][2]) {
		u32 e = 0;
#pragma unroll 1
		for (; e + AHEAD <= head; e += AHEAD) {
			u32 keys[AHEAD];
#pragma unroll
			for (u32 i = 0; i < AHEAD; i++)
				keys[i] = key<WHOLE>(p, e + i);
			asked();
#pragma unroll
			for (u32 i = 0; i < AHEAD; i++)
				weighed(query[e + i], keys[i], s);
		}
#pragma unroll 1
		for (; e < head; e++)
			weighed(query[e], key<WHOLE>(p, e), s);
	}

	// mixed is the page's sum of p v, of elements e and e + 1.
	template <bool WHOLE>
	DEVICE void mixed(Page p, const Four (*weights)[QUERIES / 4], u32 head, u32 e, const u32 (&pos)[EACH], u32 window,
	                  float (&mix)[EACH][2]) {
		if (WHOLE) {
			Halves at = p.values + (e < head ? e : 0); // what is past the last is dropped
#pragma unroll 1
			for (u32 j = 0; j < PAGE; j += AHEAD) {
				u32 values[AHEAD];
#pragma unroll
				for (u32 i = 0; i < AHEAD; i++)
					values[i] = *(Twos)(at + (j + i) * head);
				asked();
#pragma unroll
				for (u32 i = 0; i < AHEAD; i++)
					weighed(weights[j + i], values[i], mix);
			}
			return;
		}
#pragma unroll 1
		for (u32 j = p.begin / AHEAD * AHEAD; j < p.end; j += AHEAD) {
			u32 values[AHEAD];
#pragma unroll
			for (u32 i = 0; i < AHEAD; i++)
				values[i] = e < head && p.begin <= j + i && j + i < p.end ? *(Twos)(p.values + (j + i) * head + e) : 0;
			asked();
#pragma unroll
			for (u32 i = 0; i < AHEAD; i++) {
				float a = widen((u16)values[i]), b = widen((u16)(values[i] >> 16));
#pragma unroll
				for (u32 k = 0; k < EACH; k++)
					if (sees(p.base + j + i, pos[k], window)) {
						float f = weights[j + i][k / 4].x[k % 4];
						mix[k][0] = fma(f, a, mix[k][0]);
						mix[k][1] = fma(f, b, mix[k][1]);
					}
			}
		}
	}

	// largest is the largest of all lanes' numbers of the lane's query.
	DEVICE float largest(float (&x)[EACH]) { return joined_all(x, WARP / 2, larger); }

	// summed is what a page's positions of the lane's query weigh together, in the order of SPEC.md §2: half a warp has half of them.
	DEVICE float summed(const Four (*weights)[QUERIES / 4]) {
		u32 lane = thread() % WARP;
		float x[EACH / 2] = {};
#pragma unroll
		for (u32 i = 0; i < PAGE; i += WARP / 2)
#pragma unroll
			for (u32 k = 0; k < EACH / 2; k += 4) {
				Four w = weights[lane % (WARP / 2) + i][lane / (WARP / 2) * (EACH / 8) + k / 4];
#pragma unroll
				for (u32 n = 0; n < 4; n++)
					x[k + n] = x[k + n] + w.x[n];
			}
		return 0.0f + joined_all(x, WARP / 4, plus);
	}

	DEVICE void attend(const float *q, float *out, i8 *quants, float *dx, float *tx, const u64 *pages, const u32 *tables,
	                   const u32 *positions, const u32 *tiles, u32 heads, u32 group, u32 head, u32 layer, u32 window, float score_cap) {
		SHARED static Four queries[MOST_HEAD][QUERIES / 4], weights[PAGE][QUERIES / 4];
		SHARED static float o[QUERIES][MOST_HEAD];
		u32 lane = thread() % WARP, warp = thread() / WARP, tile = tiles[2 * block_x()], count = tiles[2 * block_x() + 1] * group;
		u32 near = positions[tile], last = near + (count - 1) / group, low;
		window = window ? window : FAR;
		low = near + 1 > window ? near + 1 - window : 0;
		u64 row = (u64)tile * heads + block_y() * group; // of the tile's first query
		u32 pos[EACH];
		float top = -__builtin_inff(), total = 0; // of the lane's query
#pragma unroll
		for (u32 k = 0; k < EACH; k++) { // queries past the last are zeros, of which nothing is kept
			u32 r = warp * EACH + k, ahead = r / group;
			pos[k] = near + (r < count ? ahead : 0);
			const float *x = q + (row + ahead * heads + r % group) * head;
#pragma unroll 1
			for (u32 e = lane; e < head; e += WARP) {
				queries[e][r / 4].x[r % 4] = r < count ? x[e] : 0;
				o[r][e] = 0;
			}
		}
		asked();
		u64 at = (u64)(layer * (heads / group) + block_y()) * head * (2 * PAGE);
		const Four(*mine)[QUERIES / 4] = (const Four(*)[QUERIES / 4])(&queries[0][warp * (EACH / 4)]);
		const Four(*weigh)[QUERIES / 4] = (const Four(*)[QUERIES / 4])(&weights[0][warp * (EACH / 4)]);
#pragma unroll 1
		for (u32 page = low / PAGE; page <= last / PAGE; page++) {
			Page p = {(Halves)pages[tables[tile] + page] + at, nullptr, page * PAGE, 0, PAGE};
			p.values = p.keys + head * PAGE;
			if (low > p.base)
				p.begin = low - p.base;
			if (last - p.base < PAGE)
				p.end = last - p.base + 1;
			bool whole_page = p.base + PAGE - 1 <= near && p.base + window > last;
			float s[EACH][2] = {}, most[EACH];
			if (whole_page)
				scores<true>(p, mine, head, s);
			else
				scores<false>(p, mine, head, s);
			if (score_cap != 0)
#pragma unroll
				for (u32 k = 0; k < EACH; k++)
#pragma unroll
					for (u32 i = 0; i < 2; i++)
						s[k][i] = soft_cap(s[k][i], score_cap);
			u32 some = ALL; // a bit for each query that sees some of the page
			if (!whole_page) {
				some = 0;
#pragma unroll
				for (u32 k = 0; k < EACH; k++) {
					if (p.base <= pos[k] && sees(pos[k] < p.base + PAGE ? pos[k] : p.base + PAGE - 1, pos[k], window))
						some |= 1 << k;
#pragma unroll
					for (u32 i = 0; i < 2; i++)
						if (!sees(p.base + lane * 2 + i, pos[k], window))
							s[k][i] = -__builtin_inff(); // which weighs 0 beside what is seen
				}
			}
#pragma unroll
			for (u32 k = 0; k < EACH; k++)
				most[k] = larger(s[k][0], s[k][1]);
			float m = larger(top, largest(most)), scaled = exp_ac1<false>(top - m), alpha[EACH];
			top = m;
#pragma unroll
			for (u32 k = 0; k < EACH; k++) {
				float of = from_lane(m, k * SAME);
				alpha[k] = from_lane(scaled, k * SAME);
#pragma unroll
				for (u32 i = 0; i < 2; i++)
					s[k][i] = exp_ac1<false>(s[k][i] - of);
			}
#pragma unroll
			for (u32 i = 0; i < 2; i++)
#pragma unroll
				for (u32 k = 0; k < EACH; k += 4)
					weights[lane * 2 + i][(warp * EACH + k) / 4] = {s[k][i], s[k + 1][i], s[k + 2][i], s[k + 3][i]};
			asked();
			float sum = summed(weigh);
			if (some >> lane / SAME & 1)
				total = fma(total, scaled, sum);
			u32 e = lane * 2;
#pragma unroll 1
			do { // a head has an element
				float mix[EACH][2] = {};
				if (whole_page)
					mixed<true>(p, weigh, head, e, pos, window, mix);
				else
					mixed<false>(p, weigh, head, e, pos, window, mix);
#pragma unroll
				for (u32 k = 0; k < EACH; k++)
					if (e < head && some >> k & 1) {
						Two &x = *(Two *)&o[warp * EACH + k][e];
						x = {fma(x.x, alpha[k], mix[k][0]), fma(x.y, alpha[k], mix[k][1])};
					}
				e += WARP * 2;
			} while (e - lane * 2 < head);
			asked(); // the weights were read
		}
		float inverse = divide(1.0f, total);
#pragma unroll
		for (u32 k = 0; k < EACH; k++) {
			u32 r = warp * EACH + k;
			if (r >= count)
				continue;
			float f = from_lane(inverse, k * SAME);
			u64 to = (row + r / group * heads + r % group) * head;
#pragma unroll 1
			for (u32 e = lane; e < head; e += WARP)
				if (head % BLOCK == 0)
					quantise_lane(o[r][e] * f, {quants, dx, tx}, (to + e) / BLOCK);
				else
					out[to + e] = o[r][e] * f;
		}
	}
};
} // namespace

#define MANY(name, each, most_head)                                                                                                 \
	KERNEL __attribute__((launch_bounds(THREADS, 4)))                                                                           \
	name(const float *q, float *out, i8 *quants, float *dx, float *tx, const u64 *pages, const u32 *tables, const u32 *positions, \
	     const u32 *tiles, u32 heads, u32 group, u32 head, u32 layer, u32 window, float score_cap) {                             \
		Many<each, most_head>::attend(q, out, quants, dx, tx, pages, tables, positions, tiles, heads, group, head, layer,   \
		                              window, score_cap);                                                                    \
	}

MANY(attention_many, 8, 256)
MANY(attention_wide, 16, 128)
