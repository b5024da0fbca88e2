/* isa_avx2.c - the level of AVX2 with FMA and F16C. */
#ifdef __x86_64__
#define ISA avx2
#define ISA_TARGET "avx2,fma,f16c"
#define ISA_SIMD "simd_avx2.h"
#include "isa.h"
#endif
