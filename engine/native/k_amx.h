/* k_amx.h - gemm on tiles: x[T, D] · w[O, D] → y[T, O], sixteen tokens by sixteen rows, 32 inputs a step, in place of k_gemm.h for more
 * than eight tokens. The linear layer of ../arith/SPEC.md section 3, too.
 *
 *     for each group of sixteen rows:  pack a panel of signed bytes
 *         for each two tiles of eight tokens:  for each block:  C = A × B for both  (int32, exact);
 *                                              for each token:  A = fma(float(C), dw*dx, A), …
 *
 * A is the tokens' bytes (a token a row), B the weights' dwords (four inputs of sixteen rows a row), so a row of C has a lane for
 * each weight row, and the float steps are those of k_gemm.h. The tiles of the next block are in the making while the lanes of
 * this one are summed; B serves two of them, for what costs is not the product but loading and storing. The configuration lies in
 * static storage and is loaded by assembly: a compiler that believes fewer bytes of it are read would drop the rest.
 */
enum { AMX_TOKENS = 2 * SLOTS };

/* Tiles: 0, 1 sums; 2, 3 tokens; 4 weights; of half a block 5, 6 tokens and 7 weights. */
struct amx_config {
	uint8_t palette, start, zero[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};
static const struct amx_config amx_config = {
	.palette = 1,
	.row_bytes = {64, 64, 32, 32, 64, 16, 16, 64},
	.rows = {8, 8, 8, 8, 8, 8, 8, 4},
};

/* The dots of a block by H tiles of tokens, whose blocks lie apart: C [8*H][16] into c, or of its halves into c and c + 256. */
FN void amx_dots(int kind, int H, const uint8_t *w, const struct eng_block *a, int apart, int32_t *c)
{
	if (kind == HALVES) {
		UNROLL for (int h = 0; h < 2; h++, w += 256, c += 256) {
			tile_load(7, w, 64);
			tile_zero(0);
			tile_load(5, a->q[0] + 16 * h, BLOCK);
			tile_dot(0, 5, 7);
			tile_store(0, c, 64);
			if (H == 1)
				continue;
			tile_zero(1);
			tile_load(6, a[apart].q[0] + 16 * h, BLOCK);
			tile_dot(1, 6, 7);
			tile_store(1, c + 128, 64);
		}
		return;
	}
	tile_load(4, w, 64);
	tile_zero(0);
	tile_load(2, a->q[0], BLOCK);
	tile_dot(0, 2, 4);
	tile_store(0, c, 64);
	if (H == 1)
		return;
	tile_zero(1);
	tile_load(3, a[apart].q[0], BLOCK);
	tile_dot(1, 3, 4);
	tile_store(1, c + 128, 64);
}

/* Adds the dots c of a block to the sums of a tile. */
FN void amx_sum(int kind, const uint8_t *panel, const struct eng_block *a, const int32_t *c, int sub, vf sum[SLOTS])
{
	const float *scales = (const float *)(const void *)(panel + PANEL_SCALES) + sub;
	vf d = v_load(scales), m = kind == MINIMA || kind == HALVES ? v_load(scales + GROUP) : v_zero();
	UNROLL for (int t = 0; t < SLOTS; t++) {
		vf dx = v_set1(a->dx[t]);
		sum[t] = v_fma(v_cvt(vi_load(c + t * GROUP + sub)), v_mul(d, dx), sum[t]);
		if (kind == HALVES)
			sum[t] = v_fma(v_cvt(vi_load(c + 256 + t * GROUP + sub)), v_mul(m, dx), sum[t]);
		if (kind == MINIMA)
			sum[t] = v_fma(m, v_set1(a->tx[t]), sum[t]);
	}
}

/* total[8*H, 16] = x[8*H, D] · w[16, D]: a panel by H tiles of tokens. */
FN void amx_tiles(int kind, int H, const uint8_t *panel, int blocks, const struct eng_block *a, float total[][GROUP])
{
	_Alignas(64) int32_t c[2][512];
	memset(total, 0, (size_t)(H * SLOTS) * sizeof *total);
	amx_dots(kind, H, panel, a, blocks, c[0]);
	for (int b = 0; b < blocks;) {
		const int first = b, end = blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS;
		for (int sub = 0; sub < GROUP; sub += W) {
			vf sum[AMX_TOKENS];
			UNROLL for (int t = 0; t < H * SLOTS; t++)
				sum[t] = v_zero();
			for (b = first; b < end; b++) {
				const uint8_t *w = panel + b * PANEL_BLOCK;
				if ((int)W < (int)GROUP) /* the dots of a chunk are made again for each part of the rows */
					amx_dots(kind, H, w, a + b, blocks, c[b & 1]);
				else if (b + 1 < blocks)
					amx_dots(kind, H, w + PANEL_BLOCK, a + b + 1, blocks, c[(b + 1) & 1]);
				UNROLL for (int h = 0; h < H; h++)
					amx_sum(kind, w, a + h * blocks + b, c[b & 1] + 128 * h, sub, sum + h * SLOTS);
			}
			UNROLL for (int t = 0; t < H * SLOTS; t++)
				v_store(total[t] + sub, v_add(v_load(total[t] + sub), sum[t]));
		}
	}
}

/* y[n, 16] = x[n, D] · w[16, D] + bias: a group by n tokens. */
FN void amx_rows(int type, const struct eng_matrix *m, int group, const struct eng_block *a, int n, float *out, size_t stride, int mode,
	uint8_t *panel)
{
	_Alignas(64) float total[AMX_TOKENS][GROUP];
	pack_group(type, 1, m, group, panel);
	for (int t = 0; t < n; t += AMX_TOKENS, a += 2 * (size_t)m->blocks) {
		if (n - t > SLOTS)
			amx_tiles(kind_of(type), 2, panel, m->blocks, a, total);
		else
			amx_tiles(kind_of(type), 1, panel, m->blocks, a, total);
		epilogue(m, group, n - t < AMX_TOKENS ? n - t : AMX_TOKENS, total, out + (size_t)t * stride, stride, mode);
	}
}

#define AMX(name, ...)                                                                                                              \
	static void amx_##name(const struct eng_matrix *m, int group, const struct eng_block *a, int n, float *out, size_t stride,  \
		int mode, uint8_t *panel)                                                                                           \
	{                                                                                                                           \
		amx_rows(ENG_##name, m, group, a, n, out, stride, mode, panel);                                                     \
	}
ENG_TYPES(AMX)
#undef AMX

/* eng_gemm of a level of AMX. */
void ISA_NAME(eng_gemm_)(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride,
	int mode, uint8_t *panel)
{
	tile_configure(&amx_config);
#define AMX(name, ...) case ENG_##name: amx_##name(m, i, a, n, out, stride, mode, panel); break;
	for (int i = group; i < group + groups; i++, out += GROUP)
		switch (m->type) { ENG_TYPES(AMX) }
#undef AMX
	tile_release();
}

/* And its eng_tile. */
void ISA_NAME(eng_tile_)(const uint8_t *panel, int blocks, const struct eng_block *a, float total[SLOTS][GROUP])
{
	tile_configure(&amx_config);
	amx_tiles(BYTES, 1, panel, blocks, a, total);
	tile_release();
}
