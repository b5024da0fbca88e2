/* step.c - a batch of columns through the layers, and states to logits.
 *
 * A layer is five loops over parts, each part a piece of work that writes what no other part of the loop reads:
 *
 *     qkv      norm and quantise x; rows of q, k, v                     parts: rows
 *     attend   RoPE, keys and values into pages, attention, quantise    parts: sequence × key head × some columns;
 *                                                                       of long ones pages, in three loops
 *     o        rows of o, added to x                                    parts: rows
 *     gate     norm and quantise x; rows of gate and up, act, quantise  parts: blocks of 32 rows
 *     down     rows of down, added to x                                 parts: rows
 *
 * With one or two columns every thread makes the norms itself; with more, norms are a loop over tiles of eight columns, and where
 * a sequence has more than one column, so is RoPE. Rows are taken slab by slab of columns, whose
 * activations stay in a second-level cache. In the last layer only the columns whose states are wanted go on after keys and values.
 */
#include <stdlib.h>
#include <string.h>
#include "step.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Many tokens' parts are more than PARTS_A_THREAD, for a processor may be slower than the other, if only by the system's own work on it. */
enum { REPEAT_NORMS = 2, PARTS_OF_MANY = 8, MAX_COLUMNS = 1 << 14 };
enum { PART_BYTES = 2 << 20 }; /* of weights that a part reads for few tokens, at most */

/* Round to nearest even, subnormals kept: what a thread of Go or C starts with, if nobody changed it. */
static int rounding_ok(void)
{
#ifdef __x86_64__
	return (_mm_getcsr() & 0xe040) == 0; /* rounding control, flush to zero, denormals are zero */
#elif defined(__aarch64__)
	uint64_t fpcr;
	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	return (fpcr & 0x1c80000) == 0; /* FZ, RMode, FZ16 */
#else
	return 1;
#endif
}

/* Normed and quantised columns first … first+count-1 of a tile. */
static void norm_columns(struct step *s, struct eng_block *tile, int first, int count)
{
	eng_model *m = s->m;
	const int width = m->s.width;
	for (int t = 0; t < count; t++) {
		float *y = m->y + (size_t)(first + t) * (size_t)width;
		m->k->norm(y, m->x + (size_t)(first + t) * (size_t)width, s->norm, width, m->s.eps);
		m->k->quantize(tile, s->slots, t, y, width / BLOCK);
	}
}

static void norm_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	(void)thread;
	const int first = part * s->slots;
	norm_columns(s, eng_tile_of(s->m->a0, s->slots, first, s->m->s.width / BLOCK), first, eng_least(s->slots, s->n - first));
}

/* Makes normed columns ready: now, or when each thread first asks. */
static void norms(struct step *s, const float *w)
{
	s->norm = w;
	if (!s->repeat)
		run(s, (s->n + s->slots - 1) / s->slots, norm_part);
}

static const struct eng_block *normed(struct step *s, int thread)
{
	struct eng_thread *t = &s->m->thread[thread];
	if (!s->repeat)
		return s->m->a0;
	if (t->phase != s->m->phase) {
		const int width = s->m->s.width;
		for (int i = 0; i < s->n; i++) {
			s->m->k->norm(t->normed, s->m->x + (size_t)i * (size_t)width, s->norm, width, s->m->s.eps);
			s->m->k->quantize(t->acts, SLOTS, i, t->normed, width / BLOCK);
		}
		t->phase = s->m->phase;
	}
	return t->acts;
}

/* Slabs of n columns. What is left of them for the last is no slab of its own where it is no more than a tile: such a product takes
 * other tiles, and a panel would be packed for it. */
static int slabs_of(int n) { return n > SLAB + SLOTS ? (n - SLOTS + SLAB - 1) / SLAB : 1; }

/* Columns of slab i. */
static int slab_columns(const struct step *s, int i) { return i == s->slabs - 1 ? s->n - i * SLAB : SLAB; }

static const struct eng_block *slab_of(const struct eng_block *a, int slab, int blocks)
{
	return a + (size_t)slab * (SLAB / SLOTS) * (size_t)blocks;
}

/* How far behind its first group a matrix has a group, in bytes. */
static size_t offset_of(const struct eng_matrix *w, int group)
{
	return w->lanes ? (size_t)(group / 2) * w->pair_bytes + (size_t)(group % 2) * w->group_bytes : (size_t)group * GROUP * w->stride;
}

