/* isa_avxvnni.c - the level of AVX2 with the dot products of AVX-VNNI. */
#ifdef __x86_64__
#define ISA avxvnni
#define ISA_TARGET "avx2,fma,f16c,avxvnni"
#define SIMD_VNNI
#define ISA_SIMD "simd_avx2.h"
#include "isa.h"
#endif
