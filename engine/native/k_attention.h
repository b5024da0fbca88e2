/* k_attention.h - the turn of queries and keys, and attention over pages, a lane a key for scores and an element for values.
 *
 * The reference is ../arith/attention.go. Up to ATT_ROWS query rows that share a key head go together over the pages, ascending;
 * for each page: scores of 64 keys, their maximum, exp, the sum of p by fold16, and o = fma(o, α, Σ p·v).
 */

FN void turn(float *x, const float *rope, int rot, int halves)
{
	const int half = rot / 2;
	for (int i = 0; i < half; i++) {
		float c = rope[2 * i], s = rope[2 * i + 1];
		float *pa = halves ? x + i : x + 2 * i, *pb = halves ? x + i + half : x + 2 * i + 1;
		float a = *pa, b = *pb, bs = b * s, bc = b * c;
		*pa = __builtin_fmaf(a, c, -bs);
		*pb = __builtin_fmaf(a, s, bc);
	}
}

static int place(const struct eng_place *p)
{
	const int d = p->d, dp = (int)eng_round((size_t)d, GROUP);
	for (int h = 0; h < p->heads; h++) {
		float *q = p->q + h * d;
		if (p->q_norm)
			norm(q, q, p->q_norm, d, p->eps);
		turn(q, p->rope, p->rot, p->halves);
		for (int e = 0; e < d; e++)
			q[e] = q[e] * p->query_scale;
	}
	if (p->k_norm)
		norm(p->k, p->k, p->k_norm, d, p->eps);
	turn(p->k, p->rope, p->rot, p->halves);
	uint32_t worst = 0;
	for (int e = 0; e < d; e++) {
		uint32_t k = (uint32_t)v_narrow1(p->k[e]), v = (uint32_t)v_narrow1(p->v[e]);
		uint32_t kx = k & 0x7c00, vx = v & 0x7c00;
		worst = kx > worst ? kx : worst;
		worst = vx > worst ? vx : worst;
		p->page_k[e * PAGE] = kx == 0x7c00 ? 0 : (uint16_t)k;
		p->page_v[e] = vx == 0x7c00 ? 0 : (uint16_t)v;
	}
	for (int e = d; e < dp; e++)
		p->page_v[e] = 0;
	return worst != 0x7c00;
}

/* s[r][64] = q_r·k for the keys below hi of a page k [d][64] */
FN void scores(int R, float *s, const float *const *q, const uint16_t *k, int d, int hi)
{
	for (int at = 0; at < hi; at += ATT_VECS * W) {
		vf a[ATT_ROWS][ATT_VECS];
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < ATT_VECS; i++)
				a[r][i] = v_zero();
		for (int e = 0; e < d; e++) {
			vf x[ATT_VECS];
			UNROLL for (int i = 0; i < ATT_VECS; i++)
				x[i] = v_widen(k + e * PAGE + at + i * W);
			UNROLL for (int r = 0; r < R; r++) {
				vf y = v_set1(q[r][e]);
				UNROLL for (int i = 0; i < ATT_VECS; i++)
					a[r][i] = v_fma(y, x[i], a[r][i]);
			}
		}
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < ATT_VECS; i++)
				v_store(s + r * PAGE + at + i * W, a[r][i]);
	}
}

/* o[r] = fma(o[r], alpha[r], Σ p[r][j]·v[j]) for lo ≤ j < hi, in the rows that see the page */
FN void mix(int R, float *o, const float *alpha, const int *seen, const float *p, const uint16_t *v, int dp, int lo, int hi)
{
	for (int at = 0; at < dp; at += ATT_VECS * W) {
		const int vecs = dp - at < ATT_VECS * W ? (dp - at) / W : ATT_VECS;
		vf a[ATT_ROWS][ATT_VECS];
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < ATT_VECS; i++)
				a[r][i] = v_zero();
		if (vecs == ATT_VECS) {
			for (int j = lo; j < hi; j++) {
				vf x[ATT_VECS];
				UNROLL for (int i = 0; i < ATT_VECS; i++)
					x[i] = v_widen(v + j * dp + at + i * W);
				UNROLL for (int r = 0; r < R; r++) {
					vf y = v_set1(p[r * PAGE + j]);
					UNROLL for (int i = 0; i < ATT_VECS; i++)
						a[r][i] = v_fma(y, x[i], a[r][i]);
				}
			}
		} else {
			for (int j = lo; j < hi; j++)
				UNROLL for (int i = 0; i < ATT_VECS; i++)
					if (i < vecs)
						UNROLL for (int r = 0; r < R; r++)
							a[r][i] = v_fma(v_set1(p[r * PAGE + j]), v_widen(v + j * dp + at + i * W), a[r][i]);
		}
		UNROLL for (int r = 0; r < R; r++)
			UNROLL for (int i = 0; i < ATT_VECS; i++)
				if (i < vecs && seen[r]) {
					float *to = o + r * dp + at + i * W;
					v_store(to, v_fma(v_load(to), v_set1(alpha[r]), a[r][i]));
				}
	}
}

