/* k_gemm.h - gemm: x[T, D] · w[O, D] → y[T, O], sixteen rows of w at a time by up to TILE tokens, a lane a row.
 *
 *     for each chunk of eight blocks:  A = 0;  for each block:  A = fma(float(s), dw*dx, A), and A = fma(mw, tx, A) where there is mw
 *                                      total = total + A
 *
 * That is the linear layer of ../arith/SPEC.md section 3, whose reference is plainRow of ../arith/blocks.go. Rows come from a panel,
 * which is packed once for all tokens; few tokens take them straight from where they lie (k_few.h), and one token by rows (k_gemv.h).
 * A token's four bytes are broadcast from memory, and the tokens of a tile keep their sums in registers.
 */

/* A panel of w[16, D] for each type: pack_group, compiled once. */
#define PACK(name, ...) static void pack_##name(const struct eng_matrix *m, int group, uint8_t *panel) { pack_group(ENG_##name, 0, m, group, panel); }
ENG_TYPES(PACK)
#undef PACK

static void pack(const struct eng_matrix *m, int group, uint8_t *panel)
{
#define PACK(name, ...) case ENG_##name: pack_##name(m, group, panel); break;
	switch (m->type) { ENG_TYPES(PACK) }
#undef PACK
}

/* total[T, W] += x[T, D] · w[W, D]: a panel's W rows from sub on by the tokens in slots slot … slot+T-1 of tile a. */
FN void gemm_tile(int kind, int T, const uint8_t *panel, int sub, int blocks, const struct eng_block *a, int slot, float total[][GROUP])
{
	vf all[TILE], sum[TILE];
	UNROLL for (int t = 0; t < T; t++)
		all[t] = v_load(total[t] + sub);
	for (int b = 0; b < blocks;) {
		int end = FREE_ORDER || blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS;
		UNROLL for (int t = 0; t < T; t++)
			sum[t] = v_zero();
		for (; b < end; b++, panel += PANEL_BLOCK, a++) {
			const float *scales = (const float *)(const void *)(panel + PANEL_SCALES) + sub;
			const vf d = v_load(scales), m = kind == MINIMA || kind == HALVES ? v_load(scales + GROUP) : v_zero();
			block_steps(kind, panel_zero(kind), PANELLED, T, panel + 4 * sub, d, m, a, slot, sum);
		}
		UNROLL for (int t = 0; t < T; t++)
			all[t] = v_add(all[t], sum[t]);
	}
	UNROLL for (int t = 0; t < T; t++)
		v_store(total[t] + sub, all[t]);
}

/* total[n, 16] += x[n, D] · w[16, D]: all rows of a panel by n tokens from slot on, at most TILE. */
FN void gemm_panel(int kind, const uint8_t *panel, int blocks, const struct eng_block *a, int slot, int n, float total[][GROUP])
{
	for (int t = 0; t < n;) {
		const int left = n - t, T = left >= TILE ? TILE : left >= 4 ? 4 : left >= 2 ? 2 : 1;
		for (int sub = 0; sub < GROUP; sub += W)
			switch (T) {
			case TILE: gemm_tile(kind, TILE, panel, sub, blocks, a, slot + t, total + t); break;
#if SIMD_TILE > 4
			case 4: gemm_tile(kind, 4, panel, sub, blocks, a, slot + t, total + t); break;
#endif
			case 2: gemm_tile(kind, 2, panel, sub, blocks, a, slot + t, total + t); break;
			default: gemm_tile(kind, 1, panel, sub, blocks, a, slot + t, total + t);
			}
		t += T;
	}
}

#define GEMM_PANEL(name, kind)                                                                                                            \
	static void gemm_panel_##name(const uint8_t *panel, int blocks, const struct eng_block *a, int slot, int n, float total[][GROUP]) \
	{                                                                                                                                 \
		gemm_panel(kind, panel, blocks, a, slot, n, total);                                                                       \
	}
GEMM_PANEL(plus_8, PLUS_8)
GEMM_PANEL(plus_16, PLUS_16)
GEMM_PANEL(minima, MINIMA)
GEMM_PANEL(bytes, BYTES)
GEMM_PANEL(halves, HALVES)
#undef GEMM_PANEL

