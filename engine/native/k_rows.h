/* k_rows.h - reads sixteen rows of a matrix as a GGUF file has them, W at a time: sixteen bytes of each row are transposed to four
 * vectors with a row a lane. What a type's bytes mean: ../arith/SPEC.md section 3.
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

/* 32 bytes of each row, from at on: w[j] are bytes 4j … 4j+3. */
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

/* A block's scale, from its first four bytes. */
FN vf scale_in(int type, vi head) { return type == ENG_MXFP4 ? v_exponent(head) : v_half(head); }

FN vf six_bits(vi v) { return v_cvt(vi_and(v, vi_set1(63))); }

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

/* Where a block of Q6_K has its scales, which are its last eighteen bytes. */
enum { SCALES_6 = 192 };

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
