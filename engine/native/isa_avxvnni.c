/* isa_avxvnni.c - the kernels for AVX2 with the dot products of AVX-VNNI. */
#include "internal.h"

#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avxvnni")
#endif
#define SIMD_VNNI
#include "simd_avx2.h"

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
#include "k_vector.h"
#include "k_attention.h"

const struct eng_kernels eng_kernels_avxvnni = {
	.flips = !SIMD_S8, .norm = norm, .quantize = quantize, .gemm = gemm, .gate = gate, .store_kv = store_kv, .attend = attend,
	.embed = embed, .add = add, .cap = cap, .argmax = argmax, .function = function,
	.read = read_bytes, .tile = gemm_bytes,
};

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
