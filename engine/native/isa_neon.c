/* isa_neon.c - the level of arm64 with dot products of signed bytes. */
#ifdef __aarch64__
#define ISA neon
#ifdef __clang__
#define ISA_TARGET "dotprod"
#else
#define ISA_TARGET "arch=armv8.2-a+dotprod"
#endif
#define ISA_SIMD "simd_neon.h"
#include "isa.h"
#endif
