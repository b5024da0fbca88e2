/* simd_scalar.h - the vocabulary of the kernels with one lane: plain C11, for any machine.
 *
 * A simd_*.h gives W lanes of floats (vf), of 32-bit integers (vi) and of four bytes (vb), and these operations on them: v_gt and
 * vi_lt choose x where the comparison holds, else y; v_max is a > b ? a : b; v_rne rounds to the nearest integer, halves to even;
 * v_fold16 adds sixteen partial sums as AC1 does; v_dot_* are exact dots of a row's bytes in a lane with a token's bytes. Of bytes,
 * vb_shr shifts each and masks it, vb_shl shifts those whose bits do not leave the byte, vb_lookup takes each from a table of
 * sixteen, vb_fifth is 16 where bit 4j+i of a lane is set, for its byte i. vb_transpose reads sixteen bytes, from at on, of each of W rows
 * (every fourth one's place is in p): dword j of row r becomes lane r of w[j]. vi_gather reads four of each. */
#include <string.h>

#define SIMD_TILE 4
enum { W = 1, ATT_WIDEST = 3, ATT_VECS = 2, TILE = SIMD_TILE };
/* Attention's loops: rows by vectors of keys or elements, as there are registers. */
#define ATT_LOOPS(X) X(3, 2) X(2, 2) X(1, 2)
#define SIMD_S8 0 /* dot products take weights as unsigned bytes */

typedef float vf;
typedef int32_t vi;
typedef uint32_t vb;

FN vi v_bits(vf x) { vi i; memcpy(&i, &x, 4); return i; }
FN vf v_float(vi i) { vf x; memcpy(&x, &i, 4); return x; }
FN vf v_load(const float *p) { return *p; }
FN void v_store(float *p, vf x) { *p = x; }
FN vf v_set1(float x) { return x; }
FN vf v_zero(void) { return 0; }
FN vf v_add(vf a, vf b) { return a + b; }
FN vf v_sub(vf a, vf b) { return a - b; }
FN vf v_mul(vf a, vf b) { return a * b; }
FN vf v_div(vf a, vf b) { return a / b; }
#ifdef __FP_FAST_FMAF
FN vf v_fma(vf a, vf b, vf c) { return __builtin_fmaf(a, b, c); }
#else
/* Without the instruction: in binary64 the product is exact, and rounding the sum twice is wrong only where the first time ended
 * halfway between two binary32 numbers, or where the result is subnormal. There the library decides. */
FN vf v_fma(vf a, vf b, vf c)
{
	double s = (double)a * (double)b + (double)c;
	uint64_t bits;
	memcpy(&bits, &s, 8);
	if ((bits & 0x1fffffff) == 0x10000000 || (s != 0 && __builtin_fabs(s) < 0x1p-126))
		return __builtin_fmaf(a, b, c);
	return (float)s;
}
#endif
FN vf v_max(vf a, vf b) { return a > b ? a : b; }
FN vf v_gt(vf a, vf b, vf x, vf y) { return a > b ? x : y; }
FN vf v_cvt(vi i) { return (float)i; }
FN vi v_rne(vf x) { return v_bits(x + 0x1.8p23f) - 0x4B400000; } /* |x| < 2^22 */
FN vi vi_set1(int32_t i) { return i; }
FN vi vi_iota(void) { return 0; }
FN vi vi_add(vi a, vi b) { return (vi)((uint32_t)a + (uint32_t)b); }
FN vi vi_and(vi a, vi b) { return a & b; }
FN vi vi_or(vi a, vi b) { return a | b; }
FN vi vi_shl(vi a, int n) { return (vi)((uint32_t)a << n); }
FN vi vi_shr(vi a, int n) { return (vi)((uint32_t)a >> n); }
FN vi vi_sar(vi a, int n) { return a < 0 ? ~(~a >> n) : a >> n; }
FN vi vi_max(vi a, vi b) { return a > b ? a : b; }
FN vf vi_lt(vi a, vi b, vf x, vf y) { return a < b ? x : y; }
FN int32_t vi_hmax(vi a) { return a; }
FN int32_t vi_hadd(vi a) { return a; }
FN float v_hmax(vf a) { return a; }
FN void vi_store8(int8_t *p, vi a) { *p = (int8_t)a; }

