/* k_linear.h - linear layers: sixteen rows of weights by up to TILE tokens, a lane a row.
 *
 *     for each chunk of eight blocks:  A = 0;  for each block:  A = fma(float(s), dw*dx, A), and A = fma(mw, tx, A) where there is mw
 *                                      total = total + A
 *
 * The reference is plainRow of ../arith/format.go. Weights of a block are unpacked once for the tokens of a tile, which keep
 * their sums in registers; a token's four bytes are broadcast from memory.
 */

/* What is known of a type when it is compiled. Five-bit weights are nibbles and a line of fifth bits. */
FN int is_four(int type) { return type == ENG_Q4_0 || type == ENG_Q4_1 || type == ENG_Q4_K; }
FN int is_five(int type) { return type == ENG_Q5_0 || type == ENG_Q5_1 || type == ENG_Q5_K; }
FN int lines_of(int type) { return is_four(type) ? 4 : is_five(type) ? 5 : 8; }
FN int has_min(int type) { return type == ENG_Q4_1 || type == ENG_Q5_1 || type == ENG_Q4_K || type == ENG_Q5_K; }
FN int has_halves(int type) { return type == ENG_Q6_K; }
FN int is_wide(int type) { return type == ENG_Q4_K || type == ENG_Q5_K || type == ENG_Q6_K; } /* scales are binary32 */
FN int scales_of(int type) { return (is_wide(type) ? 64 : 32) * (has_min(type) || has_halves(type) ? 2 : 1); }

/* The weights of rows sub … sub+W-1 of the block at p as eight vectors of bytes. */
FN void unpack(int type, const uint8_t *p, int sub, vb w[8])
{
	if (!is_four(type) && !is_five(type)) {
		UNROLL for (int j = 0; j < 8; j++) {
			w[j] = vb_load(p + 64 * j + 4 * sub);
			if (SIMD_S8)
				w[j] = vb_sign(w[j]);
		}
		return;
	}
	UNROLL for (int j = 0; j < 4; j++) {
		vb v = vb_load(p + 64 * j + 4 * sub);
		w[j] = vb_low(v);
		w[j + 4] = vb_high(v);
	}
	if (is_five(type))
		UNROLL for (int j = 0; j < 8; j++)
			w[j] = vb_or(w[j], vb_fifth(p + 256 + 8 * j, sub));
}

FN vf scale_of(int type, const uint8_t *s, int sub, int second)
{
	if (is_wide(type))
		return v_load((const float *)(const void *)(s + 64 * second) + sub);
	return v_widen((const uint16_t *)(const void *)(s + 32 * second) + sub);
}

/* The exact dot product of a block. Bytes are the weight plus 128, five bits plus 16, four plus 8; with a minimum plus nothing. */
FN vi dot(int type, const vb w[8], const int8_t *q, const int32_t *nt)
{
	if (type == ENG_Q8_0)
		return v_dot_u8(w + 4, q + 16, v_dot_u8(w, q, SIMD_S8 ? vi_set1(0) : vi_shl(vi_set1(*nt), 7)));
	vi s = v_dot_u5(w, q);
	return has_min(type) ? s : vi_add(s, vi_shl(vi_set1(*nt), type == ENG_Q4_0 ? 3 : 4));
}

/* One block of one token: the running sum after it. d and m are the scales of the rows. */
FN vf step(int type, const vb w[8], vf d, vf m, const struct eng_block *a, int slot, vf sum)
{
	const int8_t *q = a->q[slot];
	vf dx = v_set1(a->dx[slot]);
	if (has_halves(type)) {
		vi first = SIMD_S8 ? vi_set1(0) : vi_shl(vi_set1(a->nt[slot] - a->nt2[slot]), 7);
		vi last = SIMD_S8 ? vi_set1(0) : vi_shl(vi_set1(a->nt2[slot]), 7);
		sum = v_fma(v_cvt(v_dot_u8(w, q, first)), v_mul(d, dx), sum);
		return v_fma(v_cvt(v_dot_u8(w + 4, q + 16, last)), v_mul(m, dx), sum);
	}
	sum = v_fma(v_cvt(dot(type, w, q, &a->nt[slot])), v_mul(d, dx), sum);
	return has_min(type) ? v_fma(m, v_set1(a->tx[slot]), sum) : sum;
}

