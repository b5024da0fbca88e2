/* isa_scalar.c - the kernels in plain C11, for any machine. */
#include "internal.h"

#include "simd_scalar.h"

#include "k_float.h"
#include "k_panel.h"
#include "k_linear.h"
#include "k_attention.h"

const struct eng_kernels eng_kernels_scalar = {
	.norm = norm, .quantize = quantize, .linear = linear, .gate = gate, .place = place, .attend = attend,
	.embed = embed, .add = add, .cap = cap, .argmax = argmax, .function = function,
};