FN void gemm_kind(int kind, const uint8_t *panel, int blocks, const struct eng_block *a, int slot, int n, float total[][GROUP])
{
	switch (kind) {
	case PLUS_8: gemm_panel_plus_8(panel, blocks, a, slot, n, total); break;
	case PLUS_16: gemm_panel_plus_16(panel, blocks, a, slot, n, total); break;
	case MINIMA: gemm_panel_minima(panel, blocks, a, slot, n, total); break;
	case BYTES: gemm_panel_bytes(panel, blocks, a, slot, n, total); break;
	default: gemm_panel_halves(panel, blocks, a, slot, n, total);
	}
}

/* y[n, 16] = x[n, D] · w[16, D] + bias: a group of rows by n tokens, in whichever way is quickest. */
FN void gemm_group(int type, const struct eng_matrix *m, int group, const struct eng_block *a, int n, float *out, size_t stride, int mode, uint8_t *panel)
{
	_Alignas(64) float total[TILE][GROUP];
	if (m->lanes && n <= FEW) {
		gemm_lanes(type, n, m, group, a, total);
		epilogue(m, group, n, total, out, stride, mode);
		return;
	}
#ifdef SIMD_TWINS
	if (n == 1 && goes_by_rows(type) && (group + 1) * GROUP <= m->rows) {
		memset(total, 0, sizeof total[0]);
		gemv_group(type, m, group, a, total[0], panel);
		epilogue(m, group, 1, total, out, stride, mode);
		return;
	}
#endif
	if (n <= FEW) {
		memset(total, 0, sizeof total);
		for (int b = 0; b < m->blocks; b += CHUNK_BLOCKS)
			switch (n) {
			case 1: gemm_rows(type, 1, m, group, b, a, total, panel); break;
#if SIMD_TILE > 4
			case 2: case 3: case 4: gemm_rows(type, 4, m, group, b, a, total, panel); break;
#endif
			default: gemm_rows(type, FEW, m, group, b, a, total, panel); /* a tile has eight slots, used or not */
			}
		epilogue(m, group, n, total, out, stride, mode);
		return;
	}
	const uint8_t *next = next_group(m, group);
	const size_t share = (GROUP * m->stride * TILE / (size_t)(n + TILE - 1) + 63) / 64 * 64;
	pack(m, group, panel);
	for (int t = 0; t < n; t += TILE, next = next ? next + share : NULL) {
		const int count = n - t < TILE ? n - t : TILE;
		for (size_t at = 0; next && at < share; at += 64)
			__builtin_prefetch(next + at, 0, 3);
		memset(total, 0, sizeof total);
		gemm_kind(kind_of(type), panel, m->blocks, a + (size_t)(t / SLOTS) * (size_t)m->blocks, t % SLOTS, count, total);
		epilogue(m, group, count, total, out + (size_t)t * stride, stride, mode);
	}
}

#define GEMM(name, ...)                                                                                                             \
	static void gemm_##name(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out,    \
		size_t stride, int mode, uint8_t *panel)                                                                            \
	{                                                                                                                           \
		for (int g = group; g < group + groups; g++, out += GROUP)                                                          \
			gemm_group(ENG_##name, m, g, a, n, out, stride, mode, panel);                                               \
	}
ENG_TYPES(GEMM)
#undef GEMM

/* y[n, 16·groups] = x[n, D] · w[16·groups, D] + bias: groups of m from group on by n tokens. */
static void gemm(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride, int mode,
	uint8_t *panel)
{
#ifdef SIMD_TWINS
	if (n == 1 && !m->lanes && goes_by_rows(m->type))
		make_twins(m, a, panel);
#endif
#define GEMM(name, ...) case ENG_##name: gemm_##name(m, group, groups, a, n, out, stride, mode, panel); break;
	switch (m->type) { ENG_TYPES(GEMM) }
#undef GEMM
}

/* total[8, 16] += x[8, D] · w[16, D] of bytes, from a panel: what bench.c measures. */
static void gemm_bytes(const uint8_t *panel, int blocks, const struct eng_block *a, float total[][GROUP])
{
	for (int t = 0; t < SLOTS; t += TILE)
		gemm_panel_bytes(panel, blocks, a, t, TILE, total + t);
}
