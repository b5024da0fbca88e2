/* interleave.c - weights copied once, when a model is loaded, into the order in which products read them (internal.h: lanes).
 *
 * A product of a group then reads one stream of memory from its beginning to its end, with one load for a vector of sixteen rows,
 * where the file has sixteen streams, a row apart. All matrices of a model lie in one piece of memory in the order of a step, so that
 * what a product prefetches behind its end is the next one's.
 */
#define _GNU_SOURCE
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif
#include "lanes.h"

/* Bytes of a group. */
static size_t group_bytes(int type, int blocks)
{
	return is_super(type) ? (size_t)(blocks / CHUNK_BLOCKS) * lanes_chunk(type) : (size_t)blocks * lanes_block(type);
}

static uint32_t dword(const uint8_t *p)
{
	uint32_t x;
	memcpy(&x, p, sizeof x);
	return x;
}

/* Stores dword x of a row in a line of dwords, of which to is that row's place. */
static void store_dword(uint8_t *to, int line, uint32_t x) { memcpy(to + line * LINE, &x, sizeof x); }

/* Four fours of bits, each of a byte of its own. */
static uint32_t spread(uint32_t n) { return (n & 1) | (n & 2) << 7 | (n & 4) << 14 | (n & 8) << 21; }

/* The place of bit j of a line of fifth bits (lanes.h). */
static uint32_t fifth_at(uint32_t bits, int j) { return bits << (j < 4 ? 4 + j : j - 4); }

/* A row's block of a type of 32 weights a block. */
static void plain_row(int type, int flip, const uint8_t *p, uint8_t *to, uint8_t *scales, int r)
{
	const uint8_t *w = p + integers_at(type);
	if (type == ENG_Q8_0) {
		for (int j = 0; j < 8; j++)
			store_dword(to, j, dword(w + 4 * j) ^ (flip ? 0x80808080 : 0));
	} else {
		for (int j = 0; j < 4; j++)
			store_dword(to, j, dword(w + 4 * j));
	}
	if (type == ENG_Q5_0 || type == ENG_Q5_1) {
		const uint32_t bits = dword(w - 4);
		uint32_t x = 0;
		for (int j = 0; j < 8; j++)
			x |= fifth_at(spread(bits >> 4 * j & 15), j);
		store_dword(to, 4, x);
	}
	if (type == ENG_MXFP4) {
		scales[r] = p[0];
		return;
	}
	memcpy(scales + 2 * r, p, 2);
	if (lanes_scales(type) == 4 * GROUP)
		memcpy(scales + 2 * (GROUP + r), p + 2, 2);
}

/* The four lines of nibbles of 32 weights whose nibbles are the low or the high ones of 32 bytes. */
static void nibble_lines(const uint8_t *p, int high, uint8_t *to)
{
	const uint32_t low4 = 0x0f0f0f0f;
	for (int j = 0; j < 4; j++) {
		const uint32_t a = dword(p + 4 * j), b = dword(p + 4 * j + 16);
		store_dword(to, j, high ? (a >> 4 & low4) | (b & ~low4) : (a & low4) | (b & low4) << 4);
	}
}

/* A row's 256 weights of Q4_K or Q5_K; to is the row's place in the chunk's first block. */
static void super_row_45(int type, const uint8_t *p, uint8_t *head, uint8_t *to, int r)
{
	const uint8_t *s = p + 4, *low = p + (type == ENG_Q5_K ? 48 : 16);
	uint8_t *scales = head + head_scales(type);
	memcpy(head + 2 * r, p, 2);
	memcpy(head + 2 * (GROUP + r), p + 2, 2);
	for (int k = 0; k < CHUNK_BLOCKS; k++, to += lanes_block(type)) {
		scales[GROUP * k + r] = k < 4 ? s[k] & 63 : (s[k + 4] & 15) | (s[k - 4] >> 6) << 4;
		scales[GROUP * (CHUNK_BLOCKS + k) + r] = k < 4 ? s[k + 4] & 63 : s[k + 4] >> 4 | (s[k] >> 6) << 4;
		nibble_lines(low + 32 * (k / 2), k % 2, to);
		if (type == ENG_Q4_K)
			continue;
		uint32_t x = 0;
		for (int j = 0; j < 8; j++)
			x |= fifth_at(dword(p + 16 + 4 * j) >> k & 0x01010101, j);
		store_dword(to, 4, x);
	}
}

