/* k_prefetch.h - memory that is fetched before it is read. */

/* Prefetches up to a kilobyte, known when this is compiled, and returns what follows. */
FN const uint8_t *prefetch(const uint8_t *p, int bytes)
{
	if (!p)
		return NULL;
	UNROLL for (int i = 0; i < (bytes + 63) / 64; i++)
		__builtin_prefetch(p + 64 * i, 0, 3);
	return p + bytes;
}

/* Prefetches lines that are so far ahead of the bytes from p on: enough for them, in a walk. */
FN void prefetch_lines(const uint8_t *p, size_t bytes, bool far)
{
	if (far) {
		UNROLL for (size_t i = 0; i < bytes; i += LINE)
			__builtin_prefetch(p + PREFETCH_FAR + i, 0, 2);
	} else {
		UNROLL for (size_t i = 0; i < bytes; i += LINE)
			__builtin_prefetch(p + PREFETCH_NEAR + i, 0, 3);
	}
}

/* Where the group after this one begins, NULL after the last. Its bytes are prefetched while this one is multiplied, a few lines a
 * block: all at once they would wait for each other. */
FN const uint8_t *next_group(const struct eng_matrix *m, int group)
{
	return !m->lanes && (group + 2) * GROUP <= m->rows ? m->data + (size_t)(group + 1) * GROUP * m->stride : NULL;
}
