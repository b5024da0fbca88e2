/* k_attention.h - RoPE of queries and keys, which store_kv does beside storing keys and values, and attention over pages: q[R, d] ·
 * k[d, len] → softmax → · v[len, d] → out[R, d], a lane a key for qk and an element for pv. They are steps 2 to 5 of
 * ../arith/SPEC.md section 5; the reference is ../arith/attention.go.
 *
 * Up to ATT_MAX_ROWS query rows that share a key head go together over the pages, ascending; on each page they go by loops of some
 * rows by some vectors of keys or elements (ATT_LOOPS), each number being widened once for all rows of a loop. For each page: qk of 64
 * keys, their maximum, exp, the sum of p by fold16, and o = fma(o, α, Σ p·v).
 *
 * Threads may share the pages of one task (struct eng_shared): the scores of all pages first, then, as the maximum before a page is
 * that of the scores before it, what each page adds, and last the sums over pages in their order. The numbers are the same.
 */

/* One pair: (a, b) rotated by the angle of cosine c and sine s. */
FN void rope_pair(float *a, float *b, float c, float s)
{
	const float x = *a, y = *b, ys = y * s, yc = y * c;
	*a = __builtin_fmaf(x, c, -ys);
	*b = __builtin_fmaf(x, s, yc);
}

/* RoPE of one head: the first rot elements of x by the cosines and sines of table[rot/2, 2]; pairs (i, i+rot/2) with halves, else
 * (2i, 2i+1). Compilers make vectors of both loops, which have no other order. */
FN void rope(float *x, const float *restrict table, int rot, int halves)
{
	const int half = rot / 2;
	float *restrict first = x, *restrict second = x + half;
	if (halves)
		for (int i = 0; i < half; i++)
			rope_pair(&first[i], &second[i], table[2 * i], table[2 * i + 1]);
	else
		for (int i = 0; i < half; i++)
			rope_pair(&x[2 * i], &x[2 * i + 1], table[2 * i], table[2 * i + 1]);
}

/* h[d] = x[d] as binary16, what is not finite as zeros; returns 0x7c00 where there was any of it. */
FN uint16_t narrow(uint16_t *restrict h, const float *x, int d)
{
	int e = 0;
	uint16_t worst = 0;
	for (; e + W <= d; e += W)
		v_narrow(h + e, v_load(x + e));
	for (; e < d; e++)
		h[e] = v_narrow1(x[e]);
	for (e = 0; e < d; e++) {
		const uint16_t exponent = h[e] & 0x7c00;
		worst = exponent > worst ? exponent : worst;
		h[e] = exponent == 0x7c00 ? 0 : h[e];
	}
	return worst;
}

/* Steps 2 to 4 for one token and key head: q[heads, d] and k[d] are normed where there are norms and rotated, q scaled; k and v[d] go
 * to their page as binary16. Returns 1 where all of these are finite. */
static int store_kv(const struct eng_store_kv *p)
{
	const int d = p->d, dp = (int)eng_round((size_t)d, GROUP);
	uint16_t key[MAX_HEAD];
	for (int h = 0; h < p->heads; h++) {
		float *q = p->q + h * d;
		if (p->q_norm)
			norm(q, q, p->q_norm, d, p->eps);
		rope(q, p->rope, p->rot, p->halves);
		for (int e = 0; e < d; e++)
			q[e] = q[e] * p->query_scale;
	}
	if (p->k_norm)
		norm(p->k, p->k, p->k_norm, d, p->eps);
	rope(p->k, p->rope, p->rot, p->halves);
	const uint16_t worst_k = narrow(key, p->k, d), worst_v = narrow(p->page_v, p->v, d);
	for (int e = 0; e < d; e++)
		p->page_k[e * PAGE] = key[e];
	for (int e = d; e < dp; e++)
		p->page_v[e] = 0;
	return worst_k != 0x7c00 && worst_v != 0x7c00;
}

/* How far ahead of their use keys and values are prefetched, in lines. A token's weights have driven them from the nearer caches, and
 * each page of them is a new place to the processor, which reads ahead of a stream only when it has seen some of it. So the last lines
 * of keys or values prefetch the first of what is read after them. */
enum { PREFETCH_KV = 32, LINE_HALVES = LINE / sizeof(uint16_t), KEY_LINES = PAGE / LINE_HALVES };

FN void prefetch_line(const uint16_t *p, int line) { __builtin_prefetch(p + line * LINE_HALVES, 0, 3); }

