/* internal.h - what the files of the engine share: the layouts in memory, and the table of kernels of a level.
 *
 * Weights stay where the caller has them, as a GGUF file stores them, or lie interleaved in a copy (lanes.h).
 * Sixteen rows of a matrix make a group, and a thread that multiplies by a group reads it into a panel of its own, block by block
 * (32 inputs): 512 bytes of weights, in dwords of four inputs of one row, dword r of 64-byte line j holding inputs 4j … 4j+3 of row
 * r; then two scales of each row as binary32. So a vector of lanes of 32 bits holds one row a lane, the sum over inputs needs no step
 * across lanes, and the same bytes are a B tile of AMX.
 * A last group that is not full has rows of zeros.
 *
 * Activations. A tile is eight tokens; block b of all lies together (struct eng_block). Where more than eight go on, a level may have
 * wide tiles, of sixteen (struct eng_wide_block, eng_slots).
 *
 * Pages of keys and values hold, for each layer and key head, keys [head][64] transposed and values [64][head rounded up to 16],
 * as binary16. Numbers that are not finite are stored as zeros and reported, so nothing that is masked can spread.
 */
#ifndef ENG_INTERNAL_H
#define ENG_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
#define FN static inline __attribute__((always_inline, unused))

enum { GROUP = 16, BLOCK = 32, SLOTS = 8, WIDE_SLOTS = 16, CHUNK_BLOCKS = 8, PAGE = ENG_PAGE, LINE = 64 };

/* eng_block: block b of the tokens of a tile. 384 bytes, six lines. */
struct eng_block {
	int8_t q[SLOTS][BLOCK];
	float dx[SLOTS], tx[SLOTS];
	int32_t nt[SLOTS];  /* minus the sum of the token's q */
	int32_t nt2[SLOTS]; /* minus the sum of the last sixteen */
};
/* eng_wide_block: the same of sixteen tokens, as large as two. */
struct eng_wide_block {
	int8_t q[WIDE_SLOTS][BLOCK];
	float dx[WIDE_SLOTS], tx[WIDE_SLOTS];
	int32_t nt[WIDE_SLOTS], nt2[WIDE_SLOTS];
};
_Static_assert(sizeof(struct eng_wide_block) == WIDE_SLOTS / SLOTS * sizeof(struct eng_block), "tiles of both kinds take the same room");

/* eng_tile_of: the tile of token t, of tiles of so many slots and blocks of which the first is a. */
FN struct eng_block *eng_tile_of(struct eng_block *a, int slots, int t, int blocks)
{
	return a + (size_t)(t / slots) * (size_t)(slots / SLOTS) * (size_t)blocks;
}

struct eng_matrix {
	int32_t type, rows, cols;
	int32_t groups, blocks; /* of sixteen rows, of 32 inputs */
	const uint8_t *data;    /* [rows, stride], the caller's */
	size_t stride;          /* bytes of a row */
	const float *bias;      /* [groups*16] or NULL */
	/* Where the groups lie interleaved (lanes.h), or NULL: bytes of one, and how far two of them are from the next two. */
	const uint8_t *lanes;
	size_t group_bytes, pair_bytes;
	bool far; /* whether they are prefetched as eng_prefetches_far says */
};
FN const uint8_t *eng_lanes_of(const struct eng_matrix *m, int group)
{
	return m->lanes + (size_t)(group / 2) * m->pair_bytes + (size_t)(group % 2) * m->group_bytes;
}

/* What the bytes and scales of a panel's block are: the bytes' zero point, by which they exceed the weights, and what the second scale
 * is. That of BYTES and HALVES is 128 where dot products take unsigned bytes, else 0; for tiles all are 0. */
enum eng_kind {
	PLUS_8, PLUS_16, /* up to five bits */
	MINIMA,          /* weights as they are, up to five bits; the second scale is a minimum */
	BYTES,           /* eight bits */
	HALVES           /* eight bits; the second scale is that of the last sixteen inputs */
};
enum { PANEL_SCALES = 512, PANEL_BLOCK = PANEL_SCALES + 2 * GROUP * 4 };

