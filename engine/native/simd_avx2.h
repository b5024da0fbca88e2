/* simd_avx2.h - the vocabulary of the kernels with eight lanes. SIMD_VNNI adds the dot product of AVX-VNNI. */
#include <immintrin.h>
#include <string.h>

#define SIMD_TILE 4
enum { W = 8, ATT_WIDEST = 3, ATT_VECS = 4, TILE = SIMD_TILE };
/* Attention's loops: rows by vectors of keys or elements, as there are registers. */
#define ATT_LOOPS(X) X(3, 4) X(2, 4) X(1, 4)

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
FN vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
FN vi vi_shl(vi a, int n) { return _mm256_slli_epi32(a, n); }
FN vi vi_shr(vi a, int n) { return _mm256_srli_epi32(a, n); }
FN vi vi_sar(vi a, int n) { return _mm256_srai_epi32(a, n); }
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

FN vb vb_load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
FN void vb_store(uint8_t *p, vb v) { _mm256_storeu_si256((__m256i *)(void *)p, v); }
FN vi vb_int(vb v) { return v; }
FN vi vi_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
FN vb vb_set1(int n) { return _mm256_set1_epi8((char)n); }
FN vb vb_add(vb a, vb b) { return _mm256_add_epi8(a, b); }
FN vb vb_or(vb a, vb b) { return _mm256_or_si256(a, b); }
FN vb vb_shr(vb v, int n, int mask) { return _mm256_and_si256(_mm256_srli_epi16(v, n), _mm256_set1_epi8((char)mask)); }
FN vb vb_shl(vb v, int n) { return _mm256_slli_epi16(v, n); }
FN vb vb_lookup(const int8_t *table, vb v) { return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table)), v); }
FN vb vb_fifth(vb bits, int j)
{
	const vb each = _mm256_set1_epi32(j % 2 ? (int)0x80402010 : 0x08040201);
	const vb quarter = _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c, 0, 0x04040404, 0x08080808, 0x0c0c0c0c);
	const vb at = _mm256_shuffle_epi8(bits, _mm256_add_epi8(quarter, _mm256_set1_epi8((char)(j / 2))));
	return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(at, each), each), _mm256_set1_epi8(16));
}
FN __m128i vb_16(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)(const void *)p); }
FN __m256i vb_two(const uint8_t *const p[4], size_t at)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(vb_16(p[0] + at)), vb_16(p[1] + at), 1);
}
FN void vb_transpose(const uint8_t *const p[4], size_t stride, size_t at, vb w[4])
{
	const __m256i a = vb_two(p, at), b = vb_two(p, at + stride), c = vb_two(p, at + 2 * stride), d = vb_two(p, at + 3 * stride);
	const __m256i ab = _mm256_unpacklo_epi32(a, b), cd = _mm256_unpacklo_epi32(c, d);
	const __m256i ab2 = _mm256_unpackhi_epi32(a, b), cd2 = _mm256_unpackhi_epi32(c, d);
	w[0] = _mm256_unpacklo_epi64(ab, cd);
	w[1] = _mm256_unpackhi_epi64(ab, cd);
	w[2] = _mm256_unpacklo_epi64(ab2, cd2);
	w[3] = _mm256_unpackhi_epi64(ab2, cd2);
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
	return _mm256_inserti128_si256(_mm256_castsi128_si256(vi_four(p[0], stride)), vi_four(p[1], stride), 1);
}
FN __m128i vb_8(const uint8_t *p) { return _mm_loadl_epi64((const __m128i *)(const void *)p); }
FN vi vi_unsigned(const uint8_t *p) { return _mm256_cvtepu8_epi32(vb_8(p)); }
FN vi vi_signed(const uint8_t *p) { return _mm256_cvtepi8_epi32(vb_8(p)); }
FN vb vb_dword(const int8_t *q) { int32_t i; memcpy(&i, q, 4); return _mm256_set1_epi32(i); }

