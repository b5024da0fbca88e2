/* matrix.c - matrices as internal.h describes them. */
#include "internal.h"

/* Bytes and weights of a stored block. */
static int stored(int type, int *bytes, int *len)
{
	*len = type == ENG_Q4_K || type == ENG_Q5_K || type == ENG_Q6_K ? 8 * BLOCK : BLOCK;
	switch (type) {
	case ENG_Q4_0: case ENG_IQ4_NL: *bytes = 18; return 1;
	case ENG_Q4_1: *bytes = 20; return 1;
	case ENG_Q5_0: *bytes = 22; return 1;
	case ENG_Q5_1: *bytes = 24; return 1;
	case ENG_Q8_0: *bytes = 34; return 1;
	case ENG_MXFP4: *bytes = 17; return 1;
	case ENG_Q4_K: *bytes = 144; return 1;
	case ENG_Q5_K: *bytes = 176; return 1;
	case ENG_Q6_K: *bytes = 210; return 1;
	default: return 0;
	}
}

int eng_matrix_set(struct eng_matrix *m, int type, int rows, int cols, const uint8_t *data)
{
	int bytes, len;
	if (!stored(type, &bytes, &len) || rows < 1 || cols < BLOCK || cols % len != 0)
		return ENG_BAD_SHAPE;
	*m = (struct eng_matrix){
		.type = type, .rows = rows, .cols = cols, .groups = (rows + GROUP - 1) / GROUP, .blocks = cols / BLOCK,
		.data = data, .stride = (size_t)(cols / len) * (size_t)bytes, .bias = m->bias,
	};
	return ENG_OK;
}

size_t eng_panel_bytes(const struct eng_matrix *m) { return eng_round((size_t)m->blocks, CHUNK_BLOCKS) * (PANEL_BLOCK + BLOCK); }