/* Prefetches keys that element e of a page brings nearer, or what is read after them. */
FN void prefetch_keys(const uint16_t *k, int d, int e, const uint16_t *next)
{
	const int line = e * KEY_LINES + PREFETCH_KV, left = d * KEY_LINES - line;
	const uint16_t *from = left > 0 ? k + line * LINE_HALVES : next - left * LINE_HALVES;
	for (int i = 0; i < KEY_LINES; i++)
		prefetch_line(from, i);
}

/* Where the second cache is the better place (eng_prefetches_far), a loop prefetches all of what is read after it, in the order in which
 * it reads: 8 KiB ahead where a head has 64 elements. Such loops are compiled besides the others, which have no trace of them. */
FN void prefetch_far(const uint16_t *next, int count)
{
	UNROLL for (int i = 0; i < count; i += LINE_HALVES)
		__builtin_prefetch(next + i, 0, 2);
}

/* q·k: s[R, 64] = q[R, d] · k[d, 64] for the keys below hi of a page, V vectors of keys at a time. Of many rows q lies together in
 * all[d, R]. What is read after the keys is at next; NULL prefetches nothing, and far has none. */
FN void qk(int R, int V, bool far, float *s, const float *const *q, const float *all, const uint16_t *k, int d, int hi, const uint16_t *next)
{
	for (int at = 0; at < hi; at += V * W) {
		vf a[ATT_WIDEST][ATT_VECS];
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < V; i++)
				a[r][i] = v_zero();
		for (int e = 0; e < d; e++) {
			vf x[ATT_VECS];
			if (far)
				prefetch_far(next + e * PAGE + at, V * W);
			else if (at == 0 && next)
				prefetch_keys(k, d, e, next);
			UNROLL for (int i = 0; i < V; i++)
				x[i] = v_widen(k + e * PAGE + at + i * W);
			UNROLL for (int r = 0; r < R; r++) {
				vf y = v_set1(R == ATT_MAX_ROWS ? all[e * R + r] : q[r][e]);
				UNROLL for (int i = 0; i < V; i++)
					a[r][i] = v_fma(y, x[i], a[r][i]);
			}
		}
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < V; i++)
				v_store(s + r * PAGE + at + i * W, a[r][i]);
	}
}

/* Prefetches values that position j of a page brings nearer, or what is read after them. */
FN void prefetch_values(const uint16_t *v, int dp, int j, const uint16_t *next)
{
	const int each = dp / LINE_HALVES, all = PAGE * each;
	for (int line = j * each + PREFETCH_KV, end = line + each; line < end; line++)
		prefetch_line(line < all ? v : next, line < all ? line : line - all);
}

/* V vectors of pv, from element at on. */
FN void pv_part(int R, int V, bool far, float *o, const float *alpha, const int *seen, const float *p, const uint16_t *v, int dp, int at, int lo,
	int hi, const uint16_t *next)
{
	vf a[ATT_WIDEST][ATT_VECS];
	UNROLL for (int r = 0; r < R; r++)
		UNROLL for (int i = 0; i < V; i++)
			a[r][i] = v_zero();
	for (int j = lo; j < hi; j++) {
		vf x[ATT_VECS];
		if (far)
			prefetch_far(next + j * dp + at, V * W);
		else if (at == 0 && next)
			prefetch_values(v, dp, j, next);
		UNROLL for (int i = 0; i < V; i++)
			x[i] = v_widen(v + j * dp + at + i * W);
		UNROLL for (int r = 0; r < R; r++) {
			vf y = v_set1(p[r * PAGE + j]);
			UNROLL for (int i = 0; i < V; i++)
				a[r][i] = v_fma(y, x[i], a[r][i]);
		}
	}
	UNROLL for (int r = 0; r < R; r++)
		UNROLL for (int i = 0; i < V; i++)
			if (seen[r]) {
				float *to = o + r * dp + at + i * W;
				v_store(to, v_fma(v_load(to), v_set1(alpha[r]), a[r][i]));
			}
}

/* p·v: o[r] = fma(o[r], alpha[r], Σ p[r][j]·v[j]) for lo ≤ j < hi, in the rows that see the page: o[R, dp] from p[R, 64] · v[64, dp].
 * What is read after the values is at next; NULL prefetches nothing, and far has none. */
FN void pv(int R, int V, bool far, float *o, const float *alpha, const int *seen, const float *p, const uint16_t *v, int dp, int lo, int hi,
	const uint16_t *next)
{
	int at = 0;
	for (; at + V * W <= dp; at += V * W)
		pv_part(R, V, far, o, alpha, seen, p, v, dp, at, lo, hi, next);
	for (; V > 1 && at < dp; at += W)
		pv_part(R, 1, far, o, alpha, seen, p, v, dp, at, lo, hi, next);
}

