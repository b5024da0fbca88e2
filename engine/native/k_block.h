/* k_block.h - one block of W rows by some tokens: exact dot products, then the float steps of AC1 (../arith/SPEC.md section 3).
 *
 *     A = fma(float(s), dw*dx, A), s = Σ w·q of 32 inputs     and A = fma(mw, tx, A) where the type has a minimum
 */

/* With ENG_FREE_ORDER, a build for scripts/bench/order.sh alone, sums have no chunks: what the order of AC1 costs. */
#ifdef ENG_FREE_ORDER
enum { FREE_ORDER = 1 };
#else
enum { FREE_ORDER = 0 };
#endif

/* The exact dot product of a block. Bytes are the weights and what kind says. */
FN vi dot(int kind, const vb w[8], const int8_t *q, const int32_t *nt)
{
	if (kind == BYTES)
		return v_dot_u8(w + 4, q + 16, v_dot_u8(w, q, SIMD_S8 ? vi_set1(0) : vi_shl(vi_set1(*nt), 7)));
	vi s = v_dot_u5(w, q);
	return kind == MINIMA ? s : vi_add(s, vi_shl(vi_set1(*nt), kind == PLUS_8 ? 3 : 4));
}

/* One block of one token: the running sum after it. d and m are the scales of the rows. */
FN vf block_step(int kind, const vb w[8], vf d, vf m, const struct eng_block *a, int slot, vf sum)
{
	const int8_t *q = a->q[slot];
	vf dx = v_set1(a->dx[slot]);
	if (kind == HALVES) {
		vi first = SIMD_S8 ? vi_set1(0) : vi_shl(vi_set1(a->nt[slot] - a->nt2[slot]), 7);
		vi last = SIMD_S8 ? vi_set1(0) : vi_shl(vi_set1(a->nt2[slot]), 7);
		sum = v_fma(v_cvt(v_dot_u8(w, q, first)), v_mul(d, dx), sum);
		return v_fma(v_cvt(v_dot_u8(w + 4, q + 16, last)), v_mul(m, dx), sum);
	}
	sum = v_fma(v_cvt(dot(kind, w, q, &a->nt[slot])), v_mul(d, dx), sum);
	return kind == MINIMA ? v_fma(m, v_set1(a->tx[slot]), sum) : sum;
}

#ifdef SIMD_DOT
/* One block by T tokens from slot on, dword by dword for all of them: so the sums of the tokens do not wait for each other, and no
 * dword is kept. The zero point of the dwords is taken off the sums where they begin. */
FN void block_steps(int kind, int zero, int type, int T, const uint8_t *p, vf d, vf m, const struct eng_block *a, int slot, vf *sum)
{
	const int halves = kind == HALVES, two = halves || T == 1;
	vi s[TILE], z[TILE];
	UNROLL for (int t = 0; t < T; t++) {
		const int32_t last = halves ? a->nt2[slot + t] : 0;
		s[t] = zero ? vi_set1((a->nt[slot + t] - last) * zero) : vi_set1(0);
		z[t] = halves ? vi_set1(last * zero) : vi_set1(0);
	}
	UNROLL for (int i = 0; i < 8; i++) {
		const int j = type == PANELLED ? i : i / 2 + i % 2 * 4; /* the two of a line of nibbles together */
		const vb w = lanes_dword(type, p, j);
		UNROLL for (int t = 0; t < T; t++)
			if (two && j >= 4)
				z[t] = v_dot(w, a->q[slot + t] + 4 * j, z[t]);
			else
				s[t] = v_dot(w, a->q[slot + t] + 4 * j, s[t]);
	}
	UNROLL for (int t = 0; t < T; t++) {
		const vf dx = v_set1(a->dx[slot + t]);
		sum[t] = v_fma(v_cvt(two && !halves ? vi_add(s[t], z[t]) : s[t]), v_mul(d, dx), sum[t]);
		if (halves)
			sum[t] = v_fma(v_cvt(z[t]), v_mul(m, dx), sum[t]);
		if (kind == MINIMA)
			sum[t] = v_fma(m, v_set1(a->tx[slot + t]), sum[t]);
	}
}
#else
FN void block_steps(int kind, int zero, int type, int T, const uint8_t *p, vf d, vf m, const struct eng_block *a, int slot, vf *sum)
{
	vb w[8];
	UNROLL for (int j = 0; j < 8; j++) {
		w[j] = lanes_dword(type, p, j);
		if (zero != panel_zero(kind))
			w[j] = vb_add(w[j], vb_set1((panel_zero(kind) - zero) & 255));
	}
	UNROLL for (int t = 0; t < T; t++)
		sum[t] = block_step(kind, w, d, m, a, slot + t, sum[t]);
}
#endif

/* What follows the sums of a group: y[n, 16] = total + bias, or y + (total + bias) with ADD; y[t] is out + t*stride. */
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
