/* pages.c - memory of keys and values, of which pages.go counts who holds it; and memory that is refused. */
#include <stdatomic.h>
#include <stdlib.h>
#include "internal.h"

uint16_t *eng_page_new(int64_t halves) { return halves > 0 ? eng_alloc((size_t)halves * sizeof(uint16_t)) : NULL; }

void eng_page_free(uint16_t *page) { free(page); }

static _Atomic int64_t allowed = -1; /* allocations; below 0 for any number */

int eng_refuses(void)
{
	int64_t n = atomic_load(&allowed);
	while (n > 0 && !atomic_compare_exchange_weak(&allowed, &n, n - 1))
		;
	return n == 0;
}

void eng_test_refuse(int64_t n) { atomic_store(&allowed, n); }