/* The step from scores to weights of one row: s becomes p; keys lo ≤ j < hi are visible. */
FN float weigh(float *s, int lo, int hi, float softcap, float *top, float *sum)
{
	vf x[PAGE / W], m = v_set1(*top);
	vi low = vi_set1(lo), high = vi_set1(hi);
	for (int i = 0; i < PAGE / W; i++) {
		vi j = vi_add(vi_iota(), vi_set1(i * W));
		vf y = v_load(s + i * W);
		if (softcap != 0)
			y = v_cap(y, v_set1(softcap));
		/* only visible ones count in the maximum; the rest become +0 below */
		x[i] = y;
		y = vi_lt(j, high, vi_lt(j, low, m, y), m);
		m = v_max(m, y);
	}
	float most = v_hmax(m);
	float alpha_in[W] = {0}, alpha[W];
	alpha_in[0] = *top - most;
	v_store(alpha, v_exp(v_load(alpha_in)));
	vf fold[GROUP / W];
	for (int i = 0; i < PAGE / W; i++) {
		vi j = vi_add(vi_iota(), vi_set1(i * W));
		vf y = v_exp(v_sub(x[i], v_set1(most)));
		y = vi_lt(j, high, vi_lt(j, low, v_zero(), y), v_zero());
		v_store(s + i * W, y);
		x[i] = y;
	}
	for (int l = 0; l < GROUP / W; l++) {
		fold[l] = v_add(v_zero(), x[l]);
		for (int i = GROUP / W; i < PAGE / W; i += GROUP / W)
			fold[l] = v_add(fold[l], x[i + l]);
	}
	float total = 0.0f + v_fold16(fold);
	*sum = __builtin_fmaf(*sum, alpha[0], total);
	*top = most;
	return alpha[0];
}

FN void attend_rows(int R, const struct eng_attend *a, int first)
{
	const int d = a->d, dp = a->dp;
	float *s = a->scratch, *o = s + R * PAGE;
	float top[ATT_ROWS], sum[ATT_ROWS], alpha[ATT_ROWS];
	int seen[ATT_ROWS];
	const float *const *q = a->q + first;
	const int32_t *from = a->from + first, *to = a->to + first;
	int begin = from[0], end = to[0];
	for (int r = 0; r < R; r++) {
		top[r] = -__builtin_inff();
		sum[r] = 0;
		begin = from[r] < begin ? from[r] : begin;
		end = to[r] > end ? to[r] : end;
	}
	memset(o, 0, (size_t)(R * dp) * 4);
	for (int page = begin / PAGE; page <= end / PAGE; page++) {
		const int base = page * PAGE;
		const int low = begin > base ? begin - base : 0, high = end - base + 1 < PAGE ? end - base + 1 : PAGE;
		const uint16_t *k = a->page[page] + a->at, *v = k + d * PAGE;
		scores(R, s, q, k, d, high);
		for (int r = 0; r < R; r++) {
			int lo = from[r] > base ? from[r] - base : 0, hi = to[r] - base + 1 < PAGE ? to[r] - base + 1 : PAGE;
			seen[r] = lo < hi;
			alpha[r] = 1;
			if (seen[r])
				alpha[r] = weigh(s + r * PAGE, lo, hi, a->cap, &top[r], &sum[r]);
			else
				memset(s + r * PAGE, 0, PAGE * 4);
		}
		mix(R, o, alpha, seen, s, v, dp, low, high);
	}
	for (int r = 0; r < R; r++) {
		float f = 1.0f / sum[r], *out = a->out[first + r];
		for (int e = 0; e < d; e++)
			out[e] = o[r * dp + e] * f;
	}
}

static void attend(const struct eng_attend *a)
{
	int r = 0;
	for (; r + ATT_ROWS <= a->rows; r += ATT_ROWS)
		attend_rows(ATT_ROWS, a, r);
	for (; ATT_ROWS > 3 && r + 3 <= a->rows; r += 3)
		attend_rows(3, a, r);
	for (; r < a->rows; r++)
		attend_rows(1, a, r);
}
