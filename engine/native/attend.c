/* attend.c - the loops of attention of a step: RoPE, keys and values into pages, and attention by spans, or by slices of the pages of
 * spans that threads share. */
#include <stdlib.h>
#include "step.h"

/* RoPE of column c's key head h, whose key and value are stored in their page; s->fail learns of numbers that are not finite. */
static void store_kv(struct step *s, int seq, int c, int h)
{
	eng_model *m = s->m;
	const struct eng_shape *d = &m->s;
	const int group = d->heads / d->kv_heads, pos = s->b->pos[c];
	uint16_t *page = s->b->page[s->b->page_first[seq] + pos / PAGE];
	page += ((size_t)s->layer * (size_t)d->kv_heads + (size_t)h) * eng_head_halves(d);
	struct eng_store_kv p = {
		.q = m->q + (size_t)c * m->q_stride + (size_t)(h * group * d->head),
		.k = m->kk + (size_t)c * m->kv_stride + (size_t)(h * d->head),
		.v = m->v + (size_t)c * m->kv_stride + (size_t)(h * d->head),
		.heads = group, .d = d->head, .rot = d->rot, .halves = d->rope_halves,
		.rope = s->b->rope + ((size_t)s->l->table * (size_t)s->b->n + (size_t)c) * (size_t)d->rot,
		.q_norm = s->l->v[ENG_Q_NORM], .k_norm = s->l->v[ENG_K_NORM], .eps = d->eps, .query_scale = d->query_scale,
		.page_k = page + pos % PAGE,
		.page_v = page + (size_t)d->head * PAGE + (size_t)(pos % PAGE) * eng_round((size_t)d->head, GROUP),
	};
	if (m->k->store_kv(&p))
		return;
	int32_t *f = &s->fail[seq];
	for (int32_t seen = __atomic_load_n(f, __ATOMIC_RELAXED); c < seen;)
		if (__atomic_compare_exchange_n(f, &seen, c, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			break;
}

/* Columns of a part of store_kv_part. A line of keys holds one element of 32 positions: threads that share it wait for each other. */
enum { STORE_COLUMNS = 32 };

static int store_kv_parts(const struct step *s) { return (s->b->n + STORE_COLUMNS - 1) / STORE_COLUMNS * s->m->s.kv_heads; }

static void store_kv_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	const struct eng_batch *b = s->b;
	const int head = part % s->m->s.kv_heads, from = part / s->m->s.kv_heads * STORE_COLUMNS;
	(void)thread;
	int seq = 0;
	for (int c = from; c < eng_least(b->n, from + STORE_COLUMNS); c++) {
		while (b->seq_first[seq + 1] <= c)
			seq++;
		store_kv(s, seq, c, head);
	}
}

void eng_store(struct step *s) { run(s, store_kv_parts(s), store_kv_part); }

/* Quantises the attention of active column i, heads from … to-1, whose elements fill whole blocks. */
static void quantize_heads(struct step *s, int i, int from, int to)
{
	eng_model *m = s->m;
	const int all = m->s.heads * m->s.head, at = from * m->s.head;
	struct eng_block *a = eng_tile_of(m->a0, s->slots, i, all / BLOCK) + at / BLOCK * (s->slots / SLOTS);
	m->k->quantize(a, s->slots, i % s->slots, m->att + (size_t)i * (size_t)all + at, (to - from) * m->s.head / BLOCK);
}

static int heads_fill_blocks(const eng_model *m) { return m->s.heads / m->s.kv_heads * m->s.head % BLOCK == 0; }

/* A task of attention, of ATT_TASK rows or fewer. */
struct task {
	struct eng_attend a;
	const float *q[ATT_TASK];
	float *out[ATT_TASK];
	int32_t from[ATT_TASK], to[ATT_TASK];
};

static int group_of(const eng_model *m) { return m->s.heads / m->s.kv_heads; }

/* The first position that a query at pos sees in this layer. */
static int first_seen(const struct step *s, int pos)
{
	return s->l->window > 0 && pos >= s->l->window ? pos - s->l->window + 1 : 0;
}

/* The task of a span's rows from first on. */
static void task_of(struct step *s, const struct eng_span *span, int first, int thread, struct task *t)
{
	eng_model *m = s->m;
	const int d = m->s.head, group = group_of(m), all = m->s.heads * d;
	t->a = (struct eng_attend){
		.page = (const uint16_t *const *)(s->b->page + s->b->page_first[span->seq]),
		.at = ((size_t)s->layer * (size_t)m->s.kv_heads + (size_t)span->head) * eng_head_halves(&m->s),
		.d = d, .dp = (int)eng_round((size_t)d, GROUP), .cap = m->s.attn_cap, .q = t->q, .out = t->out, .from = t->from, .to = t->to,
		.rows = eng_least(ATT_TASK, span->count * group - first), .scratch = m->thread[thread].scratch, .far = m->far,
	};
	for (int r = 0; r < t->a.rows; r++) {
		const int i = span->first + (first + r) / group, c = m->active[i], h = span->head * group + (first + r) % group;
		t->q[r] = m->q + (size_t)c * m->q_stride + (size_t)(h * d);
		t->out[r] = m->att + (size_t)i * (size_t)all + (size_t)(h * d);
		t->to[r] = s->b->pos[c];
		t->from[r] = first_seen(s, s->b->pos[c]);
	}
}

static void quantize_span(struct step *s, const struct eng_span *span)
{
	const int group = group_of(s->m);
	if (heads_fill_blocks(s->m))
		for (int i = 0; i < span->count; i++)
			quantize_heads(s, span->first + i, span->head * group, (span->head + 1) * group);
}

/* Attention of the columns of a span, ATT_TASK rows at a time. */
static void attend_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	eng_model *m = s->m;
	const struct eng_span *span = &m->spans[part];
	struct task t;
	if (s->merge && s->slices == 0)
		store_kv(s, span->seq, m->active[span->first], span->head);
	for (int r = 0; r < span->count * group_of(m); r += ATT_TASK) {
		task_of(s, span, r, thread, &t);
		m->k->attend(&t.a);
	}
	quantize_span(s, span);
}

