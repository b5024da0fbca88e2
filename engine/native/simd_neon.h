/* simd_neon.h - the vocabulary of the kernels with four lanes, for arm64 with dot products. SIMD_I8MM adds those of unsigned by
 * signed bytes. */
#include <arm_neon.h>
#include <string.h>

#define SIMD_TILE 4
enum { W = 4, ATT_WIDEST = 4, ATT_VECS = 4, TILE = SIMD_TILE };
/* Attention's loops: rows by vectors of keys or elements, as there are registers. */
#define ATT_LOOPS(X) X(4, 4) X(3, 4) X(2, 4) X(1, 4)

typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint8x16_t vb;

FN vi v_bits(vf x) { return vreinterpretq_s32_f32(x); }
FN vf v_float(vi i) { return vreinterpretq_f32_s32(i); }
FN vf v_load(const float *p) { return vld1q_f32(p); }
FN void v_store(float *p, vf x) { vst1q_f32(p, x); }
FN vf v_set1(float x) { return vdupq_n_f32(x); }
FN vf v_zero(void) { return vdupq_n_f32(0); }
FN vf v_add(vf a, vf b) { return vaddq_f32(a, b); }
FN vf v_sub(vf a, vf b) { return vsubq_f32(a, b); }
FN vf v_mul(vf a, vf b) { return vmulq_f32(a, b); }
FN vf v_div(vf a, vf b) { return vdivq_f32(a, b); }
FN vf v_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
FN vf v_gt(vf a, vf b, vf x, vf y) { return vbslq_f32(vcgtq_f32(a, b), x, y); }
FN vf v_max(vf a, vf b) { return v_gt(a, b, a, b); }
FN vf v_cvt(vi i) { return vcvtq_f32_s32(i); }
FN vi v_rne(vf x) { return vcvtnq_s32_f32(x); }
FN vi vi_set1(int32_t i) { return vdupq_n_s32(i); }
FN vi vi_iota(void) { return (vi){0, 1, 2, 3}; }
FN vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
FN vi vi_and(vi a, vi b) { return vandq_s32(a, b); }
FN vi vi_or(vi a, vi b) { return vorrq_s32(a, b); }
FN vi vi_shl(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(n)); }
FN vi vi_shr(vi a, int n) { return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-n))); }
FN vi vi_sar(vi a, int n) { return vshlq_s32(a, vdupq_n_s32(-n)); }
FN vi vi_max(vi a, vi b) { return vmaxq_s32(a, b); }
FN vf vi_lt(vi a, vi b, vf x, vf y) { return vbslq_f32(vcltq_s32(a, b), x, y); }
FN int32_t vi_hmax(vi a) { return vmaxvq_s32(a); }
FN int32_t vi_hadd(vi a) { return vaddvq_s32(a); }
FN float v_hmax(vf a)
{
	float m = vgetq_lane_f32(a, 0), x[3] = {vgetq_lane_f32(a, 1), vgetq_lane_f32(a, 2), vgetq_lane_f32(a, 3)};
	for (int i = 0; i < 3; i++)
		m = m > x[i] ? m : x[i];
	return m;
}
FN void vi_store8(int8_t *p, vi a)
{
	int8x8_t b = vmovn_s16(vcombine_s16(vmovn_s32(a), vdup_n_s16(0)));
	vst1_lane_s32((int32_t *)(void *)p, vreinterpret_s32_s8(b), 0);
}
FN void v_narrow(uint16_t *p, vf x) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x))); }
FN uint16_t v_narrow1(float x) { return vget_lane_u16(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(x))), 0); }
FN vf v_widen(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }

FN float v_fold16(const vf a[4])
{
	vf s = vaddq_f32(vaddq_f32(a[0], a[2]), vaddq_f32(a[1], a[3]));
	float32x2_t h = vadd_f32(vget_low_f32(s), vget_high_f32(s));
	return vget_lane_f32(h, 0) + vget_lane_f32(h, 1);
}