/* Of W keys from i*W on of a page: x for those that are visible, lo ≤ j < hi, and hidden for the others. */
FN vf visible(int i, int lo, int hi, vf x, vf hidden)
{
	const vi j = vi_add(vi_iota(), vi_set1(i * W));
	return vi_lt(j, vi_set1(hi), vi_lt(j, vi_set1(lo), hidden, x), hidden);
}

/* The largest of top and the visible scores of a page; scores are capped in place where softcap is not 0. */
FN float page_top(float *s, int lo, int hi, float softcap, float top)
{
	const int whole = lo == 0 && hi == PAGE;
	vf m = v_set1(top);
	for (int i = 0; i < PAGE / W; i++) {
		vf y = v_load(s + i * W);
		if (softcap != 0) {
			y = v_cap(y, v_set1(softcap));
			v_store(s + i * W, y);
		}
		m = v_max(m, whole ? y : visible(i, lo, hi, y, m));
	}
	return v_hmax(m);
}

/* Scores s[64] of a page become p[64] = exp(s − top), +0 but for the visible ones; returns their sum. */
FN float page_weights(float *s, int lo, int hi, float top)
{
	const int whole = lo == 0 && hi == PAGE;
	vf x[PAGE / W], fold[GROUP / W];
	for (int i = 0; i < PAGE / W; i++)
		x[i] = v_exp(v_sub(v_load(s + i * W), v_set1(top)));
	if (!whole)
		for (int i = 0; i < PAGE / W; i++)
			x[i] = visible(i, lo, hi, x[i], v_zero());
	for (int i = 0; i < PAGE / W; i++)
		v_store(s + i * W, x[i]);
	for (int l = 0; l < GROUP / W; l++) {
		fold[l] = v_add(v_zero(), x[l]);
		for (int i = GROUP / W; i < PAGE / W; i += GROUP / W)
			fold[l] = v_add(fold[l], x[i + l]);
	}
	return 0.0f + v_fold16(fold);
}

/* A loop over a page by so many rows. */
typedef void qk_loop(float *s, const float *const *q, const float *all, const uint16_t *k, int d, int hi, const uint16_t *next);
typedef void pv_loop(float *o, const float *alpha, const int *seen, const float *p, const uint16_t *v, int dp, int lo, int hi, const uint16_t *next);
struct att_loop {
	int rows;
	qk_loop *qk;
	pv_loop *pv;
};
#define ATT_LOOP(R, V, NAME, FAR)                                                                                                       \
	static ATT_ALONE void qk_##NAME(float *s, const float *const *q, const float *all, const uint16_t *k, int d, int hi,                   \
		const uint16_t *next)                                                                                                           \
	{                                                                                                                                   \
		qk(R, V, FAR, s, q, all, k, d, hi, next);                                                                                       \
	}                                                                                                                                   \
	static ATT_ALONE void pv_##NAME(float *o, const float *alpha, const int *seen, const float *p, const uint16_t *v, int dp, int lo,       \
		int hi, const uint16_t *next)                                                                                                   \
	{                                                                                                                                   \
		pv(R, V, FAR, o, alpha, seen, p, v, dp, lo, hi, next);                                                                          \
	}
#define ATT_ALONE __attribute__((noinline)) /* each is compiled once, for tasks that one thread has and that threads share */
#define ATT_NEAR(R, V) ATT_LOOP(R, V, R, false)
ATT_LOOPS(ATT_NEAR)
#define ATT_NEAR_ENTRY(R, V) {R, qk_##R, pv_##R},
static const struct att_loop att_near[] = {ATT_LOOPS(ATT_NEAR_ENTRY)};
#ifdef ATT_MAY_FAR
#define ATT_FAR(R, V) ATT_LOOP(R, V, far_##R, true)
ATT_LOOPS(ATT_FAR)
#define ATT_FAR_ENTRY(R, V) {R, qk_far_##R, pv_far_##R},
static const struct att_loop att_far[] = {ATT_LOOPS(ATT_FAR_ENTRY)};
#else
#define att_far att_near
#endif

/* The loop by which rows go on of which so many are left: one of as many, or else the first in the list that has no more. */
static const struct att_loop *loop_for(int left, bool far)
{
	const struct att_loop *loops = far ? att_far : att_near, *first = NULL;
	for (size_t i = 0; i < sizeof att_near / sizeof *att_near; i++) {
		if (loops[i].rows == left)
			return &loops[i];
		if (!first && loops[i].rows < left)
			first = &loops[i];
	}
	return first;
}

