/* k_attention.h - RoPE of queries and keys, which store_kv does beside storing keys and values, and attention over pages: q[R, d] ·
 * k[d, len] → softmax → · v[len, d] → out[R, d], a lane a key for qk and an element for pv. They are steps 2 to 5 of
 * ../arith/SPEC.md section 5; the reference is ../arith/attention.go.
 *
 * Up to ATT_MOST query rows that share a key head go together over the pages, ascending: ATT_ROWS by ATT_VECS vectors of keys or
 * elements, or, where there are registers, ATT_MOST by one, for which fewer numbers are widened. For each page: qk of 64 keys, their
 * maximum, exp, the sum of p by fold16, and o = fma(o, α, Σ p·v).
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
 * each page of them is a new place to the processor, which reads ahead of a stream only when it has seen some of it. A head's values
 * follow its keys; behind them lies another head's, so the last lines prefetch the next page's first. */
enum { PREFETCH_KV = 32, LINE_HALVES = LINE / sizeof(uint16_t), KEY_LINES = PAGE / LINE_HALVES };

FN void prefetch_line(const uint16_t *p, int line) { __builtin_prefetch(p + line * LINE_HALVES, 0, 3); }

/* q·k: s[R, 64] = q[R, d] · k[d, 64] for the keys below hi of a page, V vectors of keys at a time. Of many rows q lies together in
 * all[d, R]. */
FN void qk(int R, int V, float *s, const float *const *q, const float *all, const uint16_t *k, int d, int hi)
{
	for (int at = 0; at < hi; at += V * W) {
		vf a[ATT_MOST][ATT_VECS];
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < V; i++)
				a[r][i] = v_zero();
		for (int e = 0; e < d; e++) {
			vf x[ATT_VECS];
			for (int i = 0; i < KEY_LINES && at == 0; i++)
				prefetch_line(k, e * KEY_LINES + PREFETCH_KV + i);
			UNROLL for (int i = 0; i < V; i++)
				x[i] = v_widen(k + e * PAGE + at + i * W);
			UNROLL for (int r = 0; r < R; r++) {
				vf y = v_set1(R > ATT_ROWS ? all[e * R + r] : q[r][e]);
				UNROLL for (int i = 0; i < V; i++)
					a[r][i] = v_fma(y, x[i], a[r][i]);
			}
		}
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < V; i++)
				v_store(s + r * PAGE + at + i * W, a[r][i]);
	}
}

/* Prefetches values that position j of a page brings nearer, or the keys of the next page. */
FN void prefetch_values(const uint16_t *v, int dp, int j, const uint16_t *next)
{
	const int each = dp / LINE_HALVES, all = PAGE * each;
	for (int line = j * each + PREFETCH_KV, end = line + each; line < end; line++)
		prefetch_line(line < all ? v : next, line < all ? line : line - all);
}