/* How many units of work a part takes, a unit being groups of w: so that each thread has several parts, and that a part of few tokens is
 * no longer than threads that are not equally fast may wait for each other at the end. */
static int units_a_part(const struct step *s, const struct eng_matrix *w, int groups, int units)
{
	const int even = units / (s->m->threads * (s->n > SLOTS ? PARTS_OF_MANY : PARTS_A_THREAD));
	const int longest = s->n > SLOTS ? even : (int)(PART_BYTES / offset_of(w, groups));
	const int least = eng_least(even, longest);
	return least < 1 ? 1 : least;
}

static void divide(struct step *s, const struct eng_matrix *w, int groups, int units)
{
	s->rows_a_part = units_a_part(s, w, groups, units);
	s->slabs = slabs_of(s->n);
}

static int parts_of(const struct step *s, int units) { return (units + s->rows_a_part - 1) / s->rows_a_part; }

/* Tells threads that wait that w is read next, by a loop of so many units, a unit being groups of its groups. Many tokens wait for
 * sums, not for memory. */
static void comes_next(struct step *s, const struct eng_matrix *w, int groups, int units)
{
	const size_t part = offset_of(w, groups * units_a_part(s, w, groups, units));
	eng_pool_next(s->m->pool, s->n > SLOTS ? NULL : w->lanes ? w->lanes : w->data, part);
}

static int qkv_groups(const struct eng_matrix *w) { return w[ENG_Q].groups + w[ENG_K].groups + w[ENG_V].groups; }

/* Groups from … to-1 of q, k and v as if they were one matrix. */
static void qkv_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	eng_model *m = s->m;
	const struct eng_matrix *w = s->l->w;
	const int total = qkv_groups(w), parts = parts_of(s, total);
	const int slab = part / parts, from = part % parts * s->rows_a_part, to = eng_least(total, from + s->rows_a_part);
	const struct eng_block *a = slab_of(normed(s, thread), slab, w[ENG_Q].blocks);
	float *const out[3] = {m->q, m->kk, m->v};
	const size_t stride[3] = {m->q_stride, m->kv_stride, m->kv_stride};
	for (int i = 0, begin = 0; i < 3; begin += w[i].groups, i++) {
		int lo = from > begin ? from - begin : 0, hi = eng_least(to - begin, w[i].groups);
		if (lo < hi)
			m->k->gemm(&w[i], lo, hi - lo, a, slab_columns(s, slab), out[i] + (size_t)slab * SLAB * stride[i] + (size_t)lo * GROUP, stride[i], STORE,
				m->thread[thread].panel);
	}
}

/* Rows of one matrix times s->a. */
static void product_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	const struct eng_matrix *w = s->w;
	const int parts = parts_of(s, w->groups), slab = part / parts;
	const int from = part % parts * s->rows_a_part, to = eng_least(w->groups, from + s->rows_a_part);
	s->m->k->gemm(w, from, to - from, slab_of(s->a, slab, w->blocks), slab_columns(s, slab),
		s->out + (size_t)slab * SLAB * s->stride + (size_t)from * GROUP, s->stride, s->mode, s->m->thread[thread].panel);
}

static void product(struct step *s, const struct eng_matrix *w, const struct eng_block *a, float *out, size_t stride, int mode, eng_part part)
{
	s->w = w;
	s->a = a;
	s->out = out;
	s->stride = stride;
	s->mode = mode;
	divide(s, w, 1, w->groups);
	run(s, s->slabs * parts_of(s, w->groups), part);
}

static void post_norm_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	const int width = s->m->s.width;
	float *y = s->m->y + (size_t)part * (size_t)width;
	(void)thread;
	s->m->k->norm(y, y, s->norm, width, s->m->s.eps);
	s->m->k->add(s->m->x + (size_t)part * (size_t)width, y, width);
}

/* A product added to the residual stream, through a norm where the layer has one there. */
static void residual(struct step *s, const struct eng_matrix *w, const struct eng_block *a, const float *post)
{
	eng_model *m = s->m;
	product(s, w, a, post ? m->y : m->x, (size_t)m->s.width, post ? STORE : ADD, product_part);
	if (post) {
		s->norm = post;
		run(s, s->n, post_norm_part);
	}
}