/* eng_gemm_mode: what becomes of a product. */
enum { STORE, ADD };

/* A task of attention: query rows of one sequence and key head, a token's heads side by side. */
struct eng_attend {
	const uint16_t *const *page; /* of the sequence */
	size_t at;                   /* where the layer and head begin in a page, in halves */
	int32_t d, dp;               /* head, and rounded up to 16 */
	float cap;
	int32_t rows;
	const float *const *q;       /* [rows] of [d] */
	float *const *out;           /* [rows] of [d] */
	const int32_t *from, *to;    /* [rows] first and last visible position */
	float *scratch;              /* [ATT_SCRATCH] */
	bool far;                    /* whether keys and values are prefetched as eng_prefetches_far says */
};
/* Rows that go together over the pages, at most, and rows of a task. */
enum { ATT_MAX_ROWS = 24, ATT_TASK = 2 * ATT_MAX_ROWS };
/* What threads that share pages first … last-1 of a task of ATT_MAX_ROWS rows or fewer tell each other, by page and row. */
struct eng_shared {
	int32_t first, last;
	float *top, *alpha, *sum; /* [pages, rows] the largest score; what the pages before are multiplied by; the sum of weights */
	float *weights;           /* [pages, rows, 64] scores, and later weights */
	float *out;               /* [pages, rows, dp] weights by values */
};
enum { MAX_HEAD = 1024, ATT_SCRATCH = ATT_MAX_ROWS * (PAGE + 2 * MAX_HEAD) + 64 };

/* A token and key head: q and k are rotated, k and v stored in their page. */
struct eng_store_kv {
	float *q, *k, *v;              /* [heads*d], [d], [d] */
	int32_t heads, d, rot, halves; /* query heads of this key head */
	const float *rope;             /* [rot/2, 2] */
	const float *q_norm, *k_norm;  /* [d] or NULL */
	float eps, query_scale;
	uint16_t *page_k, *page_v;     /* column of the keys [d][64], row of the values */
};

/* y[n, 16*groups] = x[n, D] · w[16*groups, D] + bias, for groups of m from group on and n tokens from the beginning of tile a on:
 * y is out[t*stride + row - 16*group], and added to what is there where mode is ADD. Tiles have eng_slots of n. panel has
 * eng_panel_bytes of m. For one token it is gemv. */
typedef void eng_gemm(const struct eng_matrix *m, int group, int groups, const struct eng_block *a, int n, float *out, size_t stride, int mode,
	uint8_t *panel);
/* total[T, 16] from x[T, D] · w[16, D]: a panel of bytes by the T tokens of the level's largest tile, for bench.c, which wants no
 * result. */
typedef void eng_tile(const uint8_t *panel, int blocks, const struct eng_block *a, float total[][GROUP]);

/* The kernels of a level. */
struct eng_kernels {
	int flips; /* the zero point of interleaved bytes is 128, not 0 */
	int wide;  /* tiles of more than SLOTS tokens are wide */
	/* y[n] = norm(x[n]) * w */
	void (*norm)(float *y, const float *x, const float *w, int n, float eps);
	/* token slot of a tile of so many slots from x [32*blocks]; b is the tile's first block */
	void (*quantize)(struct eng_block *b, int slots, int slot, const float *x, int blocks);
	eng_gemm *gemm;
	/* block of 32 gated activations: act(g)*u quantised into slot t of b, of a tile of so many slots, for n tokens; g, u [n, 32] */
	void (*gate)(struct eng_block *b, int slots, int n, const float *g, const float *u, int gelu);
	/* 1 where key and value are finite */
	int (*store_kv)(const struct eng_store_kv *p);
	void (*attend)(const struct eng_attend *a);
	/* The same by threads that share the task: all scores, before any values, before the join. */
	void (*attend_scores)(const struct eng_attend *a, const struct eng_shared *to, int first, int last);
	void (*attend_values)(const struct eng_attend *a, const struct eng_shared *to, int first, int last);
	void (*attend_join)(const struct eng_attend *a, const struct eng_shared *from);
	/* out[cols] = row of m, times scale where it is not 0 */
	void (*embed)(const struct eng_matrix *m, int row, float scale, float *out, uint8_t *panel);
	void (*add)(float *x, const float *y, int n);
	void (*cap)(float *x, int n, float cap);
	/* index of the largest, the lowest on a tie; -1 where one is not finite */
	int32_t (*argmax)(const float *x, int n);
	/* for tests: kinds of eng_test_function */
	void (*function)(int kind, int n, const float *x, const float *y, float *out);
	/* for bench.c: a sum of n bytes, a multiple of 1,024, which do nothing but come */
	uint32_t (*read)(const uint8_t *p, size_t n);
	eng_tile *tile;
};

