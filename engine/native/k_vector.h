/* k_vector.h - kernels on vectors of floats: norm, quantisation of activations, gate, what else a step has between its products. */

/* Σ x[i]² of x[n]: ../arith/SPEC.md section 2, by fold16 in chunks of 256. */
static float sum_squares(const float *x, int n)
{
	float total = 0;
	for (int at = 0; at < n; at += 256) {
		int end = n - at < 256 ? n : at + 256, i = at;
		vf s[GROUP / W];
		UNROLL for (int l = 0; l < GROUP / W; l++)
			s[l] = v_zero();
		for (; i + GROUP <= end; i += GROUP)
			UNROLL for (int l = 0; l < GROUP / W; l++) {
				vf v = v_load(x + i + l * W);
				s[l] = v_fma(v, v, s[l]);
			}
		if (i < end) { /* zeros change no sum from +0 */
			float tail[GROUP] = {0};
			memcpy(tail, x + i, (size_t)(end - i) * 4);
			UNROLL for (int l = 0; l < GROUP / W; l++) {
				vf v = v_load(tail + l * W);
				s[l] = v_fma(v, v, s[l]);
			}
		}
		total = total + v_fold16(s);
	}
	return total;
}

/* RMSNorm: y[n] = (x[n] · 1 ÷ √(Σ x² ÷ n + eps)) · w[n], SPEC.md section 5. y may be x. */
static void norm(float *y, const float *x, const float *w, int n, float eps)
{
	float m = sum_squares(x, n) / (float)n + eps, r = 1.0f / __builtin_sqrtf(m);
	int i = 0;
	for (; i + W <= n; i += W)
		v_store(y + i, v_mul(v_mul(v_load(x + i), v_set1(r)), v_load(w + i)));
	for (; i < n; i++) {
		float z = x[i] * r;
		y[i] = z * w[i];
	}
}

/* Where the numbers of a slot are in a block of a tile of so many slots. */
struct place {
	int8_t *q;
	float *dx, *tx;
	int32_t *nt, *nt2;
};

FN struct place place_of(struct eng_block *b, int slots, int slot)
{
	if (slots == SLOTS)
		return (struct place){b->q[slot], &b->dx[slot], &b->tx[slot], &b->nt[slot], &b->nt2[slot]};
	struct eng_wide_block *w = (struct eng_wide_block *)(void *)b;
	return (struct place){w->q[slot], &w->dx[slot], &w->tx[slot], &w->nt[slot], &w->nt2[slot]};
}

/* Activations of a block: x[32], in BLOCK/W vectors, to q[32], dx and tx of a token's slot, SPEC.md section 3; and nt, minus Σ q. */
FN void quantize_block(struct place to, const vf x[BLOCK / W])
{
	vi big = v_bits(v_abs(x[0]));
	UNROLL for (int i = 1; i < BLOCK / W; i++)
		big = vi_max(big, v_bits(v_abs(x[i])));
	union { int32_t i; float f; } a = {.i = vi_hmax(big)};
	if (a.i < 0x0d800000 || a.i >= 0x7f800000) { /* below 2^-100, or not finite */
		memset(to.q, 0, BLOCK);
		*to.nt = *to.nt2 = 0;
		a.i = a.i < 0x0d800000 ? 0 : 0x7fc00000;
		*to.dx = *to.tx = a.f;
		return;
	}
	vf id = v_set1(127.0f / a.f);
	vi lo = vi_set1(0), hi = vi_set1(0);
	UNROLL for (int i = 0; i < BLOCK / W; i++) {
		vi q = v_rne(v_mul(x[i], id));
		vi_store8(to.q + i * W, q);
		if (i < 16 / W)
			lo = vi_add(lo, q);
		else
			hi = vi_add(hi, q);
	}
	int32_t t2 = vi_hadd(hi), t = vi_hadd(lo) + t2;
	float dx = a.f * 0x1.020408p-7f;
	*to.nt = -t;
	*to.nt2 = -t2;
	*to.dx = dx;
	*to.tx = (float)t * dx;
}

/* The same of a row: x[blocks, 32] to the slot in blocks b. */
static void quantize(struct eng_block *b, int slots, int slot, const float *x, int blocks)
{
	for (int i = 0; i < blocks; i++, b += slots / SLOTS, x += BLOCK) {
		vf v[BLOCK / W];
		UNROLL for (int j = 0; j < BLOCK / W; j++)
			v[j] = v_load(x + j * W);
		quantize_block(place_of(b, slots, slot), v);
	}
}

