// ac1.cuh - what every kernel needs: names for the compiler's built-ins (no toolkit is included), and the scalars of AC1
// (arith/SPEC.md §1, §4) by operations that round once, to nearest even, and keep subnormals.
#pragma once

#define KERNEL extern "C" __attribute__((global)) void
#define DEVICE static inline __attribute__((device, always_inline))
#define SHARED __attribute__((shared))
#define BLOCK_OF(n) __attribute__((launch_bounds(n)))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char i8;
struct alignas(16) u32x4 {
	u32 x, y, z, w;
};

constexpr u32 BLOCK = 32;  // weights or activations that share a scale
constexpr u32 CHUNK = 256; // elements of one running sum
constexpr u32 PAGE = 64;   // positions of a page
constexpr u32 WARP = 32;   // lanes
constexpr u32 ALL = ~0u;   // the lanes of a whole warp

// BOUNDS is of blocks of so many warps, of which one on a multiprocessor is enough: an assembler may use all registers.
#define BOUNDS(warps) __attribute__((launch_bounds(warps * WARP, 1)))

DEVICE u32 thread() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE u32 threads() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE u32 block_x() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE u32 block_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE u32 blocks_y() { return __nvvm_read_ptx_sreg_nctaid_y(); }
DEVICE void barrier() { __syncthreads(); }

// asked keeps what a warp has asked memory for so far before what comes behind: left alone, an assembler moves each load to
// where its value is used, and a lane then waits for one after the other.
DEVICE void asked() { __nvvm_bar_warp_sync(ALL); }

DEVICE u32 bits(float x) { return __builtin_bit_cast(u32, x); }
DEVICE float of_bits(u32 x) { return __builtin_bit_cast(float, x); }
DEVICE float fma(float x, float y, float z) { return __nvvm_fma_rn_f(x, y, z); }
DEVICE float divide(float x, float y) { return __nvvm_div_rn_f(x, y); }
DEVICE float root(float x) { return __nvvm_sqrt_rn_f(x); }
DEVICE float magnitude(float x) { return of_bits(bits(x) & 0x7fffffff); }
DEVICE bool finite(float x) { return (bits(x) & 0x7f800000) != 0x7f800000; }
DEVICE float widen(u16 h) { return (float)__builtin_bit_cast(_Float16, h); }
DEVICE u16 narrow(float x) { return __builtin_bit_cast(u16, (_Float16)x); }

// The value of another lane of the whole warp.
DEVICE u32 from_lane(u32 x, u32 lane) { return __nvvm_shfl_sync_idx_i32(ALL, x, lane, 31); }
DEVICE u32 across(u32 x, u32 mask) { return __nvvm_shfl_sync_bfly_i32(ALL, x, mask, 31); }
DEVICE u32 from_below(u32 x, u32 by) { return __nvvm_shfl_sync_up_i32(ALL, x, by, 0); }
DEVICE float from_lane(float x, u32 lane) { return of_bits(from_lane(bits(x), lane)); }
DEVICE float across(float x, u32 mask) { return of_bits(across(bits(x), mask)); }
DEVICE float from_below(float x, u32 by) { return of_bits(from_below(bits(x), by)); }

// dot4 adds the products of four signed bytes to c.
DEVICE u32 dot4(u32 a, u32 b, u32 c) {
	u32 d;
	asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
	return d;
}

// MAGIC is 1.5 * 2^23. An integer below 2^22 added to its bits makes the float MAGIC + integer, and back: no conversion is
// needed, and none rounds.
#define MAGIC 0x1.8p+23f
constexpr u32 MAGIC_BITS = 0x4B400000;
DEVICE float whole(u32 biased) { return of_bits(biased) - MAGIC; }

// exp_ac1 is exp(x) of SPEC.md §4; of an x that is not above 88 where LARGE is false.
template <bool LARGE = true> DEVICE float exp_ac1(float x) {
	if (LARGE && x > 88.0f)
		x = 88.0f;
	float t = fma(x, 0x1.715476p+0f, MAGIC);
	float k = t - MAGIC;
	float r = fma(k, 0x1.05c61p-29f, fma(k, -0x1.62e43p-1f, x));
	float p = 0x1.6a23cep-10f;
	p = fma(p, r, 0x1.123a2p-7f);
	p = fma(p, r, 0x1.5558f2p-5f);
	p = fma(p, r, 0x1.555492p-3f);
	p = fma(p, r, 0x1.fffffcp-2f);
	p = fma(p, r, 1.0f);
	p = fma(p, r, 1.0f);
	float y = p * of_bits((bits(t) + 127) << 23);
	return x < -0x1.5d51ecp+6f ? 0.0f : y;
}

// soft_cap is c * tanh(x / c) as SPEC.md §4 writes it.
DEVICE float soft_cap(float x, float c) {
	float e = exp_ac1(-2.0f * magnitude(divide(x, c)));
	float y = c * divide(1.0f - e, 1.0f + e);
	return of_bits((bits(y) & 0x7fffffff) | (bits(x) & 0x80000000));
}

// fold16 adds the sixteen sums that the lanes of each half of a warp hold; every lane has the result (SPEC.md §2).
DEVICE float fold16(float s) {
	for (u32 w = 8; w > 0; w /= 2)
		s = s + across(s, w);
	return s;
}