/* eng_slots: how many tokens a tile has where n go on together. */
FN int eng_slots(const struct eng_kernels *k, int n) { return k->wide && n > SLOTS ? WIDE_SLOTS : SLOTS; }

/* eng_kernels_of: the table of a level, or NULL where this build has none. */
const struct eng_kernels *eng_kernels_of(int level);
/* eng_kernels_at: the same, or NULL where this machine lacks the level. */
FN const struct eng_kernels *eng_kernels_at(int level)
{
	return level >= 0 && level < ENG_LEVELS && (eng_levels() >> level & 1) ? eng_kernels_of(level) : NULL;
}
extern const struct eng_kernels eng_kernels_scalar;
#ifdef __x86_64__
extern const struct eng_kernels eng_kernels_avx2, eng_kernels_avxvnni, eng_kernels_avx512, eng_kernels_amx, eng_kernels_amx_emulated;
/* Of the last two, more than SLOTS tokens: isa_amx.c, isa_amx_emulated.c. */
eng_gemm eng_gemm_amx, eng_gemm_amx_emulated;
eng_tile eng_tile_amx, eng_tile_amx_emulated;
#endif
#ifdef __aarch64__
extern const struct eng_kernels eng_kernels_neon, eng_kernels_i8mm;
#endif

/* memory.c */
/* eng_give_back: from now on the system has large pieces of memory back once they are freed. */
void eng_give_back(void);
/* eng_alloc: zeros, for free; NULL where there is no memory. */
void *eng_alloc(size_t bytes);
/* eng_map: zeros in large pages where the system has them, touched by nobody yet, for eng_unmap; NULL where there is no memory. */
void *eng_map(size_t bytes);
void eng_unmap(void *p, size_t bytes);

/* matrix.c */
int eng_matrix_set(struct eng_matrix *m, int type, int rows, int cols, const uint8_t *data);
/* eng_panel_bytes: room for a panel of m, and behind it for a token's bytes. */
size_t eng_panel_bytes(const struct eng_matrix *m);

/* interleave.c */
/* How far products prefetch ahead of what they read, into the first cache or into the second; so many bytes, the more of the two, may be
 * prefetched behind the last. */
enum { PREFETCH_NEAR = 2560, PREFETCH_FAR = 8192 };
/* eng_prefetches_far: whether this machine is quicker with the second (levels.c). */
bool eng_prefetches_far(void);
/* eng_matrix_interleave: one matrix that stands alone, for tests and benchmarks, whose caller frees its lanes. */
int eng_matrix_interleave(struct eng_matrix *m, int flip);

/* pool.c: threads that take the parts of a loop. The calling thread is one of them, number 0. */
enum { PARTS_A_THREAD = 2 }; /* of a product by few tokens: each is a long stream of memory */
typedef void (*eng_part)(void *arg, int part, int thread);
struct eng_pool;
int eng_pool_new(struct eng_pool **out, int threads, int nice);
void eng_pool_free(struct eng_pool *p);
/* eng_pool_run: part(arg, i, thread) for each i below n, each once; returns when all are done. */
void eng_pool_run(struct eng_pool *p, int n, eng_part part, void *arg);
/* eng_pool_next: until the next call, threads that wait for the end of a loop fetch from first + thread*part on; from nowhere where
 * first is NULL. A hint: nothing is read. */
