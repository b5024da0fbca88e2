/* weights.c - memory, and matrices as internal.h describes them. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#include "internal.h"

enum { HUGE_PAGE = 2 << 20 };

void *eng_alloc(size_t bytes)
{
	size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 4096;
	void *p = NULL;
	if (eng_refuses())
		return NULL;
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

void *eng_map(size_t bytes)
{
#ifdef __linux__
	/* As much more as it takes to begin where a large page does; what is not touched takes no memory. */
	const size_t all = eng_round(bytes, HUGE_PAGE) + HUGE_PAGE;
	char *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	const size_t before = eng_round((uintptr_t)p, HUGE_PAGE) - (uintptr_t)p;
	if (before > 0)
		munmap(p, before);
	if (before < HUGE_PAGE)
		munmap(p + before + all - HUGE_PAGE, HUGE_PAGE - before);
#ifdef MADV_HUGEPAGE
	madvise(p + before, all - HUGE_PAGE, MADV_HUGEPAGE);
#endif
	return p + before;
#else
	return eng_alloc(bytes);
#endif
}

void eng_unmap(void *p, size_t bytes)
{
	if (!p)
		return;
#ifdef __linux__
	munmap(p, eng_round(bytes, HUGE_PAGE));
#else
	(void)bytes;
	free(p);
#endif
}

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