/* Rows that go together, and how a page sees them: the visible keys lo ≤ j < hi of each, and whether there are any. */
struct att_rows {
	int count;
	const float *const *q;
	const int32_t *from, *to;
	const float *all;              /* [d, count] where a loop takes ATT_MAX_ROWS */
	int begin, end;                /* the first and last position that any sees */
	float top[ATT_MAX_ROWS], sum[ATT_MAX_ROWS]; /* the maximum so far, and the sum */
	float alpha[ATT_MAX_ROWS + W]; /* by which the output so far is to be multiplied */
	int lo[ATT_MAX_ROWS], hi[ATT_MAX_ROWS], seen[ATT_MAX_ROWS];
};

/* Rows first … first+count-1 of a task; all has room for them. */
static void begin_rows(struct att_rows *rows, const struct eng_attend *a, int first, int count, float *all)
{
	memset(rows, 0, sizeof *rows);
	rows->count = count;
	rows->q = a->q + first;
	rows->from = a->from + first;
	rows->to = a->to + first;
	rows->all = all;
	rows->begin = rows->from[0];
	rows->end = rows->to[0];
	for (int r = 0; r < count; r++) {
		for (int e = 0; e < a->d && count == ATT_MAX_ROWS && (int)ATT_WIDEST == (int)ATT_MAX_ROWS; e++)
			all[e * count + r] = rows->q[r][e];
		rows->top[r] = -__builtin_inff();
		rows->begin = eng_least(rows->from[r], rows->begin);
		rows->end = rows->to[r] > rows->end ? rows->to[r] : rows->end;
	}
}

static void see(struct att_rows *rows, int page)
{
	const int base = page * PAGE;
	for (int r = 0; r < rows->count; r++) {
		rows->lo[r] = rows->from[r] > base ? rows->from[r] - base : 0;
		rows->hi[r] = eng_least(rows->to[r] - base + 1, PAGE);
		rows->seen[r] = rows->lo[r] < rows->hi[r];
	}
}

static const uint16_t *keys_of(const struct eng_attend *a, int page) { return a->page[page] + a->at; }

static const uint16_t *values_of(const struct eng_attend *a, int page) { return keys_of(a, page) + a->d * PAGE; }

/* s[count, 64]: the scores of a page. What is read after its keys is at next. */
static void page_scores(const struct att_rows *rows, const struct eng_attend *a, int page, const uint16_t *next, float *s)
{
	const int hi = eng_least(rows->end - page * PAGE + 1, PAGE);
	const uint16_t *k = keys_of(a, page);
	const struct att_loop *l;
	for (int r = 0; r < rows->count; r += l->rows) {
		l = loop_for(rows->count - r, a->far && r == 0);
		l->qk(s + r * PAGE, rows->q + r, rows->all, k, a->d, hi, r == 0 ? next : NULL);
	}
}

/* o[count, dp] of a page and weights p[count, 64]. What is read after its values is at next. */
static void page_values(const struct att_rows *rows, const struct eng_attend *a, int page, const uint16_t *next, const float *p, float *o)
{
	const int base = page * PAGE, lo = rows->begin > base ? rows->begin - base : 0, hi = eng_least(rows->end - base + 1, PAGE);
	const uint16_t *v = values_of(a, page);
	const struct att_loop *l;
	for (int r = 0; r < rows->count; r += l->rows) {
		l = loop_for(rows->count - r, a->far && r == 0);
		l->pv(o + r * a->dp, rows->alpha + r, rows->seen + r, p + r * PAGE, v, a->dp, lo, hi, r == 0 ? next : NULL);
	}
}

/* A page of the softmax of rows: s[count, 64] becomes p[count, 64], zeros where a row sees nothing of it. The alphas are made
 * together. */
static void softmax(float *s, float softcap, struct att_rows *a)
{
	for (int r = 0; r < a->count; r++) {
		const float most = a->seen[r] ? page_top(s + r * PAGE, a->lo[r], a->hi[r], softcap, a->top[r]) : a->top[r];
		a->alpha[r] = a->seen[r] ? a->top[r] - most : 0;
		a->top[r] = most;
	}
	for (int r = 0; r < a->count; r += W)
		v_store(a->alpha + r, v_exp(v_load(a->alpha + r)));
	for (int r = 0; r < a->count; r++)
		if (a->seen[r])
			a->sum[r] = __builtin_fmaf(a->sum[r], a->alpha[r], page_weights(s + r * PAGE, a->lo[r], a->hi[r], a->top[r]));
		else
			memset(s + r * PAGE, 0, PAGE * 4);
}