FN vb vb_load(const uint8_t *p) { return vld1q_u8(p); }
FN void vb_store(uint8_t *p, vb v) { vst1q_u8(p, v); }
FN vi vb_int(vb v) { return vreinterpretq_s32_u8(v); }
FN vi vi_load(const int32_t *p) { return vld1q_s32(p); }
FN vb vb_set1(int n) { return vdupq_n_u8((uint8_t)n); }
FN vb vb_add(vb a, vb b) { return vaddq_u8(a, b); }
FN vb vb_or(vb a, vb b) { return vorrq_u8(a, b); }
FN vb vb_shr(vb v, int n, int mask) { return vandq_u8(vshlq_u8(v, vdupq_n_s8((int8_t)-n)), vdupq_n_u8((uint8_t)mask)); }
FN vb vb_shl(vb v, int n) { return vshlq_u8(v, vdupq_n_s8((int8_t)n)); }
FN vb vb_lookup(const int8_t *table, vb v) { return vreinterpretq_u8_s8(vqtbl1q_s8(vld1q_s8(table), v)); }
FN vb vb_fifth(vb bits, int j)
{
	const vb quarter = {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12};
	const vb each = vreinterpretq_u8_u32(vdupq_n_u32(j % 2 ? 0x80402010 : 0x08040201));
	const vb at = vqtbl1q_u8(bits, vaddq_u8(quarter, vdupq_n_u8((uint8_t)(j / 2))));
	return vandq_u8(vtstq_u8(at, each), vdupq_n_u8(16));
}
FN vi vi_gather(const uint8_t *const p[4], size_t stride)
{
	int32_t h[4];
	for (int i = 0; i < 4; i++)
		memcpy(h + i, p[0] + (size_t)i * stride, 4);
	return (vi){h[0], h[1], h[2], h[3]};
}
FN uint16x8_t vb_4(const uint8_t *p)
{
	uint32_t four;
	memcpy(&four, p, 4);
	return vmovl_u8(vcreate_u8(four));
}
FN vi vi_unsigned(const uint8_t *p) { return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vb_4(p)))); }
FN vi vi_signed(const uint8_t *p)
{
	int32_t four;
	memcpy(&four, p, 4);
	return vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8((uint64_t)(uint32_t)four))));
}
FN void vb_transpose(const uint8_t *const rows[4], size_t stride, size_t at, vb w[4])
{
	const uint8_t *p = rows[0] + at;
	const uint32x4_t a = vreinterpretq_u32_u8(vld1q_u8(p)), b = vreinterpretq_u32_u8(vld1q_u8(p + stride));
	const uint32x4_t c = vreinterpretq_u32_u8(vld1q_u8(p + 2 * stride)), d = vreinterpretq_u32_u8(vld1q_u8(p + 3 * stride));
	const uint32x4_t ac = vzip1q_u32(a, c), bd = vzip1q_u32(b, d), ac2 = vzip2q_u32(a, c), bd2 = vzip2q_u32(b, d);
	w[0] = vreinterpretq_u8_u32(vzip1q_u32(ac, bd));
	w[1] = vreinterpretq_u8_u32(vzip2q_u32(ac, bd));
	w[2] = vreinterpretq_u8_u32(vzip1q_u32(ac2, bd2));
	w[3] = vreinterpretq_u8_u32(vzip2q_u32(ac2, bd2));
}

#ifdef SIMD_I8MM
#define SIMD_S8 0
#define DOT(s, w, q, j) vusdotq_laneq_s32(s, w, q, j)
#else
/* Both sides signed. */
#define SIMD_S8 1
#define DOT(s, w, q, j) vdotq_laneq_s32(s, vreinterpretq_s8_u8(w), q, j)
#endif

FN vi v_dot_u8(const vb w[4], const int8_t *q, vi s)
{
	int8x16_t x = vld1q_s8(q);
	s = DOT(s, w[0], x, 0);
	s = DOT(s, w[1], x, 1);
	s = DOT(s, w[2], x, 2);
	return DOT(s, w[3], x, 3);
}
FN vi v_dot_u5(const vb w[8], const int8_t *q) { return v_dot_u8(w + 4, q + 16, v_dot_u8(w, q, vdupq_n_s32(0))); }
