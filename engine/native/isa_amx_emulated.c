/* isa_amx_emulated.c - the kernels for the kernel of AMX on emulated tiles, for tests. */
#include <stdlib.h>
#include "internal.h"

#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif
#include "simd_avx512.h"
#include "tiles_emulated.h"

#include "lanes.h"
#include "k_math.h"
#include "k_prefetch.h"
#include "k_rows.h"
#include "k_lanes.h"
#include "k_pack.h"
#include "k_block.h"
#include "k_gemv.h"
#include "k_few.h"
#include "k_gemm.h"
#include "k_embed.h"
#include "k_amx.h"
#include "k_vector.h"
#include "k_attention.h"

const struct eng_kernels eng_kernels_amx_emulated = {
	.flips = !SIMD_S8, .norm = norm, .quantize = quantize, .gemm = gemm_amx, .gate = gate, .store_kv = store_kv, .attend = attend,
	.embed = embed, .add = add, .cap = cap, .argmax = argmax, .function = function,
	.read = read_bytes, .tile = gemm_bytes_amx,
};

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
