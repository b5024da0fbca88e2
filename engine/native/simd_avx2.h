/* simd_avx2.h - the vocabulary of the kernels with eight lanes. SIMD_VNNI adds the dot product of AVX-VNNI. */
#include <immintrin.h>
#include <string.h>

enum { W = 8, ATT_ROWS = 3, ATT_VECS = 4, TILE = 4 };

typedef __m256 vf;
typedef __m256i vi;
typedef __m256i vb;

FN vi v_bits(vf x) { return _mm256_castps_si256(x); }
FN vf v_float(vi i) { return _mm256_castsi256_ps(i); }
FN vf v_load(const float *p) { return _mm256_loadu_ps(p); }
FN void v_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
FN vf v_set1(float x) { return _mm256_set1_ps(x); }
FN vf v_zero(void) { return _mm256_setzero_ps(); }
FN vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
FN vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
FN vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
FN vf v_div(vf a, vf b) { return _mm256_div_ps(a, b); }
FN vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
FN vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); } /* a > b ? a : b, also for NaN */
FN vf v_gt(vf a, vf b, vf x, vf y) { return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ)); }
FN vf v_cvt(vi i) { return _mm256_cvtepi32_ps(i); }
FN vi v_rne(vf x) { return _mm256_cvtps_epi32(x); }
FN vi vi_set1(int32_t i) { return _mm256_set1_epi32(i); }
FN vi vi_iota(void) { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
FN vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
FN vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
FN vi vi_shl(vi a, int n) { return _mm256_slli_epi32(a, n); }
FN vi vi_max(vi a, vi b) { return _mm256_max_epi32(a, b); }
FN vf vi_lt(vi a, vi b, vf x, vf y) { return _mm256_blendv_ps(y, x, _mm256_castsi256_ps(_mm256_cmpgt_epi32(b, a))); }
FN int32_t vi_hmax(vi a)
{
	__m128i m = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
	m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1));
	return _mm_cvtsi128_si32(m);
}
FN int32_t vi_hadd(vi a)
{
	__m128i m = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	m = _mm_add_epi32(m, _mm_shuffle_epi32(m, 0x4e));
	m = _mm_add_epi32(m, _mm_shuffle_epi32(m, 0xb1));
	return _mm_cvtsi128_si32(m);
}
FN float v_hmax(vf a)
{
	__m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
	m = _mm_max_ps(m, _mm_movehl_ps(m, m));
	m = _mm_max_ss(m, _mm_shuffle_ps(m, m, 1));
	return _mm_cvtss_f32(m);
}
FN void vi_store8(int8_t *p, vi a)
{
	__m128i h = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	_mm_storel_epi64((__m128i *)p, _mm_packs_epi16(h, h));
}
FN float v_widen1(uint16_t h) { return _cvtsh_ss(h); }
FN uint16_t v_narrow1(float x) { return (uint16_t)_cvtss_sh(x, 0); }
FN vf v_widen(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
FN void v_narrow(uint16_t *p, vf x) { _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(x, 0)); }

FN float v_fold16(const vf a[2])
{
	vf s = _mm256_add_ps(a[0], a[1]);
	__m128 q = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
	q = _mm_add_ps(q, _mm_movehl_ps(q, q));
	q = _mm_add_ss(q, _mm_shuffle_ps(q, q, 1));
	return _mm_cvtss_f32(q);
}

FN vb vb_load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
FN vb vb_low(vb v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
FN vb vb_high(vb v) { return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15)); }
FN vb vb_or(vb a, vb b) { return _mm256_or_si256(a, b); }
/* 16 in each byte whose bit is set; a byte of bits is two rows */
FN vb vb_fifth(const uint8_t *bits, int row)
{
	int32_t i;
	memcpy(&i, bits + row / 2, 4);
	const vb spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
	const vb each = _mm256_set1_epi64x((long long)0x8040201008040201);
	vb v = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(i), spread), each);
	return _mm256_and_si256(_mm256_cmpeq_epi8(v, each), _mm256_set1_epi8(16));
}
FN vb vb_sign(vb v) { return _mm256_xor_si256(v, _mm256_set1_epi8(-128)); }
FN vb vb_dword(const int8_t *q) { int32_t i; memcpy(&i, q, 4); return _mm256_set1_epi32(i); }

#ifdef SIMD_VNNI
#define SIMD_S8 0
FN vi v_dot_u8(const vb w[4], const int8_t *q, vi s)
{
	UNROLL for (int j = 0; j < 4; j++)
		s = _mm256_dpbusd_avx_epi32(s, w[j], vb_dword(q + 4 * j));
	return s;
}
FN vi v_dot_u5(const vb w[8], const int8_t *q) { return v_dot_u8(w + 4, q + 16, v_dot_u8(w, q, _mm256_setzero_si256())); }
#else
/* Weights of eight bits are signed. The products of two pairs fit 16 bits: 2·128·127 < 2^15. */
#define SIMD_S8 1
FN vi v_dot_u8(const vb w[4], const int8_t *q, vi s)
{
	UNROLL for (int j = 0; j < 4; j++) {
		vi p = _mm256_maddubs_epi16(_mm256_abs_epi8(w[j]), _mm256_sign_epi8(vb_dword(q + 4 * j), w[j]));
		s = _mm256_add_epi32(s, _mm256_madd_epi16(p, _mm256_set1_epi16(1)));
	}
	return s;
}
/* Weights of up to five bits: four products of pairs fit 16 bits, 4·2·31·127 < 2^15. */
FN vi v_dot_u5(const vb w[8], const int8_t *q)
{
	vi s[2];
	UNROLL for (int h = 0; h < 2; h++) {
		vi p = _mm256_maddubs_epi16(w[4 * h], vb_dword(q + 16 * h));
		UNROLL for (int j = 1; j < 4; j++)
			p = _mm256_add_epi16(p, _mm256_maddubs_epi16(w[4 * h + j], vb_dword(q + 16 * h + 4 * j)));
		s[h] = _mm256_madd_epi16(p, _mm256_set1_epi16(1));
	}
	return _mm256_add_epi32(s[0], s[1]);
}
#endif