/* A row's 256 weights of Q6_K. */
static void super_row_6(const uint8_t *p, uint8_t *head, uint8_t *to, int r)
{
	uint8_t *scales = head + head_scales(ENG_Q6_K);
	memcpy(head + 2 * r, p + 208, 2);
	for (int k = 0; k < CHUNK_BLOCKS; k++, to += lanes_block(ENG_Q6_K)) {
		const int h = k / 4, s = k % 4;
		scales[2 * GROUP * k + r] = p[192 + 2 * k];
		scales[2 * GROUP * k + GROUP + r] = p[192 + 2 * k + 1];
		nibble_lines(p + 64 * h + 32 * (s % 2), s >= 2, to);
		for (int line = 0; line < 2; line++) {
			uint32_t x = 0;
			for (int j = 0; j < 4; j++) {
				const uint32_t two = dword(p + 128 + 32 * h + 16 * line + 4 * j) >> 2 * s & 0x03030303;
				x |= two << (j < 2 ? 4 + 2 * j : 2 * j - 4);
			}
			store_dword(to, 4 + line, x);
		}
	}
}

/* Rows that a last group lacks are left as they are: zeros. */
static void interleave_group(const struct eng_matrix *m, int flip, int group, uint8_t *to)
{
	const int rows = eng_least(GROUP, m->rows - group * GROUP);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = m->data + (size_t)(group * GROUP + r) * m->stride;
		uint8_t *at = to;
		if (is_super(m->type))
			for (int b = 0; b < m->blocks; b += CHUNK_BLOCKS, p += block_bytes(m->type), at += lanes_chunk(m->type)) {
				uint8_t *first = at + lanes_head(m->type) + 4 * r;
				if (m->type == ENG_Q6_K)
					super_row_6(p, at, first, r);
				else
					super_row_45(m->type, p, at, first, r);
			}
		else
			for (int b = 0; b < m->blocks; b++, p += block_bytes(m->type), at += lanes_block(m->type))
				plain_row(m->type, flip, p, at + 4 * r, at + lanes_weights(m->type), r);
	}
}

/* Gives back what the system keeps in memory of bytes from p on of the file. They can still be read. */
static void give_back(const uint8_t *p, size_t bytes, const uint8_t *file, size_t size)
{
#ifdef __linux__
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (p < file || p + bytes > file + size)
		return; /* weights that were made when the file was read: not the file's */
	uintptr_t from = eng_round((uintptr_t)p, page), to = (uintptr_t)(p + bytes) / page * page;
	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
#else
	(void)p, (void)bytes, (void)file, (void)size;
#endif
}

/* About as many bytes of the file are copied before their pages are given back: a matrix may be half of a model. */
enum { PART_BYTES = 1 << 20 };

struct interleaving {
	struct eng_matrix *m;
	int flip, groups; /* of a part */
	const uint8_t *file;
	size_t size;
};

static void interleave_part(void *arg, int part, int thread)
{
	const struct interleaving *x = arg;
	const int from = part * x->groups, to = eng_least(x->m->groups, from + x->groups);
	(void)thread;
	for (int g = from; g < to; g++)
		interleave_group(x->m, x->flip, g, (uint8_t *)eng_lanes_of(x->m, g));
	const size_t rows = (size_t)(eng_least(x->m->rows, to * GROUP) - from * GROUP);
	give_back(x->m->data + (size_t)(from * GROUP) * x->m->stride, rows * x->m->stride, x->file, x->size);
}

