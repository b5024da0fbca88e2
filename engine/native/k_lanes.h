/* k_lanes.h - reads sixteen rows of a matrix that is interleaved (lanes.h), W at a time: their dwords and their scales. */

/* The table of nl_values or mx_values as the level's dot products take them. */
FN vb lookup(int type, vb nibbles)
{
	const vb w = vb_lookup(type == ENG_MXFP4 ? mx_values : nl_values, nibbles);
	return SIMD_S8 ? w : vb_add(w, vb_set1(-128));
}

/* What stands for a type where a block is one of a panel. */
enum { PANELLED = -1 };

/* Dwords j of W rows of the block at p, whose zero point is unpacked_zero. */
FN vb lanes_dword(int type, const uint8_t *p, int j)
{
	if (type == ENG_Q8_0 || type == PANELLED)
		return vb_load(p + LINE * j);
	vb w = vb_shr(vb_load(p + LINE * (j % 4)), j / 4 * 4, 15);
	if (has_table(type))
		return lookup(type, w);
	if (has_fifth(type)) {
		const vb h = vb_load(p + 4 * LINE);
		w = vb_or(w, vb_shr(j < 4 ? h : vb_shl(h, 4), j % 4, 16));
	}
	if (type == ENG_Q6_K) {
		const vb h = vb_load(p + (4 + j / 4) * LINE);
		w = vb_or(w, vb_shr(j % 4 < 2 ? h : vb_shl(h, 4), 2 * (j % 2), 48));
	}
	return w;
}

/* Scales and minima (or scales of the last sixteen) of W rows: block k of its 256 inputs at p, with the head at head. */
FN void lanes_scale(int type, const uint8_t *head, const uint8_t *p, int k, int sub, vf *d, vf *m)
{
	*m = v_zero();
	if (is_super(type)) {
		const uint8_t *s = head + head_scales(type) + sub;
		const vf dd = v_widen((const uint16_t *)(const void *)head + sub);
		if (type == ENG_Q6_K) {
			*d = v_mul(dd, v_cvt(vi_signed(s + 2 * GROUP * k)));
			*m = v_mul(dd, v_cvt(vi_signed(s + 2 * GROUP * k + GROUP)));
			return;
		}
		*d = v_mul(dd, v_cvt(vi_unsigned(s + GROUP * k)));
		*m = v_mul(v_neg(v_widen((const uint16_t *)(const void *)head + GROUP + sub)), v_cvt(vi_unsigned(s + GROUP * (CHUNK_BLOCKS + k))));
		return;
	}
	p += lanes_weights(type);
	if (type == ENG_MXFP4) {
		*d = v_exponent(vi_unsigned(p + sub));
		return;
	}
	*d = v_widen((const uint16_t *)(const void *)p + sub);
	if (kind_of(type) == MINIMA)
		*m = v_widen((const uint16_t *)(const void *)p + GROUP + sub);
}
