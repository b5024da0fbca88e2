/* isa_amx_emulated.c - gemm on emulated tiles, for tests. */
#ifdef __x86_64__
#define ISA amx_emulated
#define ISA_TARGET "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
#define ISA_TILES "tiles_emulated.h"
#define ISA_SIMD "simd_avx512.h"
#include "isa.h"
#endif
