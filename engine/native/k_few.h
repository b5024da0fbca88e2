/* k_few.h - gemm for few tokens, straight from where the weights lie: x[T, D] · w[16, D] → y[T, 16], T up to FEW, without a panel that
 * would be packed for so few. gemm_rows takes sixteen rows from the file, gemm_lanes interleaved ones; for one token it is gemv,
 * where k_gemv.h has none. It is the linear layer of ../arith/SPEC.md section 3, whose reference is plainRow of ../arith/blocks.go.
 */

/* What of a tile is used or not costs the same, so few tokens are up to a tile of them. */
enum { FEW = TILE };

/* A block by T tokens: block_step of each. */
FN void gemm_rows_steps(int kind, int T, const vb w[8], vf d, vf m, const struct eng_block *a, int slot, vf *sum)
{
	UNROLL for (int t = 0; t < T; t++)
		sum[t] = block_step(kind, w, d, m, a, slot + t, sum[t]);
}

/* The functions below add a chunk, sum[T, W] += x[T, 256] · w[W, 256], for the tokens of a from its first slot on, and prefetch as many
 * bytes from ahead on. Of Q4_1 four blocks are eighty bytes, five times sixteen, so that the scales are transposed with the weights. */
FN void gemm_rows_q41(int T, struct rows r, int blocks, const struct eng_block *a, vf *sum, const uint8_t *ahead)
{
	const size_t bytes = block_bytes(ENG_Q4_1);
	int b = 0;
	for (; b + 4 <= blocks; b += 4, r = rows_on(r, 4 * bytes)) {
		vb v[20], w[8];
		UNROLL for (int i = 0; i < 5; i++)
			vb_transpose(r.p, r.stride, 16 * (size_t)i, v + 4 * i);
		UNROLL for (int i = 0; i < 4; i++) {
			ahead = prefetch(ahead, W * (int)bytes);
			nibbles_of(v + 5 * i + 1, w);
			gemm_rows_steps(MINIMA, T, w, v_half(vb_int(v[5 * i])), v_half(vi_shr(vb_int(v[5 * i]), 16)), a + b + i, 0, sum);
		}
	}
	for (; b < blocks; b++, r = rows_on(r, bytes)) {
		vb v[4], w[8];
		vb_transpose(r.p, r.stride, 0, v);
		block_of(ENG_Q4_1, r, w);
		gemm_rows_steps(MINIMA, T, w, v_half(vb_int(v[0])), v_half(vi_shr(vb_int(v[0]), 16)), a + b, 0, sum);
	}
}

/* A type of blocks of 32. */
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

/* Block k of a K type, whose scales are in a panel. */
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

/* Q4_K or Q5_K. */
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

/* Q6_K, whose blocks come out of order: two wait. */
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

/* total[T, 16] += x[T, 256] · w[16, 256]: a group's chunk of blocks from b on, as the file has it. */
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

/* total[T, W] = x[T, D] · w[W, D]: rows sub … sub+W-1 of the interleaved group at p. */
FN void gemm_lanes_tile(int type, int T, bool far, const uint8_t *p, int sub, int blocks, const struct eng_block *a, float total[][GROUP])
{
	vf all[TILE], sum[TILE];
	UNROLL for (int t = 0; t < T; t++)
		all[t] = v_zero();
	for (int b = 0; b < blocks;) {
		const int end = blocks - b < CHUNK_BLOCKS ? blocks : b + CHUNK_BLOCKS, first = b;
		const uint8_t *head = p;
		if (sub == 0)
			prefetch_lines(p, lanes_head(type), far);
		p += lanes_head(type);
		UNROLL for (int t = 0; t < T; t++)
			sum[t] = FREE_ORDER ? all[t] : v_zero();
		for (; b < end; b++, p += lanes_block(type)) {
			vf d, m;
			if (sub == 0)
				prefetch_lines(p, lanes_block(type), far);
			lanes_scale(type, head, p, b - first, sub, &d, &m);
			block_steps(kind_of(type), unpacked_zero(type), type, T, p + 4 * sub, d, m, a + b, 0, sum);
		}
		UNROLL for (int t = 0; t < T; t++)
			all[t] = FREE_ORDER ? sum[t] : v_add(all[t], sum[t]);
	}
	UNROLL for (int t = 0; t < T; t++)
		v_store(total[t] + sub, all[t]);
}

/* total[n, 16] = x[n, D] · w[16, D]: an interleaved group by up to FEW tokens. */
FN void gemm_lanes(int type, int n, const struct eng_matrix *m, int group, const struct eng_block *a, float total[][GROUP])
{
	const uint8_t *p = eng_lanes_of(m, group);
	for (int sub = 0; sub < GROUP; sub += W)
		switch (n) {
		case 1: gemm_lanes_tile(type, 1, m->far, p, sub, m->blocks, a, total); break;
#if SIMD_TILE > 4
		case 2: case 3: case 4: gemm_lanes_tile(type, 4, m->far, p, sub, m->blocks, a, total); break;
#endif
		default: gemm_lanes_tile(type, TILE, m->far, p, sub, m->blocks, a, total);
		}
}
