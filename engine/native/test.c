/* test.c - single operations at a level, for comparison with the reference. */
#include <stdlib.h>
#include <string.h>
#include "step.h"

int eng_test_gemm(int level, int interleaved, int type, int rows, int cols, const uint8_t *data, int n, const float *x, const float *bias, float *out)
{
	const struct eng_kernels *k = eng_kernels_at(level);
	if (!k)
		return ENG_NO_LEVEL;
	struct eng_matrix m = {0};
	int status = eng_matrix_set(&m, type, rows, cols, data);
	if (status == ENG_OK && interleaved)
		status = eng_matrix_interleave(&m, k->flips);
	uint8_t *panel = eng_alloc(eng_panel_bytes(&m));
	struct eng_block *a = eng_alloc(eng_round((size_t)n + 1, WIDE_SLOTS) / SLOTS * (size_t)(cols / BLOCK + 1) * sizeof *a);
	float *padded = eng_alloc(eng_round((size_t)rows, GROUP) * sizeof(float));
	if (status == ENG_OK && (!a || !padded || !panel))
		status = ENG_NO_MEMORY;
	if (status == ENG_OK) {
		if (bias) {
			memcpy(padded, bias, (size_t)rows * sizeof(float));
			m.bias = padded;
		}
		const int slots = eng_slots(k, n);
		for (int t = 0; t < n; t++)
			k->quantize(eng_tile_of(a, slots, t, m.blocks), slots, t % slots, x + (size_t)t * (size_t)cols, m.blocks);
		k->gemm(&m, 0, m.groups, a, n, out, (size_t)m.groups * GROUP, STORE, panel);
	}
	free((void *)m.lanes);
	free(panel);
	free(a);
	free(padded);
	return status;
}

int eng_test_quantize(int level, int n, const float *x, int8_t *q, float *dx, float *tx)
{
	const struct eng_kernels *k = eng_kernels_at(level);
	struct eng_block *b = eng_alloc((size_t)n / BLOCK * sizeof *b);
	int status = !k ? ENG_NO_LEVEL : !b ? ENG_NO_MEMORY : ENG_OK;
	if (status == ENG_OK) {
		k->quantize(b, SLOTS, 3, x, n / BLOCK);
		for (int i = 0; i < n / BLOCK; i++) {
			memcpy(q + (size_t)i * BLOCK, b[i].q[3], BLOCK);
			dx[i] = b[i].dx[3];
			tx[i] = b[i].tx[3];
		}
	}
	free(b);
	return status;
}

int eng_test_norm(int level, int n, const float *x, const float *w, float eps, float *y)
{
	const struct eng_kernels *k = eng_kernels_at(level);
	if (!k)
		return ENG_NO_LEVEL;
	k->norm(y, x, w, n, eps);
	return ENG_OK;
}

int eng_test_function(int level, int kind, int n, const float *x, const float *y, float *out)
{
	const struct eng_kernels *k = eng_kernels_at(level);
	if (!k)
		return ENG_NO_LEVEL;
	k->function(kind, n, x, y, out);
	return ENG_OK;
}

int eng_test_embed(int level, int interleaved, int type, int rows, int cols, const uint8_t *data, int row, float *out)
{
	const struct eng_kernels *k = eng_kernels_at(level);
	if (!k)
		return ENG_NO_LEVEL;
	struct eng_matrix m = {0};
	int status = eng_matrix_set(&m, type, rows, cols, data);
	if (status == ENG_OK && interleaved)
		status = eng_matrix_interleave(&m, k->flips);
	uint8_t *panel = eng_alloc(eng_panel_bytes(&m));
	if (status == ENG_OK && !panel)
		status = ENG_NO_MEMORY;
	if (status == ENG_OK)
		k->embed(&m, row, 0, out, panel);
	free((void *)m.lanes);
	free(panel);
	return status;
}

/* Attention in so many slices, those of values from the last to the first. */
static int attend_in(const struct eng_kernels *k, const struct eng_attend *a, int slices)
{
	int from = a->from[0], to = a->to[0];
	for (int r = 0; r < a->rows; r++) {
		from = eng_least(from, a->from[r]);
		to = a->to[r] > to ? a->to[r] : to;
	}
	struct eng_shared x = {.first = from / PAGE, .last = to / PAGE + 1};
	const int pages = x.last - x.first;
	const size_t each = (size_t)(pages * a->rows);
	float *room = eng_alloc(each * (3 + PAGE + (size_t)a->dp) * sizeof *room);
	if (!room)
		return ENG_NO_MEMORY;
	x.top = room;
	x.alpha = x.top + each;
	x.sum = x.alpha + each;
	x.weights = x.sum + each;
	x.out = x.weights + each * PAGE;
	for (int i = 0; i < slices; i++)
		k->attend_scores(a, &x, x.first + pages * i / slices, x.first + pages * (i + 1) / slices);
	for (int i = slices - 1; i >= 0; i--)
		k->attend_values(a, &x, x.first + pages * i / slices, x.first + pages * (i + 1) / slices);
	k->attend_join(a, &x);
	free(room);
	return ENG_OK;
}