int eng_pages_of(const struct step *s, const struct eng_span *span, int *first)
{
	const eng_model *m = s->m;
	*first = first_seen(s, s->b->pos[m->active[span->first]]) / PAGE;
	return s->b->pos[m->active[span->first + span->count - 1]] / PAGE + 1 - *first;
}

/* Points a slice to room for what its span shares, from at on, and returns how much that is. */
static size_t share_room(struct eng_shared *x, float *room, size_t at, size_t rows, size_t dp)
{
	const size_t each = (size_t)(x->last - x->first) * rows;
	float *p = room ? room + at : NULL;
	if (p)
		*x = (struct eng_shared){x->first, x->last, p, p + each, p + 2 * each, p + 3 * each, p + (3 + PAGE) * each};
	return each * (3 + PAGE + dp);
}

/* Cuts a span of these pages into slices of fair pages, or leaves it whole; returns how much room it shares. */
static size_t slice_span(struct step *s, int span, int first, int pages, int fair, size_t at)
{
	eng_model *m = s->m;
	const int rows = m->spans[span].count * group_of(m), cuts = rows <= ATT_MAX_ROWS && pages >= SHARED_PAGES ? (pages + fair - 1) / fair : 1;
	struct eng_slice slice = {.span = span, .shared = {.first = first, .last = cuts > 1 ? first + pages : first}};
	const size_t room = share_room(&slice.shared, m->room, at, (size_t)rows, eng_round((size_t)m->s.head, GROUP));
	for (int i = 0; i < cuts; i++) {
		slice.first = first + pages * i / cuts;
		slice.last = first + pages * (i + 1) / cuts;
		m->slices[s->slices++] = slice;
	}
	return room;
}

/* How many pages these spans see together, and by *most the one that sees most. */
static int64_t all_pages(const struct step *s, int spans, int *most)
{
	int64_t all = 0;
	int first;
	*most = 0;
	for (int i = 0; i < spans; i++) {
		const int pages = eng_pages_of(s, &s->m->spans[i], &first);
		*most = pages > *most ? pages : *most;
		all += pages;
	}
	return all;
}

/* When all threads are done with these spans if each takes the next one that is whole, in pages. */
static int64_t done_with(struct step *s, int spans)
{
	eng_model *m = s->m;
	int64_t last = 0;
	int first;
	for (int t = 0; t < m->threads; t++)
		m->thread[t].pages = 0;
	for (int i = 0; i < spans; i++) {
		struct eng_thread *free_next = &m->thread[0];
		for (int t = 1; t < m->threads; t++)
			if (m->thread[t].pages < free_next->pages)
				free_next = &m->thread[t];
		free_next->pages += eng_pages_of(s, &m->spans[i], &first);
		last = free_next->pages > last ? free_next->pages : last;
	}
	return last;
}

/* Whether a loop that ends after so many pages on each thread takes no more than one part of FAIR longer than an even share of all. */
static int is_fair(const eng_model *m, int64_t last, int64_t all) { return last * m->threads * FAIR <= all * (FAIR + 1); }

