/* k_amx.h - linear layers on tiles: eight tokens by sixteen rows, 32 inputs a step. Included after k_linear.h, whose linear it
 * replaces for four tokens and more.
 *
 *     for each group of sixteen rows:  unpack all blocks to signed bytes, widen the scales
 *         for each eight tokens:  for each block:  C = A × B  (int32, exact);  for each token:  A = fma(float(C), dw*dx, A), …
 *
 * A is the tokens' bytes (a token a row), B the weights' dwords (four inputs of sixteen rows a row), so a row of C has a lane for
 * each weight row, and the float steps are those of k_linear.h. The tile of the next block is in the making while the lanes of
 * this one are summed. The configuration lies in static storage and is loaded by assembly: a compiler that believes fewer bytes
 * of it are read would drop the rest.
 */
enum { AMX_TOKENS = SLOTS, AMX_MIN = 4, AMX_BLOCKS = 1 << 12 };

/* Tiles: 0, 1 sums; 2, 3 tokens; 4, 5 weights; 6 tokens and 7 weights of half a block. */
struct amx_config {
	uint8_t palette, start, zero[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};
static const struct amx_config amx_config = {
	.palette = 1,
	.row_bytes = {64, 64, 32, 32, 64, 64, 16, 64},
	.rows = {8, 8, 8, 8, 8, 8, 8, 4},
};

/* A group's weights, ready for tiles. */
struct amx_group {
	int8_t *w;       /* [blocks][8][64] */
	float *d, *m;    /* [blocks][16] */
};

static void amx_unpack(int type, const struct eng_matrix *m, int group, const struct amx_group *g)
{
	const int offset = has_min(type) ? 0 : is_four(type) ? 8 : is_five(type) ? 16 : 128;
	const size_t at = (size_t)group * (size_t)m->blocks;
	const uint8_t *q = m->q + at * (size_t)(64 * lines_of(type)), *s = m->s + at * (size_t)scales_of(type);
	for (int b = 0; b < m->blocks; b++, q += 64 * lines_of(type), s += scales_of(type)) {
		for (int sub = 0; sub < GROUP; sub += W) {
			vb w[8];
			unpack(type, q, sub, w);
			UNROLL for (int j = 0; j < 8; j++)
				vb_store(g->w + (b * 8 + j) * 64 + 4 * sub, offset ? vb_minus(w[j], offset) : w[j]);
			v_store(g->d + b * GROUP + sub, scale_of(type, s, sub, 0));
			if (has_min(type) || has_halves(type))
				v_store(g->m + b * GROUP + sub, scale_of(type, s, sub, 1));
		}
	}
}

/* The dots of block b: C [8][16] into c, or of its halves into c and c + 128. */
FN void amx_dots(int type, const struct amx_group *g, const struct eng_block *a, int b, int32_t *c)
{
	const int8_t *w = g->w + b * 512;
	if (has_halves(type)) {
		UNROLL for (int h = 0; h < 2; h++) {
			tile_zero(0);
			tile_load(6, a[b].q[0] + 16 * h, BLOCK);
			tile_load(7, w + 256 * h, 64);
			tile_dot(0, 6, 7);
			tile_store(0, c + 128 * h, 64);
		}
		return;
	}
	tile_zero(0);
	tile_load(2, a[b].q[0], BLOCK);
	tile_load(4, w, 64);
	tile_dot(0, 2, 4);
	tile_store(0, c, 64);
}

/* Adds the dots c of block b to the sums of T tokens. */
FN void amx_sum(int type, int T, const struct amx_group *g, const struct eng_block *a, int b, const int32_t *c, int sub, vf sum[AMX_TOKENS])
{
	vf d = v_load(g->d + b * GROUP + sub), m = v_zero();
	if (has_min(type) || has_halves(type))
		m = v_load(g->m + b * GROUP + sub);
	UNROLL for (int t = 0; t < T; t++) {
		vf dx = v_set1(a[b].dx[t]);
		sum[t] = v_fma(v_cvt(vi_load(c + t * GROUP + sub)), v_mul(d, dx), sum[t]);
		if (has_halves(type))
			sum[t] = v_fma(v_cvt(vi_load(c + 128 + t * GROUP + sub)), v_mul(m, dx), sum[t]);
		if (has_min(type))
			sum[t] = v_fma(m, v_set1(a[b].tx[t]), sum[t]);
	}
}

/* A group by a tile of tokens, of which n are wanted. */
FN void amx_tile(int type, const struct amx_group *g, int blocks, const struct eng_block *a, int n, float *out, size_t stride,
	const float *bias, int mode)
{
	_Alignas(64) int32_t c[2][256];
	_Alignas(64) float total[AMX_TOKENS][GROUP];
	memset(total, 0, sizeof total);
	amx_dots(type, g, a, 0, c[0]);
	for (int b = 0; b < blocks;) {
		const int first = b, end = blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS;
		for (int sub = 0; sub < GROUP; sub += W) {
			vf sum[AMX_TOKENS];
			UNROLL for (int t = 0; t < AMX_TOKENS; t++)
				sum[t] = v_zero();
			for (b = first; b < end; b++) {
				if ((int)W < (int)GROUP) /* the dots of a chunk are made again for each part of the rows */
					amx_dots(type, g, a, b, c[b & 1]);
				else if (b + 1 < blocks)
					amx_dots(type, g, a, b + 1, c[(b + 1) & 1]);
				amx_sum(type, AMX_TOKENS, g, a, b, c[b & 1], sub, sum);
			}
			UNROLL for (int t = 0; t < AMX_TOKENS; t++)
				v_store(total[t] + sub, v_add(v_load(total[t] + sub), sum[t]));
		}
	}
	for (int t = 0; t < n; t++)
		for (int sub = 0; sub < GROUP; sub += W) {
			vf y = v_load(total[t] + sub);
			float *to = out + (size_t)t * stride + sub;
			if (bias)
				y = v_add(y, v_load(bias + sub));
			if (mode == ADD)
				y = v_add(v_load(to), y);
			v_store(to, y);
		}
}

FN void amx_rows(int type, const struct eng_matrix *m, int group, const struct amx_group *g, const struct eng_block *a, int n,
	float *out, size_t stride, int mode)
{
	const float *bias = m->bias ? m->bias + GROUP * group : NULL;
	amx_unpack(type, m, group, g);
	for (int t = 0; t < n; t += AMX_TOKENS)
		amx_tile(type, g, m->blocks, a + (size_t)(t / SLOTS) * (size_t)m->blocks, n - t < AMX_TOKENS ? n - t : AMX_TOKENS,
			out + (size_t)t * stride, stride, bias, mode);
}

#define AMX(name, type)                                                                                                             \
	static void amx_##name(const struct eng_matrix *m, int group, const struct amx_group *g, const struct eng_block *a, int n,  \
		float *out, size_t stride, int mode)                                                                                \
	{                                                                                                                           \
		amx_rows(type, m, group, g, a, n, out, stride, mode);                                                               \
	}
