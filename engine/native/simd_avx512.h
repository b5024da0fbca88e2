/* simd_avx512.h - the vocabulary of the kernels with sixteen lanes, for AVX-512 with VNNI. */
#include <immintrin.h>
#include <string.h>

#define SIMD_TILE 8
enum { W = 16, ATT_WIDEST = 24, ATT_VECS = 4, TILE = SIMD_TILE };
/* Attention's loops: rows by vectors of keys or elements, as there are registers. */
#define ATT_LOOPS(X) X(24, 1) X(6, 4) X(4, 4) X(3, 4) X(2, 4) X(1, 4)
/* Some machines with these instructions have a second cache that is the better place (eng_prefetches_far). */
#define ATT_MAY_FAR
#define SIMD_S8 0

typedef __m512 vf;
typedef __m512i vi;
typedef __m512i vb;

FN vi v_bits(vf x) { return _mm512_castps_si512(x); }
FN vf v_float(vi i) { return _mm512_castsi512_ps(i); }
FN vf v_load(const float *p) { return _mm512_loadu_ps(p); }
FN void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
FN vf v_set1(float x) { return _mm512_set1_ps(x); }
FN vf v_zero(void) { return _mm512_setzero_ps(); }
FN vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
FN vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
FN vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
FN vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
FN vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
FN vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); } /* a > b ? a : b, also for NaN */
FN vf v_gt(vf a, vf b, vf x, vf y) { return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x); }
FN vf v_cvt(vi i) { return _mm512_cvtepi32_ps(i); }
FN vi v_rne(vf x) { return _mm512_cvtps_epi32(x); }
FN vi vi_set1(int32_t i) { return _mm512_set1_epi32(i); }
FN vi vi_iota(void) { return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
FN vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
FN vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
FN vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
FN vi vi_shl(vi a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
FN vi vi_shr(vi a, int n) { return _mm512_srli_epi32(a, (unsigned)n); }
FN vi vi_sar(vi a, int n) { return _mm512_srai_epi32(a, (unsigned)n); }
FN vi vi_max(vi a, vi b) { return _mm512_max_epi32(a, b); }
FN vf vi_lt(vi a, vi b, vf x, vf y) { return _mm512_mask_blend_ps(_mm512_cmplt_epi32_mask(a, b), y, x); }
FN int32_t vi_hmax(vi a) { return _mm512_reduce_max_epi32(a); }
FN int32_t vi_hadd(vi a) { return _mm512_reduce_add_epi32(a); }
FN float v_hmax(vf a)
{
	__m256 h = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
	__m128 m = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
	m = _mm_max_ps(m, _mm_movehl_ps(m, m));
	m = _mm_max_ss(m, _mm_shuffle_ps(m, m, 1));
	return _mm_cvtss_f32(m);
}
FN void vi_store8(int8_t *p, vi a) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(a)); }
FN uint16_t v_narrow1(float x) { return (uint16_t)_cvtss_sh(x, 0); }
FN vf v_widen(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
FN void v_narrow(uint16_t *p, vf x) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(x, 0)); }

FN float v_fold16(const vf a[1])
{
	__m256 s = _mm256_add_ps(_mm512_castps512_ps256(a[0]), _mm512_extractf32x8_ps(a[0], 1));
	__m128 q = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
	q = _mm_add_ps(q, _mm_movehl_ps(q, q));
	q = _mm_add_ss(q, _mm_shuffle_ps(q, q, 1));
	return _mm_cvtss_f32(q);
}