/* V vectors of pv, from element at on. */
FN void pv_part(int R, int V, float *o, const float *alpha, const int *seen, const float *p, const uint16_t *v, int dp, int at, int lo, int hi,
	const uint16_t *next)
{
	vf a[ATT_MOST][ATT_VECS];
	UNROLL for (int r = 0; r < R; r++)
		UNROLL for (int i = 0; i < V; i++)
			a[r][i] = v_zero();
	for (int j = lo; j < hi; j++) {
		vf x[ATT_VECS];
		if (at == 0)
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
 * The next page's keys are at next. */
FN void pv(int R, int V, float *o, const float *alpha, const int *seen, const float *p, const uint16_t *v, int dp, int lo, int hi,
	const uint16_t *next)
{
	int at = 0;
	for (; at + V * W <= dp; at += V * W)
		pv_part(R, V, o, alpha, seen, p, v, dp, at, lo, hi, next);
	for (; V > 1 && at < dp; at += W)
		pv_part(R, 1, o, alpha, seen, p, v, dp, at, lo, hi, next);
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

/* The rows of a task as a page sees them: the visible keys lo ≤ j < hi of each, and whether there are any. */
struct att_rows {
	float top[ATT_MOST], sum[ATT_MOST]; /* the maximum so far, and the sum */
	float alpha[(ATT_MOST + W - 1) / W * W]; /* by which the output so far is to be multiplied */
	int lo[ATT_MOST], hi[ATT_MOST], seen[ATT_MOST];
};

/* A page of the softmax of R rows: s[R, 64] becomes p[R, 64], zeros where a row sees nothing of it. The alphas are made together. */
FN void softmax(int R, float *s, float softcap, struct att_rows *a)
{
	for (int r = 0; r < R; r++) {
		const float most = a->seen[r] ? page_top(s + r * PAGE, a->lo[r], a->hi[r], softcap, a->top[r]) : a->top[r];
		a->alpha[r] = a->seen[r] ? a->top[r] - most : 0;
		a->top[r] = most;
	}
	for (int r = 0; r < R; r += W)
		v_store(a->alpha + r, v_exp(v_load(a->alpha + r)));
	for (int r = 0; r < R; r++)
		if (a->seen[r])
			a->sum[r] = __builtin_fmaf(a->sum[r], a->alpha[r], page_weights(s + r * PAGE, a->lo[r], a->hi[r], a->top[r]));
		else
			memset(s + r * PAGE, 0, PAGE * 4);
}

/* out[R, d] of rows first … first+R-1 of a task, V vectors at a time. */
FN void attend_rows(int R, int V, const struct eng_attend *a, int first)
{
	const int d = a->d, dp = a->dp;
	float *s = a->scratch, *o = s + R * PAGE, *all = o + R * dp;
	struct att_rows rows;
	const float *const *q = a->q + first;
	const int32_t *from = a->from + first, *to = a->to + first;
	int begin = from[0], end = to[0];
	for (int r = 0; r < R; r++) {
		const float *own = q[r];
		for (int e = 0; e < d && R > ATT_ROWS; e++)
			all[e * R + r] = own[e];
		rows.top[r] = -__builtin_inff();
		rows.sum[r] = 0;
		begin = from[r] < begin ? from[r] : begin;
		end = to[r] > end ? to[r] : end;
	}
	memset(rows.alpha, 0, sizeof rows.alpha);
	memset(o, 0, (size_t)(R * dp) * 4);
	for (int page = begin / PAGE; page <= end / PAGE; page++) {
		const int base = page * PAGE;
		const int low = begin > base ? begin - base : 0, high = end - base + 1 < PAGE ? end - base + 1 : PAGE;
		const uint16_t *k = a->page[page] + a->at, *v = k + d * PAGE;
		qk(R, V, s, q, all, k, d, high);
		for (int r = 0; r < R; r++) {
			rows.lo[r] = from[r] > base ? from[r] - base : 0;
			rows.hi[r] = to[r] - base + 1 < PAGE ? to[r] - base + 1 : PAGE;
			rows.seen[r] = rows.lo[r] < rows.hi[r];
		}
		softmax(R, s, a->cap, &rows);
		const uint16_t *next = a->page[page < end / PAGE ? page + 1 : page] + a->at;
		pv(R, V, o, rows.alpha, rows.seen, s, v, dp, low, high, next);
	}
	for (int r = 0; r < R; r++) {
		float f = 1.0f / rows.sum[r], *out = a->out[first + r];
		for (int e = 0; e < d; e++)
			out[e] = o[r * dp + e] * f;
	}
}

/* out[rows, d] of a task. */
static void attend(const struct eng_attend *a)
{
	int r = 0;
	for (; r + ATT_MOST <= a->rows; r += ATT_MOST)
		attend_rows(ATT_MOST, ATT_MOST > ATT_ROWS ? 1 : ATT_VECS, a, r);
	for (; ATT_MOST > ATT_ROWS && r + ATT_ROWS <= a->rows; r += ATT_ROWS)
		attend_rows(ATT_ROWS, ATT_VECS, a, r);
	for (; ATT_ROWS > 4 && r + 4 <= a->rows; r += 4)
		attend_rows(4, ATT_VECS, a, r);
	for (; ATT_ROWS > 3 && r + 3 <= a->rows; r += 3)
		attend_rows(3, ATT_VECS, a, r);
	for (; r < a->rows; r++)
		attend_rows(1, ATT_VECS, a, r);
}
