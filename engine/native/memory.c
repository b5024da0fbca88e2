/* memory.c - all memory that C takes and gives back, how tests make it run out, and the slabs of keys and values, whose pages
 * slab.go hands out. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include "internal.h"

enum { HUGE_PAGE = 2 << 20, LARGE = 256 << 10 };

static _Atomic int64_t allowed = -1; /* allocations; below 0 for any number */

int eng_refuses(void)
{
	int64_t n = atomic_load(&allowed);
	while (n > 0 && !atomic_compare_exchange_weak(&allowed, &n, n - 1))
		;
	return n == 0;
}

void eng_test_refuse(int64_t n) { atomic_store(&allowed, n); }

/* glibc else raises the size from which memory goes back to the system to that of whatever is freed, up to 32 MiB, and each thread
 * that once worked for a model keeps what it freed: tens of megabytes that models which are closed leave behind. */
void eng_give_back(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
}

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

uint16_t *eng_slab_new(int64_t halves)
{
	const size_t bytes = (size_t)halves * sizeof(uint16_t);
	if (halves < 1)
		return NULL;
	if (bytes < HUGE_PAGE)
		return eng_alloc(bytes);
	return eng_refuses() ? NULL : eng_map(bytes);
}

void eng_slab_free(uint16_t *slab, int64_t halves)
{
	const size_t bytes = (size_t)halves * sizeof(uint16_t);
	if (bytes < HUGE_PAGE)
		free(slab);
	else
		eng_unmap(slab, bytes);
}
