/* k_math.h - functions of ../arith/SPEC.md section 4 on vectors of floats of any number of lanes, each lane for itself. */

/* exp(x) */
FN vf v_exp(vf x)
{
	vf e, k, r, p, t;
	x = v_gt(x, v_set1(88.0f), v_set1(88.0f), x);
	t = v_fma(x, v_set1(0x1.715476p+0f), v_set1(0x1.8p+23f));
	k = v_sub(t, v_set1(0x1.8p+23f));
	r = v_fma(k, v_set1(0x1.05c61p-29f), v_fma(k, v_set1(-0x1.62e43p-1f), x));
	p = v_fma(v_set1(0x1.6a23cep-10f), r, v_set1(0x1.123a2p-7f));
	p = v_fma(p, r, v_set1(0x1.5558f2p-5f));
	p = v_fma(p, r, v_set1(0x1.555492p-3f));
	p = v_fma(p, r, v_set1(0x1.fffffcp-2f));
	p = v_fma(p, r, v_set1(1.0f));
	p = v_fma(p, r, v_set1(1.0f));
	e = v_mul(p, v_float(vi_shl(vi_add(v_bits(t), vi_set1(127)), 23)));
	return v_gt(v_set1(-0x1.5d51ecp+6f), x, v_zero(), e);
}

FN vf v_neg(vf x) { return v_float(vi_add(v_bits(x), vi_set1(INT32_MIN))); }
FN vf v_abs(vf x) { return v_float(vi_and(v_bits(x), vi_set1(INT32_MAX))); }

/* silu(x) = x / (1 + exp(-x)) */
FN vf v_silu(vf x) { return v_div(x, v_add(v_set1(1.0f), v_exp(v_neg(x)))); }

/* gelu(x), by exp */
FN vf v_gelu(vf x)
{
	vf u = v_mul(x, v_fma(v_set1(0x1.2444f2p-4f), v_mul(x, x), v_set1(0x1.988454p+0f)));
	return v_div(x, v_add(v_set1(1.0f), v_exp(v_neg(u))));
}

/* The soft cap c: c·tanh(x/c) with the sign of x, by exp. */
FN vf v_cap(vf x, vf c)
{
	vf e = v_exp(v_mul(v_set1(-2.0f), v_abs(v_div(x, c))));
	vf y = v_mul(c, v_div(v_sub(v_set1(1.0f), e), v_add(v_set1(1.0f), e)));
	return v_float(vi_add(v_bits(v_abs(y)), vi_and(v_bits(x), vi_set1(INT32_MIN))));
}