/* act(g) · u, quantised: g, u[n, 32] to slots 0 … n-1 of block b; act is GELU or SiLU. Step 7 of SPEC.md section 5. */
static void gate(struct eng_block *b, int slots, int n, const float *g, const float *u, int gelu)
{
	for (int t = 0; t < n; t++, g += BLOCK, u += BLOCK) {
		vf v[BLOCK / W];
		if (gelu)
			UNROLL for (int j = 0; j < BLOCK / W; j++)
				v[j] = v_mul(v_gelu(v_load(g + j * W)), v_load(u + j * W));
		else
			UNROLL for (int j = 0; j < BLOCK / W; j++)
				v[j] = v_mul(v_silu(v_load(g + j * W)), v_load(u + j * W));
		quantize_block(place_of(b, slots, t), v);
	}
}

/* x[n] = x[n] + y[n] */
static void add(float *x, const float *y, int n)
{
	int i = 0;
	for (; i + W <= n; i += W)
		v_store(x + i, v_add(v_load(x + i), v_load(y + i)));
	for (; i < n; i++)
		x[i] = x[i] + y[i];
}

static void function(int kind, int n, const float *x, const float *y, float *out);

/* x[n] = soft cap c of x[n], SPEC.md section 4. */
static void cap(float *x, int n, float c) { function(3, n, x, &c, x); }

/* For any n; kinds of eng_test_function. */
static void function(int kind, int n, const float *x, const float *y, float *out)
{
	for (int i = 0; i < n; i += W) {
		float a[W] = {0}, b[W] = {0};
		size_t size = (size_t)(n - i < W ? n - i : W) * 4;
		memcpy(a, x + i, size);
		if (kind == 1 || kind == 2)
			memcpy(b, y + i, size);
		vf v = v_load(a);
		switch (kind) {
		case 0: v = v_exp(v); break;
		case 1: v = v_mul(v_silu(v), v_load(b)); break;
		case 2: v = v_mul(v_gelu(v), v_load(b)); break;
		default: v = v_cap(v, v_set1(y[0])); break;
		}
		v_store(a, v);
		memcpy(out + i, a, size);
	}
}

/* The largest of n numbers; bits learns of the largest without a sign, as an integer, so of those that are not finite. */
FN float top_of(const float *x, int n, int32_t *bits)
{
	vf top = v_set1(-__builtin_inff());
	vi big = vi_set1(*bits);
	int i = 0;
	for (; i + W <= n; i += W) {
		vf v = v_load(x + i);
		top = v_max(v, top);
		big = vi_max(big, v_bits(v_abs(v)));
	}
	float m = v_hmax(top);
	*bits = vi_hmax(big);
	for (; i < n; i++) {
		union { float f; int32_t i; } u = {.f = x[i]};
		m = x[i] > m ? x[i] : m;
		*bits = (u.i & INT32_MAX) > *bits ? (u.i & INT32_MAX) : *bits;
	}
	return m;
}

enum { SEARCH = 1024 }; /* numbers among which the largest is looked for one by one */

/* The index of the largest of x[n], the lowest on a tie, or -1 where one is not finite: the greedy choice of SPEC.md section 6. */
static int32_t argmax(const float *x, int n)
{
	float m = -__builtin_inff();
	int32_t bits = 0;
	int at = 0;
	for (int i = 0; i < n; i += SEARCH) {
		const float top = top_of(x + i, eng_least(SEARCH, n - i), &bits);
		if (top > m) {
			m = top;
			at = i;
		}
	}
	if (bits >= 0x7f800000)
		return -1;
	while (x[at] != m)
		at++;
	return at;
}

/* Adds up n bytes, a multiple of 1,024: what bench.c measures beside the kernels, reading alone. */
static uint32_t read_bytes(const uint8_t *p, size_t n)
{
	vi sum[8];
	UNROLL for (int i = 0; i < 8; i++)
		sum[i] = vi_set1(0);
	for (const uint8_t *end = p + n; p < end; p += 8 * sizeof(vi))
		UNROLL for (int i = 0; i < 8; i++)
			sum[i] = vi_add(sum[i], vi_load((const int32_t *)(const void *)(p + (size_t)i * sizeof(vi))));
	vi all = sum[0];
	UNROLL for (int i = 1; i < 8; i++)
		all = vi_add(all, sum[i]);
	return (uint32_t)vi_hadd(all);
}