#ifdef SIMD_VNNI
#define SIMD_S8 0
#define SIMD_DOT
FN vi v_dot(vb w, const int8_t *q, vi s) { return _mm256_dpbusd_avx_epi32(s, w, vb_dword(q)); }
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

/* Twins: 32 bytes, or what they stand for, of two blocks. */
#define SIMD_TWINS
typedef struct { __m256i a, b; } vt;
FN vt vt_load(const uint8_t *p, const uint8_t *q) { return (vt){vb_load(p), vb_load(q)}; }
FN __m256i vt_low_high(const uint8_t *p)
{
	const __m128i v = vb_16(p);
	return vb_shr(_mm256_inserti128_si256(_mm256_castsi128_si256(v), _mm_srli_epi16(v, 4), 1), 0, 15);
}
FN vt vt_nibbles(const uint8_t *p, const uint8_t *q) { return (vt){vt_low_high(p), vt_low_high(q)}; }
FN vt vt_zero(void) { return (vt){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
FN vt vt_flip(vt v) { return (vt){_mm256_xor_si256(v.a, vb_set1(-128)), _mm256_xor_si256(v.b, vb_set1(-128))}; }
FN vt vt_or(vt a, vt b) { return (vt){vb_or(a.a, b.a), vb_or(a.b, b.b)}; }
FN vt vt_up(vt v) { return (vt){vb_shl(v.a, 4), vb_shl(v.b, 4)}; }
FN vt vt_bits(vt v, int n, int mask) { return (vt){vb_shr(v.a, n, mask), vb_shr(v.b, n, mask)}; }
FN vt vt_lookup(const int8_t *table, vt v) { return (vt){vb_lookup(table, v.a), vb_lookup(table, v.b)}; }
FN __m256i vt_spread(const uint8_t *p)
{
	int32_t bits;
	memcpy(&bits, p, 4);
	const __m256i byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
	const __m256i each = _mm256_set1_epi64x((int64_t)0x8040201008040201);
	const __m256i v = _mm256_shuffle_epi8(_mm256_set1_epi32(bits), byte);
	return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(v, each), each), vb_set1(16));
}
FN vt vt_fifth(const uint8_t *p, const uint8_t *q) { return (vt){vt_spread(p), vt_spread(q)}; }
#ifdef SIMD_VNNI
FN __m256i vt_dot_one(__m256i w, const int8_t *q, int wide)
{
	(void)wide;
	return _mm256_dpbusd_avx_epi32(_mm256_setzero_si256(), w, vb_load((const uint8_t *)q));
}
#else
FN __m256i vt_dot_one(__m256i w, const int8_t *q, int wide)
{
	const __m256i v = vb_load((const uint8_t *)q);
	const __m256i p = wide ? _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(v, w)) : _mm256_maddubs_epi16(w, v);
	return _mm256_madd_epi16(p, _mm256_set1_epi16(1));
}
#endif
FN vt vt_dot(vt w, const int8_t *q, int wide) { return (vt){vt_dot_one(w.a, q, wide), vt_dot_one(w.b, q + 32, wide)}; }
/* Four blocks' sums of halves: of the first halves, then of the second. */
FN __m256i vt_quarters(__m256i a, __m256i b, __m256i c, __m256i d)
{
	a = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
	c = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
	return _mm256_add_epi32(_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c));
}
FN void vt_halves(const vt z[4], int32_t *out)
{
	_mm256_storeu_si256((__m256i *)(void *)out, vt_quarters(z[0].a, z[1].a, z[2].a, z[3].a));
	_mm256_storeu_si256((__m256i *)(void *)(out + 8), vt_quarters(z[0].b, z[1].b, z[2].b, z[3].b));
}
FN void vt_totals(const vt z[4], int32_t *out)
{
	const __m256i a = vt_quarters(z[0].a, z[1].a, z[2].a, z[3].a), b = vt_quarters(z[0].b, z[1].b, z[2].b, z[3].b);
	_mm256_storeu_si256((__m256i *)(void *)out, _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31)));
}
