/* isa_neon.c - the kernels for arm64 with dot products of signed bytes. */
#include "internal.h"

#ifdef __aarch64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
#include "simd_neon.h"

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

const struct eng_kernels eng_kernels_neon = {
	.flips = !SIMD_S8, .norm = norm, .quantize = quantize, .gemm = gemm, .gate = gate, .store_kv = store_kv, .attend = attend,
	.embed = embed, .add = add, .cap = cap, .argmax = argmax, .function = function,
	.read = read_bytes, .tile = gemm_bytes,
};

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
