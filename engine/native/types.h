/* types.h - what is known of a type of weights when a kernel of it is compiled. What its bytes mean: ../arith/SPEC.md section 3. */
#ifndef ENG_TYPES_H
#define ENG_TYPES_H

#include "internal.h"

/* Weights and bytes of a stored block; 0 of what is no type. */
FN int block_len(int type)
{
	switch (type) {
#define LEN(name, number, len, bytes) case ENG_##name: return len;
	ENG_TYPES(LEN)
#undef LEN
	default: return 0;
	}
}
FN size_t block_bytes(int type)
{
	switch (type) {
#define BYTES_OF(name, number, len, bytes) case ENG_##name: return bytes;
	ENG_TYPES(BYTES_OF)
#undef BYTES_OF
	default: return 0;
	}
}
/* Types that store 256 weights together, a chunk of eight blocks of 32. */
FN int is_super(int type) { return block_len(type) > BLOCK; }

/* The eng_kind of its bytes and scales. */
FN int kind_of(int type)
{
	switch (type) {
	case ENG_Q4_0: return PLUS_8;
	case ENG_Q5_0: return PLUS_16;
	case ENG_Q4_1: case ENG_Q5_1: case ENG_Q4_K: case ENG_Q5_K: return MINIMA;
	case ENG_Q6_K: return HALVES;
	default: return BYTES; /* ENG_Q8_0, ENG_IQ4_NL, ENG_MXFP4 */
	}
}

/* Where a block of 32 weights has its integers; fifth bits are in the four bytes before them. */
FN int integers_at(int type)
{
	return type == ENG_MXFP4 ? 1 : (kind_of(type) == MINIMA ? 4 : 2) + (type == ENG_Q5_0 || type == ENG_Q5_1 ? 4 : 0);
}

FN int has_fifth(int type) { return type == ENG_Q5_0 || type == ENG_Q5_1 || type == ENG_Q5_K; }
FN int has_table(int type) { return type == ENG_IQ4_NL || type == ENG_MXFP4; }

#endif
