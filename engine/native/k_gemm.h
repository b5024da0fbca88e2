/* k_gemm.h - linear layers, gemm: sixteen rows of weights by up to TILE tokens, a lane a row.
 *
 *     for each chunk of eight blocks:  A = 0;  for each block:  A = fma(float(s), dw*dx, A), and A = fma(mw, tx, A) where there is mw
 *                                      total = total + A
 *
 * The reference is plainRow of ../arith/format.go. Rows come from a panel, which is packed once for all tokens; up to FEW tokens
 * take them straight from where they lie: from their lanes where they are interleaved, else from the file, and one token by rows (k_gemv.h). A token's four bytes are broadcast from memory, and the
 * tokens of a tile keep their sums in registers.
 */

/* Adds blocks of a panel to the totals of tokens slot … slot+T-1 of tile a, for W rows from sub on. */
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
			steps(kind, panel_zero(kind), PANELLED, T, panel + 4 * sub, d, m, a, slot, sum);
		}
		UNROLL for (int t = 0; t < T; t++)
			all[t] = v_add(all[t], sum[t]);
	}
	UNROLL for (int t = 0; t < T; t++)
		v_store(total[t] + sub, all[t]);
}

/* The same for n tokens from slot on, at most TILE. */
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

#define GEMM_PANEL(name, kind)                                                                                                        \
	static void gemm_panel_##name(const uint8_t *panel, int blocks, const struct eng_block *a, int slot, int n, float total[][GROUP]) \
	{                                                                                                                           \
		gemm_panel(kind, panel, blocks, a, slot, n, total);                                                                   \
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

/* The totals of n tokens, with the bias, to where they belong. */
FN void epilogue(const struct eng_matrix *m, int group, int n, float total[][GROUP], float *out, size_t stride, int mode)
{
	for (int t = 0; t < n; t++, out += stride)
		for (int sub = 0; sub < GROUP; sub += W) {
			vf y = v_load(total[t] + sub);
			if (m->bias)
				y = v_add(y, v_load(m->bias + GROUP * group + sub));
			if (mode == ADD)
				y = v_add(v_load(out + sub), y);
			v_store(out + sub, y);
		}
}

/* A group from where it lies to a panel. */
FN void pack_group(int type, int tiles, const struct eng_matrix *m, int group, uint8_t *panel)
{
	if (m->lanes)
		pack_lanes(type, tiles, m, group, panel);
	else
		pack_rows(type, tiles, m, group, panel);
}

#define PACK(name, ...) static void pack_##name(const struct eng_matrix *m, int group, uint8_t *panel) { pack_group(ENG_##name, 0, m, group, panel); }
ENG_TYPES(PACK)
#undef PACK

static void pack(const struct eng_matrix *m, int group, uint8_t *panel)
{
#define PACK(name, ...) case ENG_##name: pack_##name(m, group, panel); break;
	switch (m->type) { ENG_TYPES(PACK) }
#undef PACK
}

enum { FEW = TILE };

/* Where the group after this one begins, NULL after the last. Its bytes are prefetched while this one is multiplied, a few lines a
 * block: all at once they would wait for each other. */
FN const uint8_t *next_group(const struct eng_matrix *m, int group)
{
	return !m->lanes && (group + 2) * GROUP <= m->rows ? m->data + (size_t)(group + 1) * GROUP * m->stride : NULL;
}

/* Prefetches up to a kilobyte, known when this is compiled, and returns what follows. */
FN const uint8_t *prefetch(const uint8_t *p, int bytes)
{
	if (!p)
		return NULL;
	UNROLL for (int i = 0; i < (bytes + 63) / 64; i++)
		__builtin_prefetch(p + 64 * i, 0, 3);
	return p + bytes;
}

FN void gemm_rows_steps(int kind, int T, const vb w[8], vf d, vf m, const struct eng_block *a, int slot, vf *sum)
{
	UNROLL for (int t = 0; t < T; t++)
		sum[t] = step(kind, w, d, m, a, slot + t, sum[t]);
}

/* Adds a chunk of Q4_1: four blocks are eighty bytes, five times sixteen, so that the scales are transposed with the weights. */
FN void gemm_rows_q41(int T, struct rows r, int blocks, const struct eng_block *a, vf *sum, const uint8_t *ahead)
{
	int b = 0;
	for (; b + 4 <= blocks; b += 4, r = rows_on(r, 80)) {
		vb v[20], w[8];
		UNROLL for (int i = 0; i < 5; i++)
			vb_transpose(r.p, r.stride, 16 * (size_t)i, v + 4 * i);
		UNROLL for (int i = 0; i < 4; i++) {
			ahead = prefetch(ahead, W * 20);
			nibbles_of(v + 5 * i + 1, w);
			gemm_rows_steps(MINIMA, T, w, v_half(vb_int(v[5 * i])), v_half(vi_shr(vb_int(v[5 * i]), 16)), a + b + i, 0, sum);
		}
	}
	for (; b < blocks; b++, r = rows_on(r, 20)) {
		vb v[4], w[8];
		vb_transpose(r.p, r.stride, 0, v);
		block_of(ENG_Q4_1, r, w);
		gemm_rows_steps(MINIMA, T, w, v_half(vb_int(v[0])), v_half(vi_shr(vb_int(v[0]), 16)), a + b, 0, sum);
	}
}

/* Adds a chunk of a type of blocks of 32. */
FN void gemm_rows_plain(int type, int T, struct rows r, int blocks, const struct eng_block *a, vf *sum, const uint8_t *ahead)
{
	for (int b = 0; b < blocks; b++, r = rows_on(r, block_bytes(type))) {
		ahead = prefetch(ahead, W * (int)block_bytes(type));
		const vi head = vi_gather(r.p, r.stride);
		vb w[8];
		block_of(type, r, w);
		UNROLL for (int j = 0; j < 8; j++)
			w[j] = rezero(type, 0, w[j], block_zero(type));
		gemm_rows_steps(kind_of(type), T, w, scale_in(type, head), kind_of(type) == MINIMA ? v_half(vi_shr(head, 16)) : v_zero(), a + b, 0, sum);
	}
}

/* Adds a block of a K type, whose scales are in a panel. */
FN void gemm_rows_block(int type, int T, int k, vb w[8], const float *scales, const struct eng_block *a, vf *sum, const uint8_t *ahead)
{
	const int share = W * (int)block_bytes(type) / CHUNK_BLOCKS;
	prefetch(ahead ? ahead + k * share : NULL, share);
	const float *s = scales + k * (PANEL_BLOCK / 4);
	if (type == ENG_Q6_K)
		UNROLL for (int j = 0; j < 8; j++)
			w[j] = rezero(type, 0, w[j], unpacked_zero(type));
	gemm_rows_steps(kind_of(type), T, w, v_load(s), v_load(s + GROUP), a + k, 0, sum);
}

/* Adds a chunk of Q4_K or Q5_K. */
FN void gemm_rows_45(int type, int T, struct rows r, int sub, const struct eng_block *a, vf *sum, uint8_t *panel, const uint8_t *ahead)
{
	const float *scales = (const float *)(const void *)(panel + PANEL_SCALES) + sub;
	vb fifth[8], low[8], high[8];
	pack_scales_45(r, sub, panel);
	if (type == ENG_Q5_K)
		bytes_of(r, 16, fifth);
	UNROLL for (int k = 0; k < 8; k += 2) {
		pair_45(type, r, k, fifth, low, high);
		gemm_rows_block(type, T, k, low, scales, a, sum, ahead);
		gemm_rows_block(type, T, k + 1, high, scales, a, sum, ahead);
	}
}

/* Adds a chunk of Q6_K, whose blocks come out of order: two wait. */
FN void gemm_rows_6(int T, struct rows r, int sub, const struct eng_block *a, vf *sum, uint8_t *panel, const uint8_t *ahead)
{
	const float *scales = (const float *)(const void *)(panel + PANEL_SCALES) + sub;
	vb upper[8], low[8], high[2][8];
	pack_scales_6(rows_on(r, SCALES_6), sub, panel);
	UNROLL for (int k = 0; k < 8; k += 4) {
		bytes_of(r, 128 + 8 * k, upper);
		UNROLL for (int i = 0; i < 2; i++) {
			pair_6(r, k + i, upper, low, high[i]);
			gemm_rows_block(ENG_Q6_K, T, k + i, low, scales, a, sum, ahead);
		}
		UNROLL for (int i = 0; i < 2; i++)
			gemm_rows_block(ENG_Q6_K, T, k + 2 + i, high[i], scales, a, sum, ahead);
	}
}

/* Adds a group's chunk of blocks to the totals of T tokens, straight from the file. */
FN void gemm_rows(int type, int T, const struct eng_matrix *m, int group, int b, const struct eng_block *a, float total[][GROUP], uint8_t *panel)
{
	const int count = m->blocks - b < CHUNK_BLOCKS ? m->blocks - b : CHUNK_BLOCKS;
	uint8_t room[CHUNK_ROOM];
	size_t stride;
	const uint8_t *p = rows_of(type, m, group, b, count, room, &stride), *next = next_group(m, group);
	const size_t bytes = is_super(type) ? block_bytes(type) : (size_t)count * block_bytes(type); /* of a row, in this chunk */
	if (next)
		next += (size_t)b * GROUP * block_bytes(type) / (is_super(type) ? CHUNK_BLOCKS : 1);
	for (int sub = 0; sub < GROUP; sub += W, p += W * stride) {
		const struct rows r = rows_at(p, stride);
		const uint8_t *ahead = next ? next + (size_t)sub * bytes : NULL;
		vf sum[FEW];
		UNROLL for (int t = 0; t < T; t++)
			sum[t] = FREE_ORDER ? v_load(total[t] + sub) : v_zero();
		if (type == ENG_Q4_1)
			gemm_rows_q41(T, r, count, a + b, sum, ahead);
		else if (type == ENG_Q6_K)
			gemm_rows_6(T, r, sub, a + b, sum, panel, ahead);
		else if (is_super(type))
			gemm_rows_45(type, T, r, sub, a + b, sum, panel, ahead);
		else
			gemm_rows_plain(type, T, r, count, a + b, sum, ahead);
		UNROLL for (int t = 0; t < T; t++)
			v_store(total[t] + sub, FREE_ORDER ? sum[t] : v_add(v_load(total[t] + sub), sum[t]));
	}
}

/* Prefetches the lines of which bytes from p on are a part. */
FN void prefetch_lines(const uint8_t *p, size_t bytes)
{
	UNROLL for (size_t i = 0; i < bytes; i += LINE)
		__builtin_prefetch(p + i, 0, 3);
}

/* A group's W rows from sub on by T tokens. */
FN void gemm_lanes_tile(int type, int T, const uint8_t *p, int sub, int blocks, const struct eng_block *a, float total[][GROUP])
{
	vf all[TILE], sum[TILE];
	UNROLL for (int t = 0; t < T; t++)
		all[t] = v_zero();
	for (int b = 0; b < blocks;) {
		const int end = blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS, first = b;
		const uint8_t *head = p;
		if (sub == 0)
			prefetch_lines(p + PREFETCH_LANES, lanes_head(type));
		p += lanes_head(type);
		UNROLL for (int t = 0; t < T; t++)
			sum[t] = FREE_ORDER ? all[t] : v_zero();
		for (; b < end; b++, p += lanes_block(type)) {
			vf d, m;
			if (sub == 0)
				prefetch_lines(p + PREFETCH_LANES, lanes_block(type));
			lanes_scale(type, head, p, b - first, sub, &d, &m);
			steps(kind_of(type), unpacked_zero(type), type, T, p + 4 * sub, d, m, a + b, 0, sum);
		}
		UNROLL for (int t = 0; t < T; t++)
			all[t] = FREE_ORDER ? sum[t] : v_add(all[t], sum[t]);
	}
	UNROLL for (int t = 0; t < T; t++)
		v_store(total[t] + sub, all[t]);
}

/* A group by up to FEW tokens. */
FN void gemm_lanes(int type, int n, const struct eng_matrix *m, int group, const struct eng_block *a, float total[][GROUP])
{
	const uint8_t *p = eng_lanes_of(m, group);
	for (int sub = 0; sub < GROUP; sub += W)
		switch (n) {
		case 1: gemm_lanes_tile(type, 1, p, sub, m->blocks, a, total); break;
#if SIMD_TILE > 4
		case 2: case 3: case 4: gemm_lanes_tile(type, 4, p, sub, m->blocks, a, total); break;
#endif
		default: gemm_lanes_tile(type, TILE, p, sub, m->blocks, a, total);
		}
}

#ifdef SIMD_TWINS
#include "k_gemv.h"
#endif

/* A group by n tokens. */
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

#define GEMM(name, ...)                                                                                                          \
	static void gemm_##name(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out,  \
		size_t stride, int mode, uint8_t *panel)                                                                            \
	{                                                                                                                           \
		for (int g = group; g < group + groups; g++, out += GROUP)                                                          \
			gemm_group(ENG_##name, m, g, a, n, out, stride, mode, panel);                                                       \
	}
ENG_TYPES(GEMM)
#undef GEMM

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

/* w·d, or w·d + m. The products are exact. */
static void embed(const struct eng_matrix *m, int row, float scale, float *out, uint8_t *panel)
{
	const int r = row % GROUP, kind = kind_of(m->type);
	const int wide = kind == BYTES || kind == HALVES, zero = panel_zero(kind);
	pack(m, row / GROUP, panel);
	for (int b = 0; b < m->blocks; b++, panel += PANEL_BLOCK, out += BLOCK) {
		const float *scales = (const float *)(const void *)(panel + PANEL_SCALES) + r;
		for (int i = 0; i < BLOCK; i++) {
			const uint8_t w = panel[64 * (i / 4) + 4 * r + i % 4];
			float y = (float)(zero || !wide ? w - zero : (int8_t)w) * scales[kind == HALVES && i >= 16 ? GROUP : 0];
			if (kind == MINIMA)
				y = y + scales[GROUP];
			out[i] = scale != 0 ? y * scale : y;
		}
	}
}

/* What bench.c measures beside the kernels. */
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

__attribute__((unused)) static void gemm_bytes(const uint8_t *panel, int blocks, const struct eng_block *a, float total[SLOTS][GROUP])
{
	for (int t = 0; t < SLOTS; t += TILE)
		gemm_panel_bytes(panel, blocks, a, t, TILE, total + t);
}
