/* model.c - the life of a model: shape, weights, threads, and the memory of a step's columns. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* Bounds on sizes, so that products of them fit; the reader of the file has stricter ones. */
enum { MAX_LAYERS = 1 << 10, MAX_WIDTH = 1 << 17, MAX_HEADS = 1 << 10, MAX_VOCAB = 1 << 21, MAX_THREADS = 1 << 10 };

static int within(int n, int most) { return n >= 1 && n <= most; }

static int shape_ok(const struct eng_shape *s)
{
	return within(s->layers, MAX_LAYERS) && within(s->width, MAX_WIDTH) && within(s->heads, MAX_HEADS) &&
		within(s->kv_heads, MAX_HEADS) && within(s->head, MAX_HEAD) && within(s->ffn, MAX_WIDTH) && within(s->vocab, MAX_VOCAB) &&
		s->heads % s->kv_heads == 0 && s->width % BLOCK == 0 && s->ffn % BLOCK == 0 && s->heads * s->head % BLOCK == 0 &&
		s->rot >= 0 && s->rot % 2 == 0 && s->rot <= s->head;
}

size_t eng_head_halves(const struct eng_shape *s)
{
	return (size_t)PAGE * ((size_t)s->head + eng_round((size_t)s->head, GROUP));
}

int64_t eng_page_halves(const struct eng_shape *s)
{
	return shape_ok(s) ? (int64_t)((size_t)s->layers * (size_t)s->kv_heads * eng_head_halves(s)) : 0;
}

static int most(int a, int b) { return a > b ? a : b; }

static int make_threads(eng_model *m, int nice)
{
	m->thread = eng_alloc((size_t)m->threads * sizeof *m->thread);
	if (!m->thread)
		return ENG_NO_MEMORY;
	/* One allocation for each, with room between: rings of two threads that lie close slow each other down. */
	size_t blocks = (size_t)most(m->s.width, m->s.heads * m->s.head) / BLOCK;
	struct eng_matrix widest = {.blocks = most(most(m->s.width, m->s.ffn), m->s.heads * m->s.head) / BLOCK};
	for (int i = 0; i < m->threads; i++) {
		m->thread[i].panel = eng_alloc(eng_panel_bytes(&widest) + 4096);
		m->thread[i].acts = eng_alloc(blocks * sizeof(struct eng_block) + 4096);
		m->thread[i].scratch = eng_alloc(ENG_SCRATCH * sizeof(float) + 4096);
		m->thread[i].normed = eng_alloc((size_t)m->s.width * sizeof(float) + 4096);
		if (!m->thread[i].acts || !m->thread[i].scratch || !m->thread[i].normed || !m->thread[i].panel)
			return ENG_NO_MEMORY;
	}
	return eng_pool_new(&m->pool, m->threads, nice);
}

int eng_model_new(eng_model **out, const struct eng_shape *s, int level, int threads, int nice)
{
	if (!shape_ok(s) || !within(threads, MAX_THREADS))
		return ENG_BAD_SHAPE;
	const struct eng_kernels *k = eng_kernels_at(level);
	if (!k)
		return ENG_NO_LEVEL;
	eng_give_back();
	eng_model *m = eng_alloc(sizeof *m);
	if (!m)
		return ENG_NO_MEMORY;
	m->s = *s;
	m->level = level;
	m->threads = threads;
	m->far = eng_prefetches_far();
	m->k = k;
	m->layers = eng_alloc((size_t)s->layers * sizeof *m->layers);
	int status = m->layers ? make_threads(m, nice) : ENG_NO_MEMORY;
	if (status != ENG_OK) {
		eng_model_free(m);
		return status;
	}
	*out = m;
	return ENG_OK;
}

void eng_model_free(eng_model *m)
{
	if (!m)
		return;
	eng_pool_free(m->pool);
	for (int i = 0; m->thread && i < m->threads; i++) {
		free(m->thread[i].acts);
		free(m->thread[i].scratch);
		free(m->thread[i].normed);
		free(m->thread[i].panel);
	}
	for (int i = 0; m->layers && i < m->s.layers; i++)
		for (int j = 0; j < ENG_VECTORS; j++)
			free(m->layers[i].v[j]);
	free(m->last_norm);
	free(m->output_bias);
	eng_unmap(m->lanes, m->lanes_bytes);
	free(m->thread);
	free(m->layers);
	free(m->arena);
	free(m->spans);
	free(m->slices);
	free(m->room);
	free(m->active);
	free(m);
}

int eng_model_matrix(eng_model *m, int layer, int slot, int type, int rows, int cols, const uint8_t *data)
{
	if (layer >= m->s.layers || slot < 0 || slot >= ENG_MATRICES || !data)
		return ENG_BAD_SHAPE;
	struct eng_matrix *w = layer >= 0 ? &m->layers[layer].w[slot] : slot == ENG_EMBED ? &m->embed : &m->output;
	if (w->data)
		return ENG_BAD_SHAPE;
	return eng_matrix_set(w, type, rows, cols, data);
}