/* W rows (sub of a group) by tokens slot … slot+T-1 of tile a. */
FN void tile(int type, int T, const uint8_t *q, const uint8_t *s, int sub, int blocks, const struct eng_block *a, int slot,
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
			unpack(type, q, sub, w);
			vf d = scale_of(type, s, sub, 0), m = v_zero();
			if (has_min(type) || has_halves(type))
				m = scale_of(type, s, sub, 1);
			UNROLL for (int t = 0; t < T; t++)
				sum[t] = step(type, w, d, m, a, slot + t, sum[t]);
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
		int t = 0;
		for (; t + TILE <= n; t += TILE)
			tile(type, TILE, q, s, sub, m->blocks, a + (size_t)(t / SLOTS) * (size_t)m->blocks, t % SLOTS, out + (size_t)t * stride + sub, stride, bs, mode);
		for (int T = TILE / 2; T > 0; T /= 2) {
			if (t + T > n)
				continue;
			const struct eng_block *at = a + (size_t)(t / SLOTS) * (size_t)m->blocks;
			float *to = out + (size_t)t * stride + sub;
			switch (T) {
			case 4: tile(type, TILE < 4 ? TILE : 4, q, s, sub, m->blocks, at, t % SLOTS, to, stride, bs, mode); break;
			case 2: tile(type, 2, q, s, sub, m->blocks, at, t % SLOTS, to, stride, bs, mode); break;
			default: tile(type, 1, q, s, sub, m->blocks, at, t % SLOTS, to, stride, bs, mode);
			}
			t += T;
		}
	}
}

#define LINEAR(name, type)                                                                                                          \
	static void linear_##name(const struct eng_matrix *m, int g, const struct eng_block *a, int n, float *out, size_t stride, int mode) \
	{                                                                                                                           \
		group_of(type, m, g, a, n, out, stride, mode);                                                                      \
	}
LINEAR(q40, ENG_Q4_0)
LINEAR(q41, ENG_Q4_1)
LINEAR(q50, ENG_Q5_0)
LINEAR(q51, ENG_Q5_1)
LINEAR(q80, ENG_Q8_0)
LINEAR(q4k, ENG_Q4_K)
LINEAR(q5k, ENG_Q5_K)
LINEAR(q6k, ENG_Q6_K)
#undef LINEAR

static void linear(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride, int mode)
{
	for (int g = group; g < group + groups; g++, out += GROUP)
		switch (m->type) {
		case ENG_Q4_0: linear_q40(m, g, a, n, out, stride, mode); break;
		case ENG_Q4_1: linear_q41(m, g, a, n, out, stride, mode); break;
		case ENG_Q5_0: linear_q50(m, g, a, n, out, stride, mode); break;
		case ENG_Q5_1: linear_q51(m, g, a, n, out, stride, mode); break;
		case ENG_Q4_K: linear_q4k(m, g, a, n, out, stride, mode); break;
		case ENG_Q5_K: linear_q5k(m, g, a, n, out, stride, mode); break;
		case ENG_Q6_K: linear_q6k(m, g, a, n, out, stride, mode); break;
		default: linear_q80(m, g, a, n, out, stride, mode);
		}
}

FN float scale1(int type, const uint8_t *s, int r, int second)
{
	if (is_wide(type)) {
		float f;
		memcpy(&f, s + 64 * second + 4 * r, 4);
		return f;
	}
	uint16_t h;
	memcpy(&h, s + 32 * second + 2 * r, 2);
	return v_widen1(h);
}

/* Weight i of row r of the block at q, as it is kept. */
FN int weight1(int type, const uint8_t *q, int r, int i)
{
	if (!is_four(type) && !is_five(type))
		return q[64 * (i / 4) + 4 * r + i % 4];
	int w = q[64 * (i / 4 % 4) + 4 * r + i % 4] >> (i / 16 * 4) & 15;
	return is_five(type) ? w + ((q[256 + 8 * (i / 4) + r / 2] >> (r % 2 * 4 + i % 4) & 1) << 4) : w;
}

/* w·d, or w·d + m. The products are exact. */
static void embed(const struct eng_matrix *m, int row, float scale, float *out)
{
	const int type = m->type, lines = 64 * lines_of(type), scales = scales_of(type), r = row % GROUP;
	const int offset = has_min(type) ? 0 : is_four(type) ? 8 : is_five(type) ? 16 : 128;
	const size_t at = (size_t)(row / GROUP) * (size_t)m->blocks;
	const uint8_t *q = m->q + at * (size_t)lines, *s = m->s + at * (size_t)scales;
	for (int b = 0; b < m->blocks; b++, q += lines, s += scales, out += BLOCK) {
		float d = scale1(type, s, r, 0), second = has_min(type) || has_halves(type) ? scale1(type, s, r, 1) : 0;
		for (int i = 0; i < BLOCK; i++) {
			float y = (float)(weight1(type, q, r, i) - offset) * (has_halves(type) && i >= 16 ? second : d);
			if (has_min(type))
				y = y + second;
			out[i] = scale != 0 ? y * scale : y;
		}
	}
}
