/* isa.h - the kernels of one level of instructions. An isa_*.c names its level (ISA), the instructions (ISA_TARGET, none for those that
 * every machine has) and the vectors (ISA_SIMD), and includes this.
 *
 * Why a file for each level: a kernel is written once, for vectors whose type and width a level sets, so two levels cannot be in one
 * unit of compilation; and cgo compiles each file of a package once, all with the same flags, so the file itself must say for which
 * instructions it is. How it says so differs:
 *
 *     gcc      #pragma GCC target holds for every function after it, and for <immintrin.h>. clang does not know it.
 *     clang    #pragma clang attribute … apply_to = function holds for every function until its pop. gcc does not know it.
 *     both     know __attribute__((target)), but function by function: each helper would need it, as neither inlines a function
 *              into one of other instructions; target_clones needs an ifunc and one type of vectors.
 *
 * AMX has kernels of its own for gemm by many tokens alone (ISA_TILES): the rest of its levels is that of AVX-512 (isa_avx512.c).
 */
#include "internal.h"

#define ISA_PRAGMA(x) _Pragma(#x)
#ifdef __clang__
#define ISA_BEGIN(target_) ISA_PRAGMA(clang attribute push(__attribute__((target(target_))), apply_to = function))
#define ISA_END ISA_PRAGMA(clang attribute pop)
#else
#define ISA_BEGIN(target_) ISA_PRAGMA(GCC target(target_))
#define ISA_END
#endif
#define ISA_PASTE(prefix, isa) prefix##isa
#define ISA_EXPAND(prefix, isa) ISA_PASTE(prefix, isa)
#define ISA_NAME(prefix) ISA_EXPAND(prefix, ISA)

#ifdef ISA_TARGET
ISA_BEGIN(ISA_TARGET)
#endif
#include ISA_SIMD

#include "lanes.h"
#include "k_math.h"
#include "k_prefetch.h"
#include "k_rows.h"
#include "k_lanes.h"
#include "k_pack.h"
#include "k_block.h"

#ifdef ISA_TILES
#include ISA_TILES
#include "k_amx.h"
#else
#include "k_gemv.h"
#include "k_few.h"
#include "k_gemm.h"
#include "k_embed.h"
#include "k_vector.h"
#include "k_attention.h"

/* The table of a level: its gemm, its tile, and what else is here. */
#define ISA_KERNELS(wide_, gemm_, tile_)                                                                                                \
	{                                                                                                                           \
		.flips = !SIMD_S8, .wide = wide_, .norm = norm, .quantize = quantize, .gemm = gemm_, .gate = gate,                  \
		.store_kv = store_kv, .attend = attend, .attend_scores = attend_scores, .attend_values = attend_values,             \
		.attend_join = attend_join, .embed = embed, .add = add, .cap = cap, .argmax = argmax, .function = function,         \
		.read = read_bytes, .tile = tile_,                                                                                  \
	}
const struct eng_kernels ISA_NAME(eng_kernels_) = ISA_KERNELS(0, gemm, gemm_bytes);
#endif

#ifdef ISA_TARGET
ISA_END
#endif