AMX(q40, ENG_Q4_0)
AMX(q41, ENG_Q4_1)
AMX(q50, ENG_Q5_0)
AMX(q51, ENG_Q5_1)
AMX(q80, ENG_Q8_0)
AMX(q4k, ENG_Q4_K)
AMX(q5k, ENG_Q5_K)
AMX(q6k, ENG_Q6_K)
#undef AMX

static void linear_tiles(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride, int mode)
{
	struct amx_group g = {0};
	if (n >= AMX_MIN && m->blocks <= AMX_BLOCKS)
		g.w = aligned_alloc(64, (size_t)m->blocks * (512 + 128));
	if (!g.w) {
		linear(m, group, groups, a, n, out, stride, mode);
		return;
	}
	g.d = (float *)(void *)(g.w + (size_t)m->blocks * 512);
	g.m = g.d + (size_t)m->blocks * GROUP;
	tile_configure(&amx_config);
	for (int i = group; i < group + groups; i++, out += GROUP)
		switch (m->type) {
		case ENG_Q4_0: amx_q40(m, i, &g, a, n, out, stride, mode); break;
		case ENG_Q4_1: amx_q41(m, i, &g, a, n, out, stride, mode); break;
		case ENG_Q5_0: amx_q50(m, i, &g, a, n, out, stride, mode); break;
		case ENG_Q5_1: amx_q51(m, i, &g, a, n, out, stride, mode); break;
		case ENG_Q4_K: amx_q4k(m, i, &g, a, n, out, stride, mode); break;
		case ENG_Q5_K: amx_q5k(m, i, &g, a, n, out, stride, mode); break;
		case ENG_Q6_K: amx_q6k(m, i, &g, a, n, out, stride, mode); break;
		default: amx_q80(m, i, &g, a, n, out, stride, mode);
		}
	tile_release();
	free(g.w);
}
