/* pages.c - memory of keys and values; pages.go counts who holds it. */
#include <stdlib.h>
#include "internal.h"

uint16_t *eng_page_new(int64_t halves) { return halves > 0 ? eng_alloc((size_t)halves * sizeof(uint16_t)) : NULL; }

void eng_page_free(uint16_t *page) { free(page); }
