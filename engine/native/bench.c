/* bench.c - kernels alone, and loops that say how quick they could be, for scripts/bench/kernels. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "types.h"

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct bench {
	const struct eng_kernels *k;
	struct eng_matrix m;
	struct eng_block *a;
	int n, parts;
	float *out;
	uint8_t *panel; /* of each thread */
	size_t panel_bytes;
	const uint8_t *bytes;
	size_t share;      /* bytes of a part */
	uint32_t *sum;     /* of each part: used, so that no compiler leaves the reading away */
};

static void gemm_part(void *arg, int part, int thread)
{
	const struct bench *b = arg;
	const int from = b->m.groups * part / b->parts, to = b->m.groups * (part + 1) / b->parts;
	b->k->gemm(&b->m, from, to - from, b->a, b->n, b->out + (size_t)from * GROUP, (size_t)b->m.groups * GROUP, STORE,
		b->panel + (size_t)thread * b->panel_bytes);
}

static void read_part(void *arg, int part, int thread)
{
	const struct bench *b = arg;
	(void)thread;
	b->sum[part] += b->k->read(b->bytes + (size_t)part * b->share, b->share);
}

static double quickest(struct eng_pool *pool, struct bench *b, eng_part part, int rounds)
{
	double best = 0;
	for (int i = 0; i < rounds + 1; i++) { /* the first one warms */
		const double began = now();
		eng_pool_run(pool, b->parts, part, b);
		const double took = now() - began;
		if (i == 1 || (i > 1 && took < best))
			best = took;
	}
	return best;
}

/* Random bytes, with small numbers for scales: what is subnormal takes processors longer. */
static void random_weights(int type, uint8_t *p, size_t blocks)
{
	const int scales[2] = {type == ENG_Q6_K ? 208 : 0, type == ENG_Q6_K ? 208 : kind_of(type) == MINIMA ? 2 : 0};
	uint64_t x = 1;
	for (size_t i = 0; i < blocks; i++, p += block_bytes(type)) {
		for (size_t j = 0; j < block_bytes(type); j++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			p[j] = (uint8_t)(x >> 56);
		}
		if (type == ENG_MXFP4)
			p[0] = 120;
		else
			for (int j = 0; j < 2; j++)
				p[scales[j] + 1] = 0x20; /* binary16 between 2^-7 and 2^-6 */
	}
}

static int make_weights(struct bench *b, uint8_t **data, int interleaved, int type, int rows, int cols)
{
	int status = eng_matrix_set(&b->m, type, rows, cols, NULL);
	if (status != ENG_OK)
		return status;
	const size_t bytes = (size_t)rows * b->m.stride;
	b->m.data = *data = eng_alloc(bytes);
	if (!*data)
		return ENG_NO_MEMORY;
	random_weights(type, *data, bytes / block_bytes(type));
	return interleaved ? eng_matrix_interleave(&b->m, b->k->flips) : ENG_OK;
}

static int make_tokens(struct bench *b, int threads)
{
	const int slots = eng_slots(b->k, b->n);
	const size_t tiles = eng_round((size_t)b->n, WIDE_SLOTS) / SLOTS, width = (size_t)b->m.cols;
	float *x = eng_alloc(width * sizeof *x);
	b->panel_bytes = eng_panel_bytes(&b->m) + 4096;
	b->a = eng_alloc(tiles * (size_t)b->m.blocks * sizeof *b->a);
	b->out = eng_alloc(tiles * SLOTS * (size_t)b->m.groups * GROUP * sizeof *b->out);
	b->panel = eng_alloc((size_t)threads * b->panel_bytes);
	const int ok = x && b->a && b->out && b->panel;
	for (size_t i = 0; ok && i < width; i++)
		x[i] = (float)((int)(i * 37 % 255) - 127) / 64;
	for (int t = 0; ok && t < b->n; t++)
		b->k->quantize(eng_tile_of(b->a, slots, t, b->m.blocks), slots, t % slots, x, b->m.blocks);
	free(x);
	return ok ? ENG_OK : ENG_NO_MEMORY;
}

int eng_bench_gemm(int level, int interleaved, int threads, int type, int rows, int cols, int n, int rounds, double *best, int64_t *bytes)
{
	struct bench b = {.k = eng_kernels_at(level), .n = n, .parts = threads * PARTS_A_THREAD};
	struct eng_pool *pool = NULL;
	uint8_t *data = NULL;
	if (!b.k)
		return ENG_NO_LEVEL;
	int status = make_weights(&b, &data, interleaved, type, rows, cols);
	if (status == ENG_OK)
		status = make_tokens(&b, threads);
	if (status == ENG_OK)
		status = eng_pool_new(&pool, threads, 0);
	if (status == ENG_OK) {
		*best = quickest(pool, &b, gemm_part, rounds);
		*bytes = (int64_t)rows * (int64_t)b.m.stride;
	}
	eng_pool_free(pool);
	free((void *)b.m.lanes);
	free(data);
	free(b.a);
	free(b.out);
	free(b.panel);
	return status;
}

int eng_bench_read(int level, int threads, int64_t bytes, int rounds, double *best)
{
	struct bench b = {.k = eng_kernels_at(level), .parts = threads * PARTS_A_THREAD};
	if (!b.k || threads < 1)
		return ENG_NO_LEVEL;
	b.share = (size_t)bytes / (size_t)b.parts / 1024 * 1024;
	uint8_t *data = eng_alloc(b.share * (size_t)b.parts);
	struct eng_pool *pool = NULL;
	b.bytes = data;
	b.sum = eng_alloc((size_t)b.parts * sizeof *b.sum);
	int status = data && b.sum ? eng_pool_new(&pool, threads, 0) : ENG_NO_MEMORY;
	if (status == ENG_OK)
		*best = quickest(pool, &b, read_part, rounds);
	eng_pool_free(pool);
	free(data);
	free(b.sum);
	return status;
}

int eng_bench_tile(int level, int rounds, double *best)
{
	enum { BLOCKS = 18, TIMES = 1000 };
	const struct eng_kernels *k = eng_kernels_at(level);
	if (!k)
		return ENG_NO_LEVEL;
	uint8_t *panel = eng_alloc(BLOCKS * PANEL_BLOCK);
	struct eng_block *a = eng_alloc(BLOCKS * sizeof(struct eng_wide_block));
	_Alignas(64) float total[WIDE_SLOTS][GROUP];
	*best = 0;
	for (int i = 0; panel && a && i < rounds; i++) {
		const double began = now();
		for (int j = 0; j < TIMES * SLOTS / (k->wide ? WIDE_SLOTS : SLOTS); j++)
			k->tile(panel, BLOCKS, a, total);
		const double took = now() - began;
		if (i == 0 || took < *best)
			*best = took;
	}
	const int status = panel && a ? ENG_OK : ENG_NO_MEMORY;
	free(panel);
	free(a);
	return status;
}
