/* weights.c - matrices as internal.h describes them, made of the blocks of a GGUF file. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#include "internal.h"

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

void *eng_alloc(size_t bytes)
{
	size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 4096;
	void *p = NULL;
	bytes = eng_round(bytes ? bytes : 1, LINE);
	if (posix_memalign(&p, align, bytes) != 0)
		return NULL;
#ifdef MADV_HUGEPAGE
	if (align == HUGE_PAGE)
		madvise(p, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
	memset(p, 0, bytes);
	return p;
}

int eng_format_of(int type, struct eng_format *f)
{
	switch (type) {
	case ENG_Q4_0: *f = (struct eng_format){4, 32, 18}; return 1;
	case ENG_Q4_1: *f = (struct eng_format){4, 64, 20}; return 1;
	case ENG_Q8_0: *f = (struct eng_format){8, 32, 34}; return 1;
	default: return 0;
	}
}

int eng_matrix_alloc(struct eng_matrix *m, int type, int rows, int cols)
{
	struct eng_format f;
	if (!eng_format_of(type, &f) || rows < 1 || cols < BLOCK || cols % BLOCK != 0)
		return ENG_BAD_SHAPE;
	m->type = type;
	m->rows = rows;
	m->cols = cols;
	m->groups = (rows + GROUP - 1) / GROUP;
	m->blocks = cols / BLOCK;
	size_t blocks = (size_t)m->groups * (size_t)m->blocks;
	m->bytes = blocks * (size_t)(LINE * f.lines + f.scales);
	m->q = eng_alloc(m->bytes);
	if (!m->q)
		return ENG_NO_MEMORY;
	m->s = m->q + blocks * (size_t)(LINE * f.lines);
	return ENG_OK;
}

void eng_matrix_free(struct eng_matrix *m)
{
	free(m->q);
	m->q = m->s = NULL;
}

/* One block of one row: p is the block in the file, q and s the row's place in the group. */
static void pack_block(int type, const uint8_t *p, uint8_t *q, uint8_t *s)
{
	memcpy(s, p, 2);
	switch (type) {
	case ENG_Q4_1:
		memcpy(s + 32, p + 2, 2);
		p += 2;
		/* fall through */
	case ENG_Q4_0:
		for (int j = 0; j < 4; j++)
			memcpy(q + LINE * j, p + 2 + 4 * j, 4);
		break;
	default: /* ENG_Q8_0: signed bytes become unsigned by their top bit */
		for (int j = 0; j < 8; j++) {
			uint32_t w;
			memcpy(&w, p + 2 + 4 * j, 4);
			w ^= 0x80808080;
			memcpy(q + LINE * j, &w, 4);
		}
	}
}

void eng_matrix_pack(struct eng_matrix *m, int group, const uint8_t *data)
{
	struct eng_format f = {0};
	eng_format_of(m->type, &f);
	for (int r = 0; r < GROUP && group * GROUP + r < m->rows; r++) {
		const uint8_t *p = data + (size_t)(group * GROUP + r) * (size_t)m->blocks * (size_t)f.source;
		size_t at = (size_t)group * (size_t)m->blocks;
		for (int b = 0; b < m->blocks; b++, at++, p += f.source)
			pack_block(m->type, p, m->q + at * (size_t)(LINE * f.lines) + 4 * r, m->s + at * (size_t)f.scales + 2 * r);
	}
}
