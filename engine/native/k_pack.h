/* k_pack.h - packs sixteen rows of a matrix into a panel (internal.h), from the file or from lanes: w[16, D] to blocks of
 * dwords [8][16] and scales [2][16]. It is exact: what a weight and a scale are stands in ../arith/SPEC.md section 3.
 */

/* Zero points: by how much bytes exceed the weights that they stand for. That of a panel's bytes; of bytes that lanes_dword or
 * twins_of unpacked, which of six bits are as they are stored; and of those of block_of. */
FN int panel_zero(int kind)
{
	switch (kind) {
	case PLUS_8: return 8;
	case PLUS_16: return 16;
	case MINIMA: return 0;
	default: return SIMD_S8 ? 0 : 128; /* BYTES, HALVES */
	}
}
FN int unpacked_zero(int type) { return kind_of(type) == HALVES ? 32 : panel_zero(kind_of(type)); }
FN int block_zero(int type) { return kind_of(type) == BYTES ? 0 : unpacked_zero(type); }

/* Bytes of the zero point have with that of a panel, which for tiles is 0. */
FN vb rezero(int type, int tiles, vb w, int have)
{
	const int want = tiles ? 0 : panel_zero(kind_of(type));
	return want == have ? w : vb_add(w, vb_set1((want - have) & 255));
}

/* Dwords j of W rows from sub on, to a block of a panel. */
FN void store(int type, int tiles, uint8_t *panel, int sub, int j, vb w, int have)
{
	vb_store(panel + 64 * j + 4 * sub, rezero(type, tiles, w, have));
}

/* The scales of W rows from sub on, to a block of a panel; m are minima, or the scales of the last sixteen inputs. */
FN void store_scales(uint8_t *panel, int block, int sub, vf d, vf m)
{
	float *to = (float *)(void *)(panel + block * PANEL_BLOCK + PANEL_SCALES) + sub;
	v_store(to, d);
	v_store(to + GROUP, m);
}

/* Blocks of 32 weights of W rows. */
FN void pack_plain(int type, int tiles, struct rows r, int blocks, int sub, uint8_t *panel)
{
	for (int b = 0; b < blocks; b++, panel += PANEL_BLOCK, r = rows_on(r, block_bytes(type))) {
		float *d = (float *)(void *)(panel + PANEL_SCALES) + sub;
		const vi head = vi_gather(r.p, r.stride);
		vb w[8];
		v_store(d, scale_in(type, head));
		if (kind_of(type) == MINIMA)
			v_store(d + GROUP, v_half(vi_shr(head, 16)));
		block_of(type, r, w);
		UNROLL for (int j = 0; j < 8; j++)
			store(type, tiles, panel, sub, j, w[j], block_zero(type));
	}
}

/* Scales and minima of Q4_K and Q5_K: six bits each, those of the last four blocks with their upper bits above the first four's. */
FN void pack_scales_45(struct rows r, int sub, uint8_t *panel)
{
	vb v[4];
	vb_transpose(r.p, r.stride, 0, v);
	const vi low = vb_int(v[1]), high = vb_int(v[2]), last = vb_int(v[3]);
	const vf d = v_half(vb_int(v[0])), m = v_neg(v_half(vi_shr(vb_int(v[0]), 16)));
	UNROLL for (int k = 0; k < 4; k++) {
		const vi two = vi_set1(48), four = vi_set1(15);
		store_scales(panel, k, sub, v_mul(d, six_bits(vi_shr(low, 8 * k))), v_mul(m, six_bits(vi_shr(high, 8 * k))));
		vi sc = vi_or(vi_and(vi_shr(last, 8 * k), four), vi_and(vi_shr(low, 8 * k + 2), two));
		vi mn = vi_or(vi_and(vi_shr(last, 8 * k + 4), four), vi_and(vi_shr(high, 8 * k + 2), two));
		store_scales(panel, k + 4, sub, v_mul(d, v_cvt(sc)), v_mul(m, v_cvt(mn)));
	}
}

