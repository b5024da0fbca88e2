// rope.cu - queries are turned and scaled; keys are turned, and with the values rounded to binary16 and put into their pages
// (arith: pass.place, Turn, Cache.store).
//
// q [tokens][heads][head], k and v [tokens][kv_heads][head] float; turns [tokens][rot / 2] of (cosine, sine). at[t] is where
// token t's place in its page begins: the address of the page, and the position in it in the low six bits, which are 0 in an
// address. A page has for each layer and key head its keys, [head][64], so that neighbours in attention are neighbours in
// memory, then its values, [64][head], both binary16. failed [tokens][kv_heads] becomes 1 where a key or a value is not finite,
// else 0.
//
// A block of threads is a token and a key head with the query heads that read it, the grid has the tokens in x and the key heads
// in y. It has a thread for each element, but no more than 1,024: a step that continues one sequence has one turn.
#include "early.cuh"

constexpr u32 MOST_THREADS = 1024;

// turned is element e of a head after its turn (SPEC.md §5, step 3).
DEVICE float turned(const float *x, const float *turns, u32 e, u32 rot, bool halves) {
	if (e >= rot)
		return x[e];
	u32 i = halves ? e % (rot / 2) : e / 2;
	bool second = halves ? e >= rot / 2 : e % 2;
	float a = x[halves ? i : 2 * i], b = x[halves ? i + rot / 2 : 2 * i + 1], c = turns[2 * i], s = turns[2 * i + 1];
	float other = second ? b * c : -(b * s);
	return fma(a, second ? s : c, other);
}

KERNEL BLOCK_OF(MOST_THREADS) place(const float *q, float *turned_q, const float *k, const float *v, const float *turns, const u64 *at,
                               u32 *failed, u32 heads, u32 kv_heads, u32 head, u32 rot, u32 halves, u32 layer, float scale) {
	SHARED static u32 bad[MOST_THREADS / WARP];
	others_may_begin();
	wait_for_others();
	u32 t = block_x(), own = block_y(), queries = heads / kv_heads * head;
	u64 pair = (u64)t * kv_heads + own; // of token and key head
	turns += (u64)t * rot;
	q += pair * queries, turned_q += pair * queries;
	k += pair * head, v += pair * head;
	u32 slot = (u32)(at[t] % PAGE);
	// Clang knows the memory that kernels' arguments point to; what is read from memory it must be told.
	__attribute__((address_space(1))) u16 *page = (__attribute__((address_space(1))) u16 *)(at[t] - slot);
	__attribute__((address_space(1))) u16 *keys = page + (u64)(layer * kv_heads + own) * head * (2 * PAGE);
	u32 any = 0;
#pragma unroll 1
	for (u32 i = thread(); i < queries + head; i += threads()) {
		if (i < queries) {
			turned_q[i] = turned(q + i / head * head, turns, i % head, rot, halves) * scale;
			continue;
		}
		u32 e = i - queries;
		u16 key = narrow(turned(k, turns, e, rot, halves)), value = narrow(v[e]);
		keys[e * PAGE + slot] = key;
		keys[head * PAGE + slot * head + e] = value;
		any |= (key & 0x7c00) == 0x7c00 || (value & 0x7c00) == 0x7c00;
	}
	for (u32 w = 16; w > 0; w /= 2)
		any |= across(any, w);
	if (thread() % WARP == 0)
		bad[thread() / WARP] = any;
	barrier();
	if (thread() != 0)
		return;
	any = 0;
#pragma unroll 1
	for (u32 w = 0; w < threads() / WARP; w++)
		any |= bad[w];
	failed[pair] = any;
}