FN vb vb_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
FN void vb_store(uint8_t *p, vb v) { _mm512_storeu_si512(p, v); }
FN vi vb_int(vb v) { return v; }
FN vi vi_load(const int32_t *p) { return _mm512_loadu_si512(p); }
FN vb vb_set1(int n) { return _mm512_set1_epi8((char)n); }
FN vb vb_add(vb a, vb b) { return _mm512_add_epi8(a, b); }
FN vb vb_or(vb a, vb b) { return _mm512_or_si512(a, b); }
FN vb vb_shr(vb v, int n, int mask) { return _mm512_and_si512(_mm512_srli_epi16(v, (unsigned)n), _mm512_set1_epi8((char)mask)); }
FN vb vb_shl(vb v, int n) { return _mm512_slli_epi16(v, (unsigned)n); }
FN vb vb_lookup(const int8_t *table, vb v) { return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)table)), v); }
FN vb vb_fifth(vb bits, int j)
{
	const vb at = _mm512_shuffle_epi8(bits, _mm512_add_epi8(_mm512_set4_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0), _mm512_set1_epi8((char)(j / 2))));
	return _mm512_maskz_set1_epi8(_mm512_test_epi8_mask(at, _mm512_set1_epi32(j % 2 ? (int)0x80402010 : 0x08040201)), 16);
}
FN __m128i vb_16(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
FN __m512i vb_four(const uint8_t *const p[4], size_t at)
{
	__m512i v = _mm512_inserti32x4(_mm512_castsi128_si512(vb_16(p[0] + at)), vb_16(p[1] + at), 1);
	return _mm512_inserti32x4(_mm512_inserti32x4(v, vb_16(p[2] + at), 2), vb_16(p[3] + at), 3);
}
FN void vb_transpose(const uint8_t *const p[4], size_t stride, size_t at, vb w[4])
{
	const __m512i a = vb_four(p, at), b = vb_four(p, at + stride), c = vb_four(p, at + 2 * stride), d = vb_four(p, at + 3 * stride);
	const __m512i ab = _mm512_unpacklo_epi32(a, b), cd = _mm512_unpacklo_epi32(c, d);
	const __m512i ab2 = _mm512_unpackhi_epi32(a, b), cd2 = _mm512_unpackhi_epi32(c, d);
	w[0] = _mm512_unpacklo_epi64(ab, cd);
	w[1] = _mm512_unpackhi_epi64(ab, cd);
	w[2] = _mm512_unpacklo_epi64(ab2, cd2);
	w[3] = _mm512_unpackhi_epi64(ab2, cd2);
}
FN __m128i vi_four(const uint8_t *p, size_t stride)
{
	int32_t h[4];
	UNROLL for (int i = 0; i < 4; i++)
		memcpy(h + i, p + (size_t)i * stride, 4);
	return _mm_insert_epi32(_mm_insert_epi32(_mm_insert_epi32(_mm_cvtsi32_si128(h[0]), h[1], 1), h[2], 2), h[3], 3);
}
FN vi vi_gather(const uint8_t *const p[4], size_t stride)
{
	__m512i v = _mm512_inserti32x4(_mm512_castsi128_si512(vi_four(p[0], stride)), vi_four(p[1], stride), 1);
	return _mm512_inserti32x4(_mm512_inserti32x4(v, vi_four(p[2], stride), 2), vi_four(p[3], stride), 3);
}
FN vi vi_unsigned(const uint8_t *p) { return _mm512_cvtepu8_epi32(vb_16(p)); }
FN vi vi_signed(const uint8_t *p) { return _mm512_cvtepi8_epi32(vb_16(p)); }
FN vb vb_dword(const int8_t *q) { int32_t i; memcpy(&i, q, 4); return _mm512_set1_epi32(i); }

#define SIMD_DOT
FN vi v_dot(vb w, const int8_t *q, vi s) { return _mm512_dpbusd_epi32(s, w, vb_dword(q)); }
FN vi v_dot_u8(const vb w[4], const int8_t *q, vi s)
{
	UNROLL for (int j = 0; j < 4; j++)
		s = _mm512_dpbusd_epi32(s, w[j], vb_dword(q + 4 * j));
	return s;
}
FN vi v_dot_u5(const vb w[8], const int8_t *q) { return v_dot_u8(w + 4, q + 16, v_dot_u8(w, q, _mm512_setzero_si512())); }

/* Twins: 32 bytes, or what they stand for, of two blocks. */
#define SIMD_TWINS
typedef __m512i vt;
FN __m256i vt_32(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
FN vt vt_load(const uint8_t *p, const uint8_t *q) { return _mm512_inserti64x4(_mm512_castsi256_si512(vt_32(p)), vt_32(q), 1); }
FN vt vt_nibbles(const uint8_t *p, const uint8_t *q)
{
	const vt v = _mm512_mask_broadcast_i32x4(_mm512_broadcast_i32x4(vb_16(p)), 0xff00, vb_16(q));
	return _mm512_and_si512(_mm512_srlv_epi32(v, _mm512_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 4, 4, 4, 4)), _mm512_set1_epi8(15));
}
FN vt vt_zero(void) { return _mm512_setzero_si512(); }
FN vt vt_flip(vt v) { return _mm512_xor_si512(v, _mm512_set1_epi8(-128)); }
FN vt vt_or(vt a, vt b) { return _mm512_or_si512(a, b); }
FN vt vt_up(vt v) { return _mm512_slli_epi16(v, 4); }
FN vt vt_bits(vt v, int n, int mask) { return vb_shr(v, n, mask); }
FN vt vt_lookup(const int8_t *table, vt v) { return vb_lookup(table, v); }
FN vt vt_fifth(const uint8_t *p, const uint8_t *q)
{
	uint32_t a, b;
	memcpy(&a, p, 4);
	memcpy(&b, q, 4);
	return _mm512_maskz_set1_epi8((__mmask64)((uint64_t)b << 32 | a), 16);
}
FN vt vt_dot(vt w, const int8_t *q, int wide)
{
	(void)wide;
	return _mm512_dpbusd_epi32(_mm512_setzero_si512(), w, _mm512_loadu_si512(q));
}
/* The sums of halves of eight blocks, from four twins' dots: lanes 0, 1 those of blocks 0 … 3, lanes 2, 3 those of 4 … 7. */
FN vt vt_quarters(const vt z[4])
{
	const vt a = _mm512_add_epi32(_mm512_unpacklo_epi32(z[0], z[1]), _mm512_unpackhi_epi32(z[0], z[1]));
	const vt b = _mm512_add_epi32(_mm512_unpacklo_epi32(z[2], z[3]), _mm512_unpackhi_epi32(z[2], z[3]));
	return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}
FN void vt_halves(const vt z[4], int32_t *out) { _mm512_storeu_si512(out, vt_quarters(z)); }
FN void vt_totals(const vt z[4], int32_t *out)
{
	vt v = vt_quarters(z);
	v = _mm512_add_epi32(v, _mm512_permutex_epi64(v, 0x4e));
	v = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 1, 4, 5, 0, 1, 4, 5), v);
	_mm256_storeu_si256((__m256i *)(void *)out, _mm512_castsi512_si256(v));
}
