/* k_pack.h - sixteen rows of a matrix, read from a GGUF file's blocks into a panel, as internal.h describes both. The weights of
 * W rows are transposed four inputs at a time: sixteen bytes of each row become four vectors with a row in each lane.
 *
 * Included by each isa_*.c after its simd_*.h and before k_gemm.h. Interleaved weights come to a panel in k_lanes.h. What a type's bytes mean: ../arith/SPEC.md section 2.
 */

/* W rows, stride bytes apart: every fourth one's place. Compilers that know how these lie to each other use a register for each
 * row, and run out of them. */
struct rows {
	const uint8_t *p[4];
	size_t stride;
};
#define HIDE(x) __asm__("" : "+r"(x))
FN struct rows rows_at(const uint8_t *p, size_t stride)
{
	struct rows r = {{p, p + 4 * stride, p + 8 * stride, p + 12 * stride}, stride};
	UNROLL for (int i = 1; i < (W + 3) / 4; i++)
		HIDE(r.p[i]);
	return r;
}
FN struct rows rows_on(struct rows r, size_t bytes)
{
	UNROLL for (int i = 0; i < (W + 3) / 4; i++)
		r.p[i] += bytes;
	return r;
}

/* A lane's low sixteen bits as a finite binary16 number, widened exactly. */
FN vf v_half(vi h)
{
	vi b = vi_or(vi_shl(vi_and(h, vi_set1(0x8000)), 16), vi_shl(vi_and(h, vi_set1(0x7fff)), 13));
	return v_mul(v_float(b), v_set1(0x1p112f));
}

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

FN void store(int type, int tiles, uint8_t *panel, int sub, int j, vb w, int have)
{
	vb_store(panel + 64 * j + 4 * sub, rezero(type, tiles, w, have));
}

FN void bytes_of(struct rows r, int at, vb w[8])
{
	vb_transpose(r.p, r.stride, at, w);
	vb_transpose(r.p, r.stride, at + 16, w + 4);
}

/* Nibbles in sixteen bytes of each row, the low ones first. */
FN void nibbles_of(const vb v[4], vb w[8])
{
	UNROLL for (int j = 0; j < 4; j++) {
		w[j] = vb_shr(v[j], 0, 15);
		w[j + 4] = vb_shr(v[j], 4, 15);
	}
}

/* What a nibble stands for. */
static const int8_t nl_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const int8_t mx_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/* A block of 32 weights, as the file has them: bytes, or nibbles with what belongs to them. */
FN void block_of(int type, struct rows r, vb w[8])
{
	vb v[4];
	if (type == ENG_Q8_0) {
		bytes_of(r, integers_at(type), w);
		return;
	}
	vb_transpose(r.p, r.stride, integers_at(type), v);
	nibbles_of(v, w);
	if (type == ENG_Q5_0 || type == ENG_Q5_1) {
		vb_transpose(r.p, r.stride, integers_at(type) - 4, v);
		UNROLL for (int j = 0; j < 8; j++)
			w[j] = vb_or(w[j], vb_fifth(v[0], j));
	}
	if (type == ENG_IQ4_NL || type == ENG_MXFP4)
		UNROLL for (int j = 0; j < 8; j++)
			w[j] = vb_lookup(type == ENG_MXFP4 ? mx_values : nl_values, w[j]);
}

/* 2^(e-128) of each lane's low byte e, binary32: by two factors, as the product may be subnormal. */
FN vf v_exponent(vi e)
{
	e = vi_and(e, vi_set1(255));
	const vi half = vi_shr(e, 1), rest = vi_shr(vi_add(e, vi_set1(1)), 1);
	return v_mul(v_float(vi_shl(vi_add(half, vi_set1(63)), 23)), v_float(vi_shl(vi_add(rest, vi_set1(63)), 23)));
}

FN vf scale_in(int type, vi head) { return type == ENG_MXFP4 ? v_exponent(head) : v_half(head); }

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

FN void store_scales(uint8_t *panel, int block, int sub, vf d, vf m)
{
	float *to = (float *)(void *)(panel + block * PANEL_BLOCK + PANEL_SCALES) + sub;
	v_store(to, d);
	v_store(to + GROUP, m);
}

FN vf six_bits(vi v) { return v_cvt(vi_and(v, vi_set1(63))); }

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

/* Of 256 weights of Q4_K or Q5_K blocks k and k+1, in 32 bytes, the low nibbles first; bit k of the fifth bits' byte i is of block k. */
FN void pair_45(int type, struct rows r, int k, const vb fifth[8], vb low[8], vb high[8])
{
	vb w[8];
	bytes_of(r, (type == ENG_Q5_K ? 48 : 16) + 16 * k, w);
	UNROLL for (int j = 0; j < 8; j++) {
		low[j] = vb_shr(w[j], 0, 15);
		high[j] = vb_shr(w[j], 4, 15);
		if (type == ENG_Q5_K) {
			low[j] = vb_or(low[j], vb_shl(vb_shr(fifth[j], k, 1), 4));
			high[j] = vb_or(high[j], vb_shl(vb_shr(fifth[j], k + 1, 1), 4));
		}
	}
}

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

/* Where a block of Q6_K has its scales, which are its last eighteen bytes. */
enum { SCALES_6 = 192 };

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

/* Of 256 weights of Q6_K blocks k and k+2, k being 0, 1, 4 or 5: nibbles in 32 bytes, the low ones of k; upper bits in 32 more. */
FN void pair_6(struct rows r, int k, const vb upper[8], vb low[8], vb high[8])
{
	const int s = k % 4;
	vb w[8];
	bytes_of(r, 64 * (k / 4) + 32 * s, w);
	UNROLL for (int j = 0; j < 8; j++) {
		low[j] = vb_or(vb_shr(w[j], 0, 15), vb_shl(vb_shr(upper[j], 2 * s, 3), 4));
		high[j] = vb_or(vb_shr(w[j], 4, 15), vb_shl(vb_shr(upper[j], 2 * s + 4, 3), 4));
	}
}

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

/* Room for a chunk of the rows of a last group, and bytes of a row there. */
enum { CHUNK_BYTES = 272, CHUNK_ROOM = GROUP * CHUNK_BYTES };
#define FITS(name, number, len, bytes) _Static_assert(CHUNK_BLOCKS * BLOCK / (len) * (bytes) <= CHUNK_BYTES, "a chunk of " #name);
ENG_TYPES(FITS)
#undef FITS

/* Where blocks b … b+count-1 of a group begin, b being the first of a chunk; stride tells how far the rows are apart. Rows that the
 * last group lacks are zeros: it is copied to room. */
FN const uint8_t *rows_of(int type, const struct eng_matrix *m, int group, int b, int count, uint8_t *room, size_t *stride)
{
	const size_t unit = block_bytes(type), bytes = is_super(type) ? unit : (size_t)count * unit;
	const uint8_t *p = m->data + (size_t)group * GROUP * m->stride + (size_t)(is_super(type) ? b / CHUNK_BLOCKS : b) * unit;
	const int rows = m->rows - group * GROUP;
	*stride = m->stride;
	if (rows >= GROUP)
		return p;
	memset(room, 0, CHUNK_ROOM);
	for (int r = 0; r < rows; r++)
		memcpy(room + r * CHUNK_BYTES, p + (size_t)r * m->stride, bytes);
	*stride = CHUNK_BYTES;
	return room;
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