/* Sets where the lanes of w begin, when they are so many pairs of groups apart, or only counts. Returns the bytes that they take. */
static size_t place_lanes(struct eng_matrix *w, uint8_t *at)
{
	w->group_bytes = group_bytes(w->type, w->blocks);
	w->pair_bytes = 2 * w->group_bytes;
	w->lanes = at;
	w->far = eng_prefetches_far();
	return eng_round((size_t)w->groups * w->group_bytes, LINE);
}

/* Gate and up are read by turns, two groups each. */
static size_t place_gate_up(struct eng_matrix *g, struct eng_matrix *u, uint8_t *at)
{
	const size_t bytes = place_lanes(g, at) + place_lanes(u, at ? at + 2 * group_bytes(g->type, g->blocks) : NULL);
	g->pair_bytes = u->pair_bytes = 2 * (g->group_bytes + u->group_bytes);
	return bytes;
}

/* Sets where all lanes begin from at on. Returns the bytes that they take. */
static size_t place_all(eng_model *m, uint8_t *at)
{
	static const int order[] = {ENG_Q, ENG_K, ENG_V, ENG_O, ENG_GATE, ENG_DOWN};
	size_t bytes = 0;
	for (int i = 0; i < m->s.layers; i++) {
		struct eng_matrix *w = m->layers[i].w;
		for (size_t j = 0; j < sizeof order / sizeof *order; j++) {
			uint8_t *to = at ? at + bytes : NULL;
			bytes += order[j] == ENG_GATE ? place_gate_up(&w[ENG_GATE], &w[ENG_UP], to) : place_lanes(&w[order[j]], to);
		}
	}
	if (m->output.data)
		bytes += place_lanes(&m->output, at ? at + bytes : NULL);
	if (m->embed.data == m->output.data) {
		const float *bias = m->embed.bias;
		m->embed = m->output;
		m->embed.bias = bias;
	} else if (m->embed.data) {
		bytes += place_lanes(&m->embed, at ? at + bytes : NULL);
	}
	return bytes + PREFETCH_FAR;
}

int eng_matrix_interleave(struct eng_matrix *m, int flip)
{
	uint8_t *to = eng_alloc(place_lanes(m, NULL) + PREFETCH_FAR);
	if (!to)
		return ENG_NO_MEMORY;
	place_lanes(m, to);
	for (int g = 0; g < m->groups; g++)
		interleave_group(m, flip, g, to + (size_t)g * m->group_bytes);
	return ENG_OK;
}

static void interleave_matrix(eng_model *m, struct eng_matrix *w, const uint8_t *file, size_t size)
{
	const int fit = (int)(PART_BYTES / (GROUP * w->stride));
	struct interleaving x = {w, m->k->flips, fit > 0 ? fit : 1, file, size};
	eng_pool_run(m->pool, (w->groups + x.groups - 1) / x.groups, interleave_part, &x);
	/* The pages that two parts share, too. */
	give_back(w->data, (size_t)w->rows * w->stride, file, size);
}

int eng_model_interleave(eng_model *m, const uint8_t *file, int64_t size)
{
	m->lanes_bytes = place_all(m, NULL);
	m->lanes = eng_refuses() ? NULL : eng_map(m->lanes_bytes);
	if (!m->lanes)
		return ENG_NO_MEMORY;
	place_all(m, m->lanes);
	for (int i = 0; i < m->s.layers; i++)
		for (int j = 0; j < ENG_MATRICES; j++)
			interleave_matrix(m, &m->layers[i].w[j], file, (size_t)size);
	if (m->output.data)
		interleave_matrix(m, &m->output, file, (size_t)size);
	if (m->embed.lanes != m->output.lanes && m->embed.data)
		interleave_matrix(m, &m->embed, file, (size_t)size);
	return ENG_OK;
}
