/* k_linear.h - linear layers: sixteen rows of weights by up to TILE tokens, a lane a row.
 *
 *     for each chunk of eight blocks:  A = 0;  for each block:  A = fma(float(s), dw*dx, A), and A = fma(mw, tx, A) where there is mw
 *                                      total = total + A
 *
 * The reference is plainRow of ../arith/format.go. Weights of a block are unpacked once for the tokens of a tile, which keep
 * their sums in registers; a token's four bytes are broadcast from memory.
 */

/* Bytes of a block of sixteen rows. */
FN int lines_of(int type) { return type == ENG_Q4_0 || type == ENG_Q4_1 ? 4 : 8; }
FN int scales_of(int type) { return type == ENG_Q4_1 ? 64 : 32; }

/* The weights of W rows as eight vectors of bytes; p is the block's, moved by 4 bytes a row. */
FN void unpack(int type, const uint8_t *p, vb w[8])
{
	if (type == ENG_Q8_0) {
		UNROLL for (int j = 0; j < 8; j++) {
			w[j] = vb_load(p + 64 * j);
			if (SIMD_S8)
				w[j] = vb_sign(w[j]);
		}
		return;
	}
	UNROLL for (int j = 0; j < 4; j++) {
		vb v = vb_load(p + 64 * j);
		w[j] = vb_low(v);
		w[j + 4] = vb_high(v);
	}
}

/* The exact dot product of a block: stored weights are w plus 8 or 128. */
FN vi dot(int type, const vb w[8], const int8_t *q, const int32_t *nt)
{
	if (type == ENG_Q8_0)
		return v_dot_u8(w, q, SIMD_S8 ? vi_set1(0) : vi_shl(vi_set1(*nt), 7));
	vi s = v_dot_u5(w, q);
	return type == ENG_Q4_0 ? vi_add(s, vi_shl(vi_set1(*nt), 3)) : s;
}

/* W rows (sub of a group) by tokens slot … slot+T-1 of tile a. */
FN void tile(int type, int T, const uint8_t *q, const uint8_t *s, int blocks, const struct eng_block *a, int slot,
	float *out, size_t stride, const float *bias, int mode)
{
	const int lines = 64 * lines_of(type), scales = scales_of(type);
	vf total[TILE], sum[TILE];
	UNROLL for (int t = 0; t < T; t++)
		total[t] = v_zero();
	for (int b = 0; b < blocks;) {
		int end = blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS;
		UNROLL for (int t = 0; t < T; t++)
			sum[t] = v_zero();
		for (; b < end; b++, q += lines, s += scales, a++) {
			vb w[8];
			unpack(type, q, w);
			vf d = v_widen((const uint16_t *)(const void *)s), m = v_zero();
			if (type == ENG_Q4_1)
				m = v_widen((const uint16_t *)(const void *)(s + 32));
			UNROLL for (int t = 0; t < T; t++) {
				vi i = dot(type, w, a->q[slot + t], &a->nt[slot + t]);
				sum[t] = v_fma(v_cvt(i), v_mul(d, v_set1(a->dx[slot + t])), sum[t]);
				if (type == ENG_Q4_1)
					sum[t] = v_fma(m, v_set1(a->tx[slot + t]), sum[t]);
			}
		}
		UNROLL for (int t = 0; t < T; t++)
			total[t] = v_add(total[t], sum[t]);
	}
	UNROLL for (int t = 0; t < T; t++) {
		if (bias)
			total[t] = v_add(total[t], v_load(bias));
		if (mode == ADD)
			total[t] = v_add(v_load(out + (size_t)t * stride), total[t]);
		v_store(out + (size_t)t * stride, total[t]);
	}
}

/* A group by n tokens. */
FN void group_of(int type, const struct eng_matrix *m, int group, const struct eng_block *a, int n, float *out, size_t stride, int mode)
{
	const size_t row = (size_t)group * (size_t)m->blocks;
	const uint8_t *q = m->q + row * (size_t)(64 * lines_of(type)), *s = m->s + row * (size_t)scales_of(type);
	const float *bias = m->bias ? m->bias + GROUP * group : NULL;
	for (int sub = 0; sub < GROUP; sub += W) {
		const float *bs = bias ? bias + sub : NULL;
		const uint8_t *qs = q + 4 * sub, *ss = s + 2 * sub;
		int t = 0;
		for (; t + TILE <= n; t += TILE)
			tile(type, TILE, qs, ss, m->blocks, a + (size_t)(t / SLOTS) * (size_t)m->blocks, t % SLOTS, out + (size_t)t * stride + sub, stride, bs, mode);
		for (int T = TILE / 2; T > 0; T /= 2) {
			if (t + T > n)
				continue;
			const struct eng_block *at = a + (size_t)(t / SLOTS) * (size_t)m->blocks;
			float *to = out + (size_t)t * stride + sub;
			switch (T) {
			case 4: tile(type, TILE < 4 ? TILE : 4, qs, ss, m->blocks, at, t % SLOTS, to, stride, bs, mode); break;
			case 2: tile(type, 2, qs, ss, m->blocks, at, t % SLOTS, to, stride, bs, mode); break;
			default: tile(type, 1, qs, ss, m->blocks, at, t % SLOTS, to, stride, bs, mode);
			}
			t += T;
		}
	}
}

static void linear_q40(const struct eng_matrix *m, int g, const struct eng_block *a, int n, float *out, size_t stride, int mode)
{
	group_of(ENG_Q4_0, m, g, a, n, out, stride, mode);
}
static void linear_q41(const struct eng_matrix *m, int g, const struct eng_block *a, int n, float *out, size_t stride, int mode)
{
	group_of(ENG_Q4_1, m, g, a, n, out, stride, mode);
}
static void linear_q80(const struct eng_matrix *m, int g, const struct eng_block *a, int n, float *out, size_t stride, int mode)
{
	group_of(ENG_Q8_0, m, g, a, n, out, stride, mode);
}

static void linear(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride, int mode)
{
	for (int g = 0; g < groups; g++, out += GROUP)
		switch (m->type) {
		case ENG_Q4_0: linear_q40(m, group + g, a, n, out, stride, mode); break;
		case ENG_Q4_1: linear_q41(m, group + g, a, n, out, stride, mode); break;
		default: linear_q80(m, group + g, a, n, out, stride, mode);
		}
}

/* Products of a scale and an integer weight are exact, so the minimum may be added in a fused step. */
static void embed(const struct eng_matrix *m, int row, float scale, float *out)
{
	const int lines = 64 * lines_of(m->type), scales = scales_of(m->type), r = row % GROUP;
	const size_t at = (size_t)(row / GROUP) * (size_t)m->blocks;
	const uint8_t *q = m->q + at * (size_t)lines + 4 * r, *s = m->s + at * (size_t)scales + 2 * r;
	for (int b = 0; b < m->blocks; b++, q += lines, s += scales, out += BLOCK) {
		float d = v_widen1(*(const uint16_t *)(const void *)s), min = 0;
		if (m->type == ENG_Q4_1)
			min = v_widen1(*(const uint16_t *)(const void *)(s + 32));
		for (int i = 0; i < BLOCK; i++) {
			int w;
			if (m->type == ENG_Q8_0)
				w = q[64 * (i / 4) + i % 4] - 128;
			else
				w = (q[64 * (i / 4 % 4) + i % 4] >> (i / 16 * 4) & 15) - (m->type == ENG_Q4_0 ? 8 : 0);
			float y = (float)w * d;
			if (m->type == ENG_Q4_1)
				y = y + min;
			out[i] = scale != 0 ? y * scale : y;
		}
	}
}
