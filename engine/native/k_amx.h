/* k_amx.h - gemm on tiles: x[T, D] · w[O, D] → y[T, O], sixteen tokens by sixteen rows, 32 inputs a step, in place of k_gemm.h for more
 * than eight tokens. The linear layer of ../arith/SPEC.md section 3, too.
 *
 *     for each group of sixteen rows:  pack a panel of signed bytes
 *         for each tile of sixteen tokens:  for each block:  C = A × B  (int32, exact);
 *                                           for each token:  A = fma(float(C), dw*dx, A), …
 *
 * A is the tokens' bytes (a token a row), B the weights' dwords (four inputs of sixteen rows a row), so a row of C has a lane for
 * each weight row, and the float steps are those of k_gemm.h. The tiles of the next block are in the making while the lanes of
 * this one are summed. What costs is not the product but loading and storing, and a store takes as long for eight rows as for sixteen:
 * so tokens lie in wide tiles. The configuration lies in static storage and is loaded by assembly: a compiler that believes fewer
 * bytes of it are read would drop the rest.
 */

/* Tiles: 0 sums, 1 tokens, 2 weights; of half a block 3 tokens and 4 weights. Of eight tokens a tile has as many rows. */
struct amx_config {
	uint8_t palette, start, zero[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};
#define AMX_CONFIG(tokens) {.palette = 1, .row_bytes = {64, 32, 64, 16, 64}, .rows = {tokens, tokens, 8, tokens, 4}}
static const struct amx_config amx_wide = AMX_CONFIG(WIDE_SLOTS), amx_narrow = AMX_CONFIG(SLOTS);

enum { AMX_DOTS = WIDE_SLOTS * GROUP };

/* The dots of a block by a tile: C [T][16] into c, or of its halves into c and c + AMX_DOTS. */
FN void amx_dots(int kind, const uint8_t *w, const struct eng_wide_block *a, int32_t *c)
{
	if (kind == HALVES) {
		UNROLL for (int h = 0; h < 2; h++, w += 256, c += AMX_DOTS) {
			tile_load(4, w, 64);
			tile_zero(0);
			tile_load(3, a->q[0] + 16 * h, BLOCK);
			tile_dot(0, 3, 4);
			tile_store(0, c, 64);
		}
		return;
	}
	tile_load(2, w, 64);
	tile_zero(0);
	tile_load(1, a->q[0], BLOCK);
	tile_dot(0, 1, 2);
	tile_store(0, c, 64);
}

/* Adds the dots c of a block to the sums of T tokens. */
FN void amx_sum(int kind, int T, const uint8_t *panel, const struct eng_wide_block *a, const int32_t *c, int sub, vf sum[WIDE_SLOTS])
{
	const float *scales = (const float *)(const void *)(panel + PANEL_SCALES) + sub;
	vf d = v_load(scales), m = kind == MINIMA || kind == HALVES ? v_load(scales + GROUP) : v_zero();
	UNROLL for (int t = 0; t < T; t++) {
		vf dx = v_set1(a->dx[t]);
		sum[t] = v_fma(v_cvt(vi_load(c + t * GROUP + sub)), v_mul(d, dx), sum[t]);
		if (kind == HALVES)
			sum[t] = v_fma(v_cvt(vi_load(c + AMX_DOTS + t * GROUP + sub)), v_mul(m, dx), sum[t]);
		if (kind == MINIMA)
			sum[t] = v_fma(m, v_set1(a->tx[t]), sum[t]);
	}
}

/* total[T, 16] = x[T, D] · w[16, D]: a panel by a tile, which is configured for T tokens. */
FN void amx_tile(int kind, int T, const uint8_t *panel, int blocks, const struct eng_wide_block *a, float total[][GROUP])
{
	_Alignas(64) int32_t c[2][2 * AMX_DOTS];
	amx_dots(kind, panel, a, c[0]);
	for (int b = 0; b < blocks;) {
		const int first = b, end = blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS;
		for (int sub = 0; sub < GROUP; sub += W) {
			vf sum[WIDE_SLOTS];
			UNROLL for (int t = 0; t < T; t++)
				sum[t] = v_zero();
			for (b = first; b < end; b++) {
				const uint8_t *w = panel + b * PANEL_BLOCK;
				if ((int)W < (int)GROUP) /* the dots of a chunk are made again for each part of the rows */
					amx_dots(kind, w, a + b, c[b & 1]);
				else if (b + 1 < blocks)
					amx_dots(kind, w + PANEL_BLOCK, a + b + 1, c[(b + 1) & 1]);
				amx_sum(kind, T, w, a + b, c[b & 1], sub, sum);
			}
			UNROLL for (int t = 0; t < T; t++)
				v_store(total[t] + sub, v_add(first ? v_load(total[t] + sub) : v_zero(), sum[t]));
		}
	}
}

/* y[n, 16] = x[n, D] · w[16, D] + bias: a group by n tokens of wide tiles. */
FN void amx_rows(int type, const struct eng_matrix *m, int group, const struct eng_wide_block *a, int n, float *out, size_t stride, int mode,
	uint8_t *panel)
{
	_Alignas(64) float total[WIDE_SLOTS][GROUP];
	pack_group(type, 1, m, group, panel);
	for (; n > SLOTS; n -= WIDE_SLOTS, a += m->blocks, out += WIDE_SLOTS * stride) {
		amx_tile(kind_of(type), WIDE_SLOTS, panel, m->blocks, a, total);
		epilogue(m, group, n < WIDE_SLOTS ? n : WIDE_SLOTS, total, out, stride, mode);
	}
	if (n <= 0)
		return;
	tile_configure(&amx_narrow);
	amx_tile(kind_of(type), SLOTS, panel, m->blocks, a, total);
	epilogue(m, group, n, total, out, stride, mode);
	tile_configure(&amx_wide);
}

#define AMX(name, ...)                                                                                                              \
	static void amx_##name(const struct eng_matrix *m, int group, const struct eng_block *a, int n, float *out, size_t stride,  \
		int mode, uint8_t *panel)                                                                                           \
	{                                                                                                                           \
		amx_rows(ENG_##name, m, group, (const struct eng_wide_block *)(const void *)a, n, out, stride, mode, panel);                                                     \
	}
ENG_TYPES(AMX)
#undef AMX

/* eng_gemm of a level of AMX. */
void ISA_NAME(eng_gemm_)(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride,
	int mode, uint8_t *panel)
{
	tile_configure(&amx_wide);
#define AMX(name, ...) case ENG_##name: amx_##name(m, i, a, n, out, stride, mode, panel); break;
	for (int i = group; i < group + groups; i++, out += GROUP)
		switch (m->type) { ENG_TYPES(AMX) }
#undef AMX
	tile_release();
}

/* And its eng_tile. */
void ISA_NAME(eng_tile_)(const uint8_t *panel, int blocks, const struct eng_block *a, float total[][GROUP])
{
	tile_configure(&amx_wide);
	amx_tile(BYTES, WIDE_SLOTS, panel, blocks, (const struct eng_wide_block *)(const void *)a, total);
	tile_release();
}
