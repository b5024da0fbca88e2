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

int eng_format_of(int type, struct eng_format *f)
{
	switch (type) {
	case ENG_Q4_0: *f = (struct eng_format){4, 32, 18, 1}; return 1;
	case ENG_Q4_1: *f = (struct eng_format){4, 64, 20, 1}; return 1;
	case ENG_Q5_0: *f = (struct eng_format){5, 32, 22, 1}; return 1;
	case ENG_Q5_1: *f = (struct eng_format){5, 64, 24, 1}; return 1;
	case ENG_Q8_0: *f = (struct eng_format){8, 32, 34, 1}; return 1;
	case ENG_Q4_K: *f = (struct eng_format){4, 128, 144, 8}; return 1;
	case ENG_Q5_K: *f = (struct eng_format){5, 128, 176, 8}; return 1;
	case ENG_Q6_K: *f = (struct eng_format){8, 128, 210, 8}; return 1;
	default: return 0;
	}
}

int eng_matrix_alloc(struct eng_matrix *m, int type, int rows, int cols)
{
	struct eng_format f;
	if (!eng_format_of(type, &f) || rows < 1 || cols < BLOCK || cols % (BLOCK * f.group) != 0)
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

/* A block of a K type on its way: weights as they are kept, and the products of scales. */
struct block {
	uint8_t w[BLOCK];
	float f[2];
};

static uint16_t half_at(const uint8_t *p)
{
	uint16_t h;
	memcpy(&h, p, 2);
	return h;
}

/* A finite binary16 number, widened exactly. */
static float widen(uint16_t h)
{
	uint32_t b = (uint32_t)(h & 0x8000) << 16 | (uint32_t)(h & 0x7fff) << 13;
	float f;
	memcpy(&f, &b, 4);
	return f * 0x1p112f;
}

/* Scale and minimum of sub-block k: six bits each, those of the last four with their upper bits above the first four's. */
static void sub_scales(struct block *o, const uint8_t *p, int k)
{
	const uint8_t *s = p + 4;
	int d = k < 4 ? s[k] & 63 : (s[k + 4] & 15) | s[k - 4] >> 6 << 4;
	int m = k < 4 ? s[k + 4] & 63 : s[k + 4] >> 4 | s[k] >> 6 << 4;
	o->f[0] = widen(half_at(p)) * (float)d;
	o->f[1] = -(widen(half_at(p + 2)) * (float)m);
}

/* Blocks of 64 weights in 32 bytes: the low nibbles, then the high ones. */
static void nibbles_k(struct block *o, const uint8_t *q, int k)
{
	for (int i = 0; i < BLOCK; i++)
		o->w[i] = q[k / 2 * 32 + i] >> (k % 2 * 4) & 15;
}

/* Sub-block k of Q6_K: of each 128 weights 64 bytes of nibbles and 32 of upper bits; sixteen scales of eight bits. */
static void read_q6k(struct block *o, const uint8_t *p, int k)
{
	const uint8_t *low = p + k / 4 * 64 + k % 2 * 32, *high = p + 128 + k / 4 * 32;
	const int8_t *scale = (const int8_t *)p + 192;
	for (int i = 0; i < BLOCK; i++)
		o->w[i] = (uint8_t)(((low[i] >> (k % 4 / 2 * 4) & 15) | (high[i] >> k % 4 * 2 & 3) << 4) - 32 + 128);
	for (int i = 0; i < 2; i++)
		o->f[i] = widen(half_at(p + 208)) * (float)scale[2 * k + i];
}

/* Sub-block k of the stored block p of a K type. */
static void read_block(struct block *o, int type, const uint8_t *p, int k)
{
	switch (type) {
	case ENG_Q4_K: nibbles_k(o, p + 16, k); sub_scales(o, p, k); break;
	case ENG_Q5_K:
		nibbles_k(o, p + 48, k);
		sub_scales(o, p, k);
		for (int i = 0; i < BLOCK; i++)
			o->w[i] |= (uint8_t)((p[16 + i] >> k & 1) << 4);
		break;
	default: read_q6k(o, p, k); /* ENG_Q6_K */
	}
}

/* Puts a block into the place of row r of a group; the place is zero before. */
static void write_block(const struct block *o, const struct eng_format *f, int r, uint8_t *q, uint8_t *s)
{
	for (int i = 0; i < BLOCK; i++) {
		if (f->lines == 8)
			q[LINE * (i / 4) + 4 * r + i % 4] = o->w[i];
		else
			q[LINE * (i / 4 % 4) + 4 * r + i % 4] |= (uint8_t)((o->w[i] & 15) << (i / 16 * 4));
		if (f->lines == 5)
			q[LINE * 4 + 8 * (i / 4) + r / 2] |= (uint8_t)(o->w[i] >> 4 << (r % 2 * 4 + i % 4));
	}
	for (int i = 0; i < 2; i++)
		memcpy(s + LINE * i + 4 * r, &o->f[i], 4);
}

/* The same for a type of blocks of 32, whose bytes are already in dwords of four inputs: so they are copied. */
static void copy_block(const struct eng_format *f, const uint8_t *p, int r, uint8_t *q, uint8_t *s)
{
	for (int i = 0; i < f->scales; i += LINE / 2, p += 2)
		memcpy(s + i + 2 * r, p, 2);
	if (f->lines == 5) { /* four fifth bits make half a byte */
		for (int j = 0; j < 8; j++)
			q[LINE * 4 + 8 * j + r / 2] |= (uint8_t)((p[j / 2] >> (j % 2 * 4) & 15) << (r % 2 * 4));
		p += 4;
	}
	const uint32_t sign = f->lines == 8 ? 0x80808080 : 0; /* signed bytes become unsigned */
	for (int j = 0; j < (f->lines == 8 ? 8 : 4); j++) {
		uint32_t w;
		memcpy(&w, p + 4 * j, 4);
		w ^= sign;
		memcpy(q + LINE * j + 4 * r, &w, 4);
	}
}

void eng_matrix_pack(struct eng_matrix *m, int group, const uint8_t *data)
{
	struct eng_format f = {0};
	eng_format_of(m->type, &f);
	for (int r = 0; r < GROUP && group * GROUP + r < m->rows; r++) {
		const uint8_t *p = data + (size_t)(group * GROUP + r) * (size_t)(m->blocks / f.group) * (size_t)f.source;
		size_t at = (size_t)group * (size_t)m->blocks;
		for (int b = 0; b < m->blocks; b++, at++) {
			uint8_t *q = m->q + at * (size_t)(LINE * f.lines), *s = m->s + at * (size_t)f.scales;
			if (f.group == 1) {
				copy_block(&f, p + (size_t)b * (size_t)f.source, r, q, s);
				continue;
			}
			struct block o;
			read_block(&o, m->type, p + (size_t)(b / f.group) * (size_t)f.source, b % f.group);
			write_block(&o, &f, r, q, s);
		}
	}
}