/* Block b of 32 rows of gate and up, for the columns of a slab. */
static void gate_block(struct step *s, const struct eng_block *a, int slab, int b, const struct eng_thread *own)
{
	eng_model *m = s->m;
	const struct eng_matrix *g = &s->l->w[ENG_GATE], *u = &s->l->w[ENG_UP];
	const int n = slab_columns(s, slab), ffn = m->s.ffn / BLOCK;
	float *gs = own->scratch, *us = gs + SLAB_MOST * BLOCK;
	struct eng_block *out = eng_tile_of(m->a1, s->slots, slab * SLAB, ffn) + b * (s->slots / SLOTS);
	m->k->gemm(g, 2 * b, 2, a, n, gs, BLOCK, STORE, own->panel);
	m->k->gemm(u, 2 * b, 2, a, n, us, BLOCK, STORE, own->panel);
	for (int t = 0; t < n; t += s->slots)
		m->k->gate(eng_tile_of(out, s->slots, t, ffn), s->slots, eng_least(s->slots, n - t), gs + t * BLOCK, us + t * BLOCK, m->s.gelu);
}

static void gate_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	const int units = s->m->s.ffn / BLOCK, parts = parts_of(s, units), slab = part / parts;
	const struct eng_block *a = slab_of(normed(s, thread), slab, s->l->w[ENG_GATE].blocks);
	for (int b = part % parts * s->rows_a_part, i = 0; i < s->rows_a_part && b < units; i++, b++)
		gate_block(s, a, slab, b, &s->m->thread[thread]);
}

/* Leaves only the columns whose states are wanted. */
static void keep_wanted(struct step *s)
{
	eng_model *m = s->m;
	const size_t width = (size_t)m->s.width;
	for (int i = 0; i < s->b->keeps; i++) {
		m->active[i] = s->b->keep[i];
		memmove(m->x + (size_t)i * width, m->x + (size_t)s->b->keep[i] * width, width * sizeof(float));
	}
	s->n = s->b->keeps;
	s->slots = eng_slots(m->k, s->n);
	s->repeat = s->n <= REPEAT_NORMS;
}

static void layer(struct step *s, int *spans)
{
	eng_model *m = s->m;
	const struct eng_matrix *w = s->l->w;
	norms(s, s->l->v[ENG_ATTN_NORM]);
	const int rows = qkv_groups(w), ffn = m->s.ffn / BLOCK;
	comes_next(s, &w[ENG_O], 1, w[ENG_O].groups);
	divide(s, w, 1, rows);
	run(s, s->slabs * parts_of(s, rows), qkv_part);
	eng_share(s, *spans);
	if (!s->merge || s->slices > 0 || s->layer == m->s.layers - 1)
		eng_store(s);
	if (s->layer == m->s.layers - 1) {
		s->merge = 0;
		keep_wanted(s);
		*spans = eng_make_spans(s);
		eng_share(s, *spans);
		if (s->n == 0)
			return;
	}
	eng_attend_spans(s, *spans);
	comes_next(s, &w[ENG_GATE], 2, ffn);
	residual(s, &w[ENG_O], m->a0, s->l->v[ENG_POST_ATTN_NORM]);
	norms(s, s->l->v[ENG_FFN_NORM]);
	comes_next(s, &w[ENG_DOWN], 1, w[ENG_DOWN].groups);
	divide(s, &w[ENG_GATE], 2, ffn);
	run(s, s->slabs * parts_of(s, ffn), gate_part);
	if (s->layer + 1 < m->s.layers)
		comes_next(s, s->l[1].w, 1, qkv_groups(s->l[1].w));
	else if (m->output.data)
		comes_next(s, &m->output, 1, m->output.groups);
	residual(s, &w[ENG_DOWN], m->a1, s->l->v[ENG_POST_FFN_NORM]);
}

static void embed_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	eng_model *m = s->m;
	for (int c = part * SLOTS; c < eng_least(s->n, (part + 1) * SLOTS); c++)
		m->k->embed(&m->embed, s->b->token[c], m->s.embed_scale, m->x + (size_t)c * (size_t)m->s.width, m->thread[thread].panel);
}

/* Notes the layer for columns that failed first in it. */
static void name_failures(struct step *s)
{
	const struct eng_batch *b = s->b;
	int32_t *known = b->fail_layer + b->seqs;
	for (int i = 0; i < b->seqs; i++)
		if (b->fail[i] < known[i]) {
			known[i] = b->fail[i];
			b->fail_layer[i] = s->layer;
		}
}