FN float v_widen1(uint16_t h)
{
	uint32_t b = (uint32_t)(h & 0x8000) << 16 | (uint32_t)(h & 0x7fff) << 13;
	if ((h & 0x7c00) == 0x7c00)
		return v_float((vi)(b | 0x7f800000));
	return v_float((vi)b) * 0x1p112f;
}
FN uint16_t v_narrow1(float x)
{
	uint32_t b = (uint32_t)v_bits(x), sign = b >> 16 & 0x8000;
	b &= 0x7fffffff;
	if (b > 0x7f800000)
		return (uint16_t)(sign | 0x7e00);
	if (b >= 0x477ff000)
		return (uint16_t)(sign | 0x7c00);
	if (b < 0x38800000)
		return (uint16_t)(sign | (uint32_t)v_rne(v_float((vi)b) * 0x1p24f));
	b += 0xfff + (b >> 13 & 1);
	return (uint16_t)(sign | (b - (112u << 23)) >> 13);
}
FN vf v_widen(const uint16_t *p) { return v_widen1(*p); }
FN void v_narrow(uint16_t *p, vf x) { *p = v_narrow1(x); }

FN float v_fold16(const vf a[16])
{
	float s[16];
	for (int i = 0; i < 16; i++)
		s[i] = a[i];
	for (int w = 8; w > 0; w /= 2)
		for (int i = 0; i < w; i++)
			s[i] = s[i] + s[i + w];
	return s[0];
}

FN vb vb_load(const uint8_t *p) { vb v; memcpy(&v, p, 4); return v; }
FN void vb_store(uint8_t *p, vb v) { memcpy(p, &v, 4); }
FN vi vb_int(vb v) { return (vi)v; }
FN vi vi_load(const int32_t *p) { return *p; }
FN vb vb_set1(int n) { return ((uint32_t)n & 255) * 0x01010101; }
FN vb vb_add(vb a, vb b) { return ((a & 0x7f7f7f7f) + (b & 0x7f7f7f7f)) ^ ((a ^ b) & 0x80808080); }
FN vb vb_or(vb a, vb b) { return a | b; }
FN vb vb_shr(vb v, int n, int mask) { return v >> n & (uint32_t)mask * 0x01010101; }
FN vb vb_shl(vb v, int n) { return v << n; }
FN vb vb_lookup(const int8_t *table, vb v)
{
	vb w = 0;
	for (int i = 0; i < 4; i++)
		w |= (uint32_t)(uint8_t)table[v >> 8 * i & 15] << 8 * i;
	return w;
}
FN vb vb_fifth(vb bits, int j)
{
	uint32_t n = bits >> 4 * j;
	return (n & 1) << 4 | (n & 2) << 11 | (n & 4) << 18 | (n & 8) << 25;
}
FN vi vi_gather(const uint8_t *const p[4], size_t stride)
{
	vi h;
	(void)stride;
	memcpy(&h, p[0], 4);
	return h;
}
FN vi vi_unsigned(const uint8_t *p) { return *p; }
FN vi vi_signed(const uint8_t *p) { return (int8_t)*p; }
FN void vb_transpose(const uint8_t *const p[4], size_t stride, size_t at, vb w[4])
{
	(void)stride;
	memcpy(w, p[0] + at, 16);
}

/* Bytes in a row, so that a compiler may use what vectors it has. */
FN vi v_dot_u8(const vb w[4], const int8_t *q, vi s)
{
	uint8_t b[16];
	memcpy(b, w, 16);
	for (int i = 0; i < 16; i++)
		s += b[i] * q[i];
	return s;
}
FN vi v_dot_u5(const vb w[8], const int8_t *q) { return v_dot_u8(w + 4, q + 16, v_dot_u8(w, q, 0)); }
