/* isa_amx.c - gemm on tiles of AMX-INT8. */
#ifdef __x86_64__
#define ISA amx
#define ISA_TARGET "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8"
#define ISA_TILES "tiles_amx.h"
#define ISA_SIMD "simd_avx512.h"
#include "isa.h"
#endif