/* 256 weights of Q4_K or Q5_K. */
FN void pack_45(int type, int tiles, struct rows r, int sub, uint8_t *panel)
{
	vb fifth[8], low[8], high[8];
	pack_scales_45(r, sub, panel);
	if (type == ENG_Q5_K)
		bytes_of(r, 16, fifth);
	UNROLL for (int k = 0; k < 8; k += 2) {
		pair_45(type, r, k, fifth, low, high);
		UNROLL for (int j = 0; j < 8; j++) {
			store(type, tiles, panel + k * PANEL_BLOCK, sub, j, low[j], 0);
			store(type, tiles, panel + (k + 1) * PANEL_BLOCK, sub, j, high[j], 0);
		}
	}
}

/* The sixteen scales of 256 weights of Q6_K, r being where the blocks have them. */
FN void pack_scales_6(struct rows r, int sub, uint8_t *panel)
{
	vb scale[4];
	vb_transpose(r.p, r.stride, 0, scale);
	const vf d = v_half(vi_shr(vi_gather(rows_on(r, 14).p, r.stride), 16)); /* the last two bytes */
	UNROLL for (int k = 0; k < 8; k++) {
		const vi s = vb_int(scale[k / 2]);
		const int up = 24 - 16 * (k % 2);
		store_scales(panel, k, sub, v_mul(d, v_cvt(vi_sar(vi_shl(s, up), 24))), v_mul(d, v_cvt(vi_sar(vi_shl(s, up - 8), 24))));
	}
}

/* 256 weights of Q6_K. */
FN void pack_6(int tiles, struct rows r, int sub, uint8_t *panel)
{
	vb upper[8], low[8], high[8];
	pack_scales_6(rows_on(r, SCALES_6), sub, panel);
	UNROLL for (int k = 0; k < 8; k++) {
		if (k % 4 == 0)
			bytes_of(r, 128 + 8 * k, upper);
		if (k % 4 > 1)
			continue;
		pair_6(r, k, upper, low, high);
		UNROLL for (int j = 0; j < 8; j++) {
			store(ENG_Q6_K, tiles, panel + k * PANEL_BLOCK, sub, j, low[j], 32);
			store(ENG_Q6_K, tiles, panel + (k + 2) * PANEL_BLOCK, sub, j, high[j], 32);
		}
	}
}

/* Up to a chunk of blocks of sixteen rows, a stride apart, of which the first begins at p. */
FN void pack_chunk(int type, int tiles, const uint8_t *p, size_t stride, int blocks, uint8_t *panel)
{
	for (int sub = 0; sub < GROUP; sub += W) {
		const struct rows r = rows_at(p + (size_t)sub * stride, stride);
		if (type == ENG_Q6_K)
			pack_6(tiles, r, sub, panel);
		else if (is_super(type))
			pack_45(type, tiles, r, sub, panel);
		else
			pack_plain(type, tiles, r, blocks, sub, panel);
	}
}

/* All blocks of a group of m, from the file. */
FN void pack_rows(int type, int tiles, const struct eng_matrix *m, int group, uint8_t *panel)
{
	uint8_t room[CHUNK_ROOM];
	for (int b = 0; b < m->blocks; b += CHUNK_BLOCKS, panel += CHUNK_BLOCKS * PANEL_BLOCK) {
		const int count = m->blocks - b < CHUNK_BLOCKS ? m->blocks - b : CHUNK_BLOCKS;
		size_t stride;
		const uint8_t *p = rows_of(type, m, group, b, count, room, &stride);
		pack_chunk(type, tiles, p, stride, count, panel);
	}
}

/* All blocks of a group to a panel. */
FN void pack_lanes(int type, int tiles, const struct eng_matrix *m, int group, uint8_t *panel)
{
	const uint8_t *p = eng_lanes_of(m, group), *head = p;
	for (int b = 0; b < m->blocks; b++, p += lanes_block(type), panel += PANEL_BLOCK) {
		if (is_super(type) && b % CHUNK_BLOCKS == 0) {
			head = p;
			p += lanes_head(type);
		}
		for (int sub = 0; sub < GROUP; sub += W) {
			float *scales = (float *)(void *)(panel + PANEL_SCALES) + sub;
			vf d, mm;
			lanes_scale(type, head, p, b % CHUNK_BLOCKS, sub, &d, &mm);
			v_store(scales, d);
			if (kind_of(type) == MINIMA || kind_of(type) == HALVES)
				v_store(scales + GROUP, mm);
			UNROLL for (int j = 0; j < 8; j++)
				store(type, tiles, panel, sub, j, lanes_dword(type, p + 4 * sub, j), unpacked_zero(type));
		}
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