void eng_model_tie(eng_model *m)
{
	m->output = m->embed;
	m->output.bias = NULL;
}

int eng_model_vector(eng_model *m, int layer, int slot, int n, const float *data)
{
	if (layer >= m->s.layers || slot < 0 || slot >= ENG_VECTORS || n < 1 || n > MAX_VOCAB)
		return ENG_BAD_SHAPE;
	float **v = layer >= 0 ? &m->layers[layer].v[slot] : slot == ENG_LAST_NORM ? &m->last_norm : &m->output_bias;
	if (*v)
		return ENG_BAD_SHAPE;
	*v = eng_alloc(eng_round((size_t)n, GROUP) * sizeof(float));
	if (!*v)
		return ENG_NO_MEMORY;
	memcpy(*v, data, (size_t)n * sizeof(float));
	return ENG_OK;
}

void eng_model_layer(eng_model *m, int layer, int window, int table)
{
	m->layers[layer].window = window;
	m->layers[layer].table = table;
}

static int is(const struct eng_matrix *w, int rows, int cols) { return w->data && w->rows == rows && w->cols == cols; }

int eng_model_ready(const eng_model *m)
{
	const struct eng_shape *s = &m->s;
	const int q = s->heads * s->head, kv = s->kv_heads * s->head;
	int ok = !m->embed.data || is(&m->embed, s->vocab, s->width);
	ok = ok && (m->last_norm ? is(&m->output, s->vocab, s->width) : !m->output.data);
	for (int i = 0; ok && i < s->layers; i++) {
		struct eng_layer *l = &m->layers[i];
		struct eng_matrix *w = l->w;
		ok = is(&w[ENG_Q], q, s->width) && is(&w[ENG_K], kv, s->width) && is(&w[ENG_V], kv, s->width) &&
			is(&w[ENG_O], s->width, q) && is(&w[ENG_GATE], s->ffn, s->width) && is(&w[ENG_UP], s->ffn, s->width) &&
			is(&w[ENG_DOWN], s->width, s->ffn) && l->v[ENG_ATTN_NORM] && l->v[ENG_FFN_NORM];
		for (int j = 0; j < ENG_MATRICES; j++)
			w[j].bias = l->v[ENG_Q_BIAS + j];
	}
	return ok;
}

/* A piece of the arena; each begins on a page of its own. */
static void *cut(char *base, size_t *at, size_t bytes)
{
	void *p = base ? base + *at : NULL;
	*at += eng_round(bytes, 4096) + 4096;
	return p;
}

/* Points the model's columns into the memory from p on and returns how much they take. */
static size_t lay_out(eng_model *m, char *p, size_t n)
{
	size_t at = 0;
	const struct eng_shape *s = &m->s;
	const size_t q = (size_t)(s->heads * s->head), kv = (size_t)(s->kv_heads * s->head), width = (size_t)s->width;
	const size_t widest = (size_t)most(s->width, s->heads * s->head);
	m->q_stride = eng_round(q, GROUP);
	m->kv_stride = eng_round(kv, GROUP);
	m->x = cut(p, &at, n * width * 4);
	m->y = cut(p, &at, n * width * 4);
	m->q = cut(p, &at, n * m->q_stride * 4);
	m->kk = cut(p, &at, n * m->kv_stride * 4);
	m->v = cut(p, &at, n * m->kv_stride * 4);
	m->att = cut(p, &at, n * q * 4);
	m->a0 = cut(p, &at, n / SLOTS * (widest / BLOCK) * sizeof(struct eng_block));
	m->a1 = cut(p, &at, n / SLOTS * ((size_t)s->ffn / BLOCK) * sizeof(struct eng_block));
	m->best = cut(p, &at, n * sizeof *m->best);
	return at;
}

int eng_model_reserve(eng_model *m, int n, int seqs)
{
	int spans = (n / eng_span_columns(&m->s) + seqs) * m->s.kv_heads;
	if (spans > m->span_cap) {
		free(m->spans);
		free(m->slices);
		m->span_cap = 0;
		m->spans = eng_alloc((size_t)spans * sizeof *m->spans);
		m->slices = eng_alloc((size_t)(spans + m->threads * SHARES) * sizeof *m->slices);
		if (!m->spans || !m->slices)
			return ENG_NO_MEMORY;
		m->span_cap = spans;
	}
	if (n <= m->cols)
		return ENG_OK;
	n = (int)eng_round((size_t)n, WIDE_SLOTS);
	free(m->arena);
	free(m->active);
	m->cols = 0;
	m->active = eng_alloc((size_t)n * sizeof *m->active);
	m->arena = eng_alloc(lay_out(m, NULL, (size_t)n));
	if (!m->arena || !m->active)
		return ENG_NO_MEMORY;
	lay_out(m, m->arena, (size_t)n);
	m->cols = n;
	return ENG_OK;
}