void eng_pool_next(struct eng_pool *p, const uint8_t *first, size_t part);

struct eng_layer {
	struct eng_matrix w[ENG_MATRICES];
	float *v[ENG_VECTORS];
	int32_t window, table;
};

struct eng_thread {
	struct eng_block *acts; /* private tile, for norms that every thread repeats */
	float *normed;          /* [width] */
	uint8_t *panel;         /* room for a group of the widest matrix */
	uint64_t phase;         /* the phase whose prologue ran */
	float *scratch;
	int64_t pages;          /* eng_share's, of the spans that this thread would take */
	char pad[128];
};

/* A task of attention: columns active[first … first+count-1] of one sequence, for one key head. */
struct eng_span {
	int32_t seq, head, first, count;
	int32_t last; /* the position of its last column */
};

/* eng_span_columns: columns of a span, as many as make ATT_MAX_ROWS rows of the heads that share a key head. */
FN int eng_span_columns(const struct eng_shape *s)
{
	const int columns = ATT_MAX_ROWS / (s->heads / s->kv_heads);
	return columns > 1 ? columns : 1;
}

/* What one thread does of a span that threads share: some of its pages. */
struct eng_slice {
	int32_t span, first, last;
	struct eng_shared shared; /* its first is that of the span's first slice */
};

/* Into how many slices for each thread all pages of a layer are cut where threads share them, and from how many pages of a span on.
 * They share where whole spans would take longer than an even share of all pages by more than one part of FAIR, and where what they
 * tell each other has room in ROOM floats of each thread: many rows behind many positions take more. */
enum { SHARES = 8, SHARED_PAGES = 32, FAIR = 8, ROOM = 4 << 20 };

enum { SLAB = 256, SLAB_MOST = SLAB + SLOTS }; /* columns that go through a product together, and those of the last */

/* What a thread needs beside its tile: attention's scratch, or gate and up of a slab. */
enum { ENG_SCRATCH = ATT_SCRATCH > SLAB_MOST * 2 * BLOCK ? ATT_SCRATCH : SLAB_MOST * 2 * BLOCK };

struct eng_model {
	struct eng_shape s;
	int level, threads;
	bool far; /* eng_prefetches_far */
	const struct eng_kernels *k;
	struct eng_pool *pool;
	struct eng_layer *layers; /* [layers] */
	struct eng_matrix embed, output;
	uint8_t *lanes; /* of all matrices, or NULL */
	size_t lanes_bytes;
	float *last_norm, *output_bias;
	struct eng_thread *thread; /* [threads] */
	uint64_t phase; /* of the loop in progress */

	/* The columns of a step, in one arena; cols is how many there is room for. */
	int cols;
	void *arena;
	size_t q_stride, kv_stride;
	float *x, *y;              /* residual stream and what is added to it, [cols, width] */
	float *q, *kk, *v, *att;   /* [cols, q_stride], [cols, kv_stride], …, [cols, heads*head] */
	struct eng_block *a0, *a1; /* quantised: norms and attention, [cols/8, …]; gated activations, [cols/8, ffn/32] */
	int32_t *active;           /* [cols] columns that go on; all but in the last layer */
	uint64_t *best;            /* [cols] the best logit so far and where it is, 0 for none */
	struct eng_span *spans;
	int span_cap;
	struct eng_slice *slices; /* [span_cap + threads * SHARES], of spans that threads share */
	float *room;              /* [room_cap] of what they share */
	size_t room_cap;
};

/* Elements that a head takes in a page, keys and values. */
size_t eng_head_halves(const struct eng_shape *s);
/* eng_model_reserve makes room for n columns of seqs sequences. */
int eng_model_reserve(eng_model *m, int n, int seqs);

FN size_t eng_round(size_t n, size_t to) { return (n + to - 1) / to * to; }
FN int eng_least(int a, int b) { return a < b ? a : b; }

#endif
