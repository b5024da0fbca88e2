/* isa_i8mm.c - the level of arm64 with dot products of unsigned by signed bytes (i8mm). */
#ifdef __aarch64__
#define ISA i8mm
#ifdef __clang__
#define ISA_TARGET "dotprod,i8mm"
#else
#define ISA_TARGET "arch=armv8.2-a+dotprod+i8mm"
#endif
#define SIMD_I8MM
#define ISA_SIMD "simd_neon.h"
#include "isa.h"
#endif
