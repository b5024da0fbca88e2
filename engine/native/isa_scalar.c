/* isa_scalar.c - the level of plain C11, for any machine. */
#define ISA scalar
#define ISA_SIMD "simd_scalar.h"
#include "isa.h"
