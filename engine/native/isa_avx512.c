/* isa_avx512.c - the level of AVX-512 (F, BW, DQ, VL) with VNNI; and those of AMX, which are this one but for gemm by more tokens than
 * a tile has. */
#ifdef __x86_64__
#define ISA avx512
#define ISA_TARGET "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
#define ISA_SIMD "simd_avx512.h"
#include "isa.h"

#define AMX_LEVEL(name)                                                                                                             \
	static void gemm_##name(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out,    \
		size_t stride, int mode, uint8_t *panel)                                                                            \
	{                                                                                                                           \
		(n > SLOTS ? eng_gemm_##name : gemm)(m, group, groups, a, n, out, stride, mode, panel);                             \
	}                                                                                                                           \
	const struct eng_kernels eng_kernels_##name = ISA_KERNELS(1, gemm_##name, eng_tile_##name);
AMX_LEVEL(amx)
AMX_LEVEL(amx_emulated)
#endif