int eng_step(eng_model *m, const struct eng_batch *b)
{
	if (b->n < 1 || b->n > MAX_COLUMNS || b->seqs < 1)
		return ENG_BAD_SHAPE;
	if (!rounding_ok())
		return ENG_BAD_ROUNDING;
	int status = eng_model_reserve(m, b->n, b->seqs);
	if (status != ENG_OK)
		return status;
	struct step s = {.m = m, .b = b, .n = b->n, .slots = eng_slots(m->k, b->n), .repeat = b->n <= REPEAT_NORMS, .merge = b->n == b->seqs, .fail = b->fail};
	for (int i = 0; i < b->n; i++)
		m->active[i] = i;
	for (int i = 0; i < b->seqs; i++)
		b->fail[i] = b->fail_layer[b->seqs + i] = b->n;
	int spans = eng_make_spans(&s);
	const size_t width = (size_t)m->s.width;
	if (m->embed.data)
		run(&s, (s.n + SLOTS - 1) / SLOTS, embed_part);
	else
		memcpy(m->x, b->residual, (size_t)b->n * width * sizeof(float));
	for (s.layer = 0; s.layer < m->s.layers; s.layer++) {
		s.l = &m->layers[s.layer];
		layer(&s, &spans);
		name_failures(&s);
	}
	if (!m->last_norm && b->keeps > 0)
		memcpy(b->states, m->x, (size_t)b->keeps * width * sizeof(float));
	for (int i = 0; m->last_norm && i < b->keeps; i++)
		m->k->norm(b->states + (size_t)i * width, m->x + (size_t)i * width, m->last_norm, m->s.width, m->s.eps);
	return ENG_OK;
}

/* A finite number and where it is, so that the larger number has the larger key, and of equals the first; zeros are equal. */
static uint64_t best_key(float x, int at)
{
	union { float f; uint32_t u; } v = {.f = x + 0.0f};
	return (uint64_t)(v.u >> 31 ? ~v.u : v.u | 1u << 31) << 32 | (uint32_t)~at;
}

#define NOT_FINITE UINT64_MAX /* above all keys, so that it stays */

static int32_t best_of(uint64_t key) { return key == NOT_FINITE ? -1 : (int32_t)~(uint32_t)key; }

static void keep_best(uint64_t *best, uint64_t key)
{
	for (uint64_t seen = __atomic_load_n(best, __ATOMIC_RELAXED); seen < key;)
		if (__atomic_compare_exchange_n(best, &seen, key, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			break;
}

/* Logits of some rows, and the best of them while they are at hand. */
static void logits_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	eng_model *m = s->m;
	const int parts = parts_of(s, s->w->groups), slab = part / parts, from = part % parts * s->rows_a_part * GROUP;
	const int count = eng_least(s->rows_a_part * GROUP, m->s.vocab - from);
	product_part(arg, part, thread);
	for (int t = slab * SLAB; t < slab * SLAB + slab_columns(s, slab); t++) {
		float *logits = s->out + (size_t)t * s->stride + from;
		if (m->s.out_cap != 0)
			m->k->cap(logits, count, m->s.out_cap);
		const int32_t at = m->k->argmax(logits, count);
		keep_best(&m->best[t], at < 0 ? NOT_FINITE : best_key(logits[at], from + at));
	}
}

int eng_logits(eng_model *m, int n, const float *states, float *logits, int64_t stride, int32_t *best)
{
	if (n < 1 || n > MAX_COLUMNS || stride < (int64_t)eng_round((size_t)m->s.vocab, GROUP))
		return ENG_BAD_SHAPE;
	if (!rounding_ok())
		return ENG_BAD_ROUNDING;
	int status = eng_model_reserve(m, n, 1);
	if (status != ENG_OK)
		return status;
	const int width = m->s.width;
	struct step s = {.m = m, .n = n, .slots = eng_slots(m->k, n)};
	m->output.bias = m->output_bias;
	for (int i = 0; i < n; i++)
		m->k->quantize(eng_tile_of(m->a0, s.slots, i, width / BLOCK), s.slots, i % s.slots, states + (size_t)i * (size_t)width, width / BLOCK);
	comes_next(&s, m->layers[0].w, 1, qkv_groups(m->layers[0].w));
	memset(m->best, 0, (size_t)n * sizeof *m->best);
	product(&s, &m->output, m->a0, logits, (size_t)stride, STORE, logits_part);
	for (int i = 0; i < n; i++)
		best[i] = m->k->argmax(states + (size_t)i * (size_t)width, width) < 0 ? -1 : best_of(m->best[i]);
	return ENG_OK;
}