/* Whether threads that take whole spans are done nearly together. They are not before the longest span, nor later than it takes after
 * an even share (Graham, "Bounds on multiprocessing timing anomalies", 1969): only what lies between has to be tried. */
static int whole_is_fair(struct step *s, int spans, int most, int64_t all)
{
	const eng_model *m = s->m;
	if ((int64_t)most * m->threads * FAIR <= all)
		return 1;
	return is_fair(m, most, all) && is_fair(m, done_with(s, spans), all);
}

/* Slices of these spans, of fair pages; how much room they share. */
static size_t slice_spans(struct step *s, int spans, int fair)
{
	size_t room = 0;
	int first;
	s->slices = 0;
	for (int i = 0; i < spans; i++) {
		const int pages = eng_pages_of(s, &s->m->spans[i], &first);
		room += slice_span(s, i, first, pages, fair, room);
	}
	return room;
}

void eng_share(struct step *s, int spans)
{
	eng_model *m = s->m;
	int most;
	s->slices = 0;
	if (m->threads == 1)
		return;
	const int64_t all = all_pages(s, spans, &most);
	if (most < SHARED_PAGES || whole_is_fair(s, spans, most, all))
		return;
	const int fair = (int)(all / (m->threads * SHARES) + 1);
	for (int again = 0; again < 2; again++) {
		size_t room = slice_spans(s, spans, fair);
		if (room <= m->room_cap)
			return;
		if (room > (size_t)m->threads * ROOM)
			break;
		free(m->room);
		m->room_cap = 0;
		room += room / 8; /* for pages to come */
		m->room = eng_alloc(room * sizeof *m->room);
		if (!m->room)
			break;
		m->room_cap = room;
	}
	s->slices = 0;
}

static int is_shared(const struct eng_slice *slice) { return slice->shared.first < slice->shared.last; }

/* The scores of a slice; a span that nobody shares is done with it. */
static void scores_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	const struct eng_slice *slice = &s->m->slices[part];
	struct task t;
	if (!is_shared(slice)) {
		attend_part(s, slice->span, thread);
		return;
	}
	task_of(s, &s->m->spans[slice->span], 0, thread, &t);
	s->m->k->attend_scores(&t.a, &slice->shared, slice->first, slice->last);
}

static void values_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	const struct eng_slice *slice = &s->m->slices[part];
	struct task t;
	if (!is_shared(slice))
		return;
	task_of(s, &s->m->spans[slice->span], 0, thread, &t);
	s->m->k->attend_values(&t.a, &slice->shared, slice->first, slice->last);
}

/* A span of many slices is joined with its first. */
static void join_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	const struct eng_slice *slice = &s->m->slices[part];
	struct task t;
	if (!is_shared(slice) || slice->first != slice->shared.first)
		return;
	task_of(s, &s->m->spans[slice->span], 0, thread, &t);
	s->m->k->attend_join(&t.a, &slice->shared);
	quantize_span(s, &s->m->spans[slice->span]);
}

static void quantize_part(void *arg, int part, int thread)
{
	struct step *s = arg;
	(void)thread;
	quantize_heads(s, part, 0, s->m->s.heads);
}

void eng_attend_spans(struct step *s, int spans)
{
	if (s->slices == 0) {
		run(s, spans, attend_part);
	} else {
		run(s, s->slices, scores_part);
		run(s, s->slices, values_part);
		run(s, s->slices, join_part);
	}
	if (!heads_fill_blocks(s->m))
		run(s, s->n, quantize_part);
}

/* Spans that see most come first, so that no thread begins a long one when the others end. */
static int by_length(const void *a, const void *b)
{
	const struct eng_span *x = a, *y = b;
	if (x->last != y->last)
		return x->last < y->last ? 1 : -1;
	if (x->first != y->first)
		return x->first < y->first ? 1 : -1;
	return x->head - y->head;
}

int eng_make_spans(struct step *s)
{
	eng_model *m = s->m;
	const int columns = eng_span_columns(&m->s);
	int count = 0;
	for (int end = s->n, seq = s->b->seqs - 1; end > 0;) {
		while (s->b->seq_first[seq] > m->active[end - 1])
			seq--;
		int first = end - 1;
		while (first > 0 && end - first < columns && m->active[first - 1] >= s->b->seq_first[seq])
			first--;
		for (int h = 0; h < m->s.kv_heads; h++)
			m->spans[count++] = (struct eng_span){seq, h, first, end - first, s->b->pos[m->active[end - 1]]};
		end = first;
	}
	if (s->b->seqs > 1)
		qsort(m->spans, (size_t)count, sizeof *m->spans, by_length);
	return count;
}