/* out[d] = o[d] / sum */
FN void finish(float *out, const float *o, float sum, int d)
{
	const float f = 1.0f / sum;
	for (int e = 0; e < d; e++)
		out[e] = o[e] * f;
}

/* out[rows, d] of a task. */
static void attend(const struct eng_attend *a)
{
	float *s = a->scratch, *o = s + ATT_MAX_ROWS * PAGE, *all = o + ATT_MAX_ROWS * a->dp;
	struct att_rows rows;
	for (int first = 0; first < a->rows; first += ATT_MAX_ROWS) {
		begin_rows(&rows, a, first, eng_least(ATT_MAX_ROWS, a->rows - first), all);
		memset(o, 0, (size_t)(rows.count * a->dp) * 4);
		for (int page = rows.begin / PAGE; page <= rows.end / PAGE; page++) {
			see(&rows, page);
			page_scores(&rows, a, page, values_of(a, page), s);
			softmax(s, a->cap, &rows);
			page_values(&rows, a, page, keys_of(a, eng_least(page + 1, rows.end / PAGE)), s, o);
		}
		for (int r = 0; r < rows.count; r++)
			finish(a->out[first + r], o + r * a->dp, rows.sum[r], a->d);
	}
}

/* The scores of pages first … last-1 of a task that threads share, and each page's largest. */
static void attend_scores(const struct eng_attend *a, const struct eng_shared *to, int first, int last)
{
	struct att_rows rows;
	begin_rows(&rows, a, 0, a->rows, a->scratch);
	for (int page = first; page < last; page++) {
		const size_t at = (size_t)(page - to->first) * (size_t)rows.count;
		float *s = to->weights + at * PAGE;
		see(&rows, page);
		page_scores(&rows, a, page, keys_of(a, eng_least(page + 1, last - 1)), s);
		for (int r = 0; r < rows.count; r++)
			to->top[at + (size_t)r] = rows.seen[r] ? page_top(s + r * PAGE, rows.lo[r], rows.hi[r], a->cap, -__builtin_inff()) : -__builtin_inff();
	}
}

/* What these pages add, once all scores are there. What sums begin with is -0, to which everything may be added. */
static void attend_values(const struct eng_attend *a, const struct eng_shared *to, int first, int last)
{
	struct att_rows rows;
	begin_rows(&rows, a, 0, a->rows, a->scratch);
	for (size_t i = 0; i < (size_t)(first - to->first) * (size_t)rows.count; i++) {
		float *top = &rows.top[i % (size_t)rows.count];
		*top = to->top[i] > *top ? to->top[i] : *top;
	}
	for (int page = first; page < last; page++) {
		const size_t at = (size_t)(page - to->first) * (size_t)rows.count;
		float *p = to->weights + at * PAGE, *o = to->out + at * (size_t)a->dp;
		for (int r = 0; r < rows.count; r++)
			rows.sum[r] = -0.0f;
		for (int i = 0; i < rows.count * a->dp; i++)
			o[i] = -0.0f;
		see(&rows, page);
		softmax(p, 0, &rows);
		page_values(&rows, a, page, values_of(a, eng_least(page + 1, last - 1)), p, o);
		memcpy(to->alpha + at, rows.alpha, (size_t)rows.count * 4);
		memcpy(to->sum + at, rows.sum, (size_t)rows.count * 4);
	}
}

/* out[rows, d] of what all pages add. */
static void attend_join(const struct eng_attend *a, const struct eng_shared *from)
{
	struct att_rows rows;
	float *o = a->scratch + ATT_MAX_ROWS * a->d;
	begin_rows(&rows, a, 0, a->rows, a->scratch);
	memset(o, 0, (size_t)(rows.count * a->dp) * 4);
	for (int page = from->first; page < from->last; page++) {
		const size_t at = (size_t)(page - from->first) * (size_t)rows.count;
		see(&rows, page);
		for (int r = 0; r < rows.count; r++) {
			if (!rows.seen[r])
				continue;
			const float alpha = from->alpha[at + (size_t)r], *part = from->out + (at + (size_t)r) * (size_t)a->dp;
			rows.sum[r] = __builtin_fmaf(rows.sum[r], alpha, from->sum[at + (size_t)r]);
			for (int e = 0; e < a->dp; e += W)
				v_store(o + r * a->dp + e, v_fma(v_load(o + r * a->dp + e), v_set1(alpha), v_load(part + e)));
		}
	}
	for (int r = 0; r < rows.count; r++)
		finish(a->out[r], o + r * a->dp, rows.sum[r], a->d);
}