/* Stores keys and values by store_kv, without RoPE, and attends. */
static int attend_over(const struct eng_kernels *k, int slices, bool far, int rows, int d, int len, float cap, const float *q, const float *key,
	const float *v, const int32_t *from, const int32_t *to, float *out, uint16_t *pages, float *scratch)
{
	const size_t dp = eng_round((size_t)d, GROUP), halves = (size_t)PAGE * ((size_t)d + dp);
	float *kk = scratch + ATT_SCRATCH, *vv = kk + d;
	for (int t = 0; t < len; t++) {
		uint16_t *page = pages + (size_t)(t / PAGE) * halves;
		memcpy(kk, key + (size_t)t * (size_t)d, (size_t)d * sizeof(float));
		memcpy(vv, v + (size_t)t * (size_t)d, (size_t)d * sizeof(float));
		struct eng_store_kv p = {.k = kk, .v = vv, .d = d, .page_k = page + t % PAGE, .page_v = page + (size_t)d * PAGE + (size_t)(t % PAGE) * dp};
		k->store_kv(&p);
	}
	const int task = slices > 0 ? ATT_MAX_ROWS : ATT_TASK;
	for (int r = 0; r < rows; r += task) {
		const float *qs[ATT_TASK];
		float *outs[ATT_TASK];
		const uint16_t *table[64];
		struct eng_attend a = {.page = table, .d = d, .dp = (int32_t)dp, .cap = cap, .q = qs, .out = outs, .from = from + r, .to = to + r, .scratch = scratch,
			.far = far};
		for (int i = 0; i < (len + PAGE - 1) / PAGE && i < 64; i++)
			table[i] = pages + (size_t)i * halves;
		for (; a.rows < task && r + a.rows < rows; a.rows++) {
			qs[a.rows] = q + (size_t)(r + a.rows) * (size_t)d;
			outs[a.rows] = out + (size_t)(r + a.rows) * (size_t)d;
		}
		if (slices == 0)
			k->attend(&a);
		else if (attend_in(k, &a, slices) != ENG_OK)
			return ENG_NO_MEMORY;
	}
	return ENG_OK;
}

int eng_test_attend(int level, int slices, int far, int rows, int d, int len, float cap, const float *q, const float *k, const float *v,
	const int32_t *from, const int32_t *to, float *out)
{
	const struct eng_kernels *kernel = eng_kernels_at(level);
	if (!kernel || d > MAX_HEAD || len > 64 * PAGE)
		return kernel ? ENG_BAD_SHAPE : ENG_NO_LEVEL;
	const size_t halves = (size_t)PAGE * ((size_t)d + eng_round((size_t)d, GROUP));
	uint16_t *pages = eng_alloc((size_t)(len + PAGE) / PAGE * halves * sizeof(uint16_t));
	float *scratch = eng_alloc((ATT_SCRATCH + 2 * (size_t)d) * sizeof(float));
	int status = pages && scratch ? ENG_OK : ENG_NO_MEMORY;
	if (status == ENG_OK)
		status = attend_over(kernel, slices, far, rows, d, len, cap, q, k, v, from, to, out, pages, scratch);
	free(pages);
	free(scratch);
	return status;
}

/* Writes the parts of the attention of a step to whole and shared, and returns how many there are. */
static int write_parts(const struct step *s, int spans, int64_t most, int32_t *whole, int32_t *shared)
{
	const eng_model *m = s->m;
	const int parts = s->slices > 0 ? s->slices : spans;
	int first;
	for (int i = 0; i < parts && i < most; i++) {
		const struct eng_slice *slice = s->slices > 0 ? &m->slices[i] : NULL;
		const int is_shared = slice && slice->shared.first < slice->shared.last;
		whole[i] = is_shared ? 0 : eng_pages_of(s, &m->spans[slice ? slice->span : i], &first);
		shared[i] = is_shared ? slice->last - slice->first : 0;
	}
	return parts;
}

int eng_test_parts(int threads, int heads, int kv_heads, int window, int seqs, const int32_t *past, int64_t most, int32_t *whole, int32_t *shared,
	int32_t *parts)
{
	const struct eng_shape shape = {.layers = 1, .width = BLOCK, .heads = heads, .kv_heads = kv_heads, .head = BLOCK, .ffn = BLOCK, .vocab = 1};
	eng_model *m = NULL;
	int32_t *first = eng_alloc(((size_t)seqs + 1) * sizeof *first);
	int status = first ? eng_model_new(&m, &shape, ENG_SCALAR, threads, 0) : ENG_NO_MEMORY;
	if (status == ENG_OK)
		status = eng_model_reserve(m, seqs, seqs);
	if (status == ENG_OK) {
		for (int i = 0; i <= seqs; i++)
			first[i] = i;
		for (int i = 0; i < seqs; i++)
			m->active[i] = i;
		eng_model_layer(m, 0, window, 0);
		const struct eng_batch b = {.n = seqs, .seqs = seqs, .pos = past, .seq_first = first, .page_first = first};
		struct step s = {.m = m, .b = &b, .n = seqs, .l = &m->layers[0]};
		const int spans = eng_make_spans(&s);
		eng_share(&s, spans);
		*parts = write_parts(&s, spans, most, whole, shared);
	}
	eng_model_free(m);
	free(first);
	return status;
}
