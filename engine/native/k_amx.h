/* k_amx.h - linear layers on tiles: eight tokens by sixteen rows, 32 inputs a step. Included after k_linear.h, whose linear it
 * replaces for more than eight tokens.
 *
 *     for each group of sixteen rows:  fill a panel of signed bytes
 *         for each eight tokens:  for each block:  C = A × B  (int32, exact);  for each token:  A = fma(float(C), dw*dx, A), …
 *
 * A is the tokens' bytes (a token a row), B the weights' dwords (four inputs of sixteen rows a row), so a row of C has a lane for
 * each weight row, and the float steps are those of k_linear.h. The tile of the next block is in the making while the lanes of
 * this one are summed. The configuration lies in static storage and is loaded by assembly: a compiler that believes fewer bytes
 * of it are read would drop the rest.
 */
enum { AMX_TOKENS = SLOTS, AMX_MIN = SLOTS + 1 };

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

/* The dots of block b: C [8][16] into c, or of its halves into c and c + 128. */
FN void amx_dots(int kind, const uint8_t *panel, const struct eng_block *a, int b, int32_t *c)
{
	const uint8_t *w = panel + b * PANEL_BLOCK;
	if (kind == HALVES) {
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
FN void amx_sum(int kind, int T, const uint8_t *panel, const struct eng_block *a, int b, const int32_t *c, int sub, vf sum[AMX_TOKENS])
{
	const float *scales = (const float *)(const void *)(panel + b * PANEL_BLOCK + PANEL_SCALES) + sub;
	vf d = v_load(scales), m = kind == MINIMA || kind == HALVES ? v_load(scales + GROUP) : v_zero();
	UNROLL for (int t = 0; t < T; t++) {
		vf dx = v_set1(a[b].dx[t]);
		sum[t] = v_fma(v_cvt(vi_load(c + t * GROUP + sub)), v_mul(d, dx), sum[t]);
		if (kind == HALVES)
			sum[t] = v_fma(v_cvt(vi_load(c + 128 + t * GROUP + sub)), v_mul(m, dx), sum[t]);
		if (kind == MINIMA)
			sum[t] = v_fma(m, v_set1(a[b].tx[t]), sum[t]);
	}
}

/* A group by a tile of tokens. */
FN void amx_tile(int kind, const uint8_t *panel, int blocks, const struct eng_block *a, float total[AMX_TOKENS][GROUP])
{
	_Alignas(64) int32_t c[2][256];
	memset(total, 0, AMX_TOKENS * sizeof *total);
	amx_dots(kind, panel, a, 0, c[0]);
	for (int b = 0; b < blocks;) {
		const int first = b, end = blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS;
		for (int sub = 0; sub < GROUP; sub += W) {
			vf sum[AMX_TOKENS];
			UNROLL for (int t = 0; t < AMX_TOKENS; t++)
				sum[t] = v_zero();
			for (b = first; b < end; b++) {
				if ((int)W < (int)GROUP) /* the dots of a chunk are made again for each part of the rows */
					amx_dots(kind, panel, a, b, c[b & 1]);
				else if (b + 1 < blocks)
					amx_dots(kind, panel, a, b + 1, c[(b + 1) & 1]);
				amx_sum(kind, AMX_TOKENS, panel, a, b, c[b & 1], sub, sum);
			}
			UNROLL for (int t = 0; t < AMX_TOKENS; t++)
				v_store(total[t] + sub, v_add(v_load(total[t] + sub), sum[t]));
		}
	}
}

FN void amx_rows(int type, const struct eng_matrix *m, int group, const struct eng_block *a, int n, float *out, size_t stride, int mode,
	uint8_t *panel)
{
	_Alignas(64) float total[AMX_TOKENS][GROUP];
	group_fill(type, 1, m, group, panel);
	for (int t = 0; t < n; t += AMX_TOKENS) {
		amx_tile(kind_of(type), panel, m->blocks, a + (size_t)(t / SLOTS) * (size_t)m->blocks, total);
		finish(m, group, n - t < AMX_TOKENS ? n - t : AMX_TOKENS, total, out + (size_t)t * stride, stride, mode);
	}
}

#define AMX(name, type)                                                                                                             \
	static void amx_##name(const struct eng_matrix *m, int group, const struct eng_block *a, int n, float *out, size_t stride,  \
		int mode, uint8_t *panel)                                                                                           \
	{                                                                                                                           \
		amx_rows(type, m, group, a, n, out, stride, mode, panel);                                                           \
	}
EACH_TYPE(AMX)
#undef AMX

static void linear_tiles(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride,
	int mode, uint8_t *panel)
{
	if (n < AMX_MIN) {
		linear(m, group, groups, a, n, out, stride, mode, panel);
		return;
	}
	tile_configure(&amx_config);
#define AMX(name, type) case type: amx_##name(m, i, a, n, out, stride, mode, panel); break;
	for (int i = group; i < group + groups; i++, out += GROUP)
		switch (m->type) { EACH_TYPE(AMX) }
#undef AMX
	tile_release();
}

static void multiply_tile_amx(const uint8_t *panel, int blocks, const struct eng_block *a, float total[SLOTS][GROUP])
{
	tile_configure(&amx_config);
	amx_tile(BYTES, panel, blocks, a, total);
	tile_release();
}
