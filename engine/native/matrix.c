/* matrix.c - matrices as internal.h describes them. */
#include "types.h"

int eng_matrix_set(struct eng_matrix *m, int type, int rows, int cols, const uint8_t *data)
{
	const int len = block_len(type);
	if (len == 0 || rows < 1 || cols < BLOCK || cols % len != 0)
		return ENG_BAD_SHAPE;
	*m = (struct eng_matrix){
		.type = type, .rows = rows, .cols = cols, .groups = (rows + GROUP - 1) / GROUP, .blocks = cols / BLOCK,
		.data = data, .stride = (size_t)(cols / len) * block_bytes(type), .bias = m->bias,
	};
	return ENG_OK;
}

size_t eng_panel_bytes(const struct eng_matrix *m) { return eng_round((size_t)m->blocks, CHUNK_BLOCKS) * (PANEL_BLOCK + BLOCK); }
