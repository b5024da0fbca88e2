/* engine.h - the one door between Go and the kernels.
 *
 * It computes transformers in the arithmetic AC1 (../arith/SPEC.md): the same bits at every level of instructions, for any
 * number of threads and any company in a batch. Functions return ENG_OK or an eng_status; nothing here prints, exits or keeps
 * a pointer that it was lent, other than the weights that eng_model_matrix names.
 */
#ifndef ENG_ENGINE_H
#define ENG_ENGINE_H

#include <stdint.h>

#include "blocks.h"

/* Levels of instructions. eng_levels returns a bit for each that this machine and its operating system allow. */
enum eng_level { ENG_SCALAR, ENG_AVX2, ENG_AVXVNNI, ENG_AVX512, ENG_AMX, ENG_NEON, ENG_I8MM, ENG_AMX_EMULATED, ENG_LEVELS };

enum eng_status { ENG_OK, ENG_NO_MEMORY, ENG_NO_LEVEL, ENG_BAD_SHAPE, ENG_BAD_ROUNDING };

/* Types of weights: ENG_Q4_0 and so on, by ggml's numbers. */
#define ENG_TYPE(name, number, len, bytes) ENG_##name = number,
enum eng_type { ENG_TYPES(ENG_TYPE) };
#undef ENG_TYPE

/* The sizes of a model. Scales and caps that a model lacks are 0. */
struct eng_shape {
	int32_t layers, width, heads, kv_heads, head, ffn, vocab;
	int32_t rot;             /* elements of a head that RoPE rotates, even */
	int32_t rope_halves;     /* pairs are (i, i+rot/2), else (2i, 2i+1) */
	int32_t gelu;            /* the activation is GELU, else SiLU */
	float eps, query_scale;
	float embed_scale;       /* multiplies embeddings, where not 0 */
	float attn_cap, out_cap; /* soft caps of scores and logits */
};

/* Slots of a layer's matrices and vectors. Layer -1 holds the embedding, the output and the last norm. */
enum eng_matrix_slot { ENG_Q, ENG_K, ENG_V, ENG_O, ENG_GATE, ENG_UP, ENG_DOWN, ENG_MATRICES };
enum eng_vector_slot {
	ENG_ATTN_NORM, ENG_FFN_NORM, ENG_Q_NORM, ENG_K_NORM, ENG_POST_ATTN_NORM, ENG_POST_FFN_NORM,
	ENG_Q_BIAS, ENG_K_BIAS, ENG_V_BIAS, ENG_O_BIAS, ENG_GATE_BIAS, ENG_UP_BIAS, ENG_DOWN_BIAS, ENG_VECTORS
};
enum { ENG_EMBED = 0, ENG_OUTPUT = 1, ENG_LAST_NORM = 0, ENG_OUTPUT_BIAS = 1 };

enum { ENG_PAGE = 64 }; /* positions of a page of keys and values */

typedef struct eng_model eng_model;

/* eng_levels: a mask of 1 << level. */
uint32_t eng_levels(void);
/* eng_page_halves: 16-bit numbers of a page of keys and values, all layers. */
int64_t eng_page_halves(const struct eng_shape *s);

/* eng_model_new makes a model without weights and starts threads-1 threads of the given nice value, 0 … 19. */
int eng_model_new(eng_model **out, const struct eng_shape *s, int level, int threads, int nice);
/* eng_model_free ends the threads; no call may be in progress. */
void eng_model_free(eng_model *m);
/* eng_model_matrix sets rows x cols weights of an eng_type as GGUF stores them. They are not copied: data must stay as it is until
 * eng_model_free. */
int eng_model_matrix(eng_model *m, int layer, int slot, int type, int rows, int cols, const uint8_t *data);
/* eng_model_tie makes the output matrix the embedding. */
void eng_model_tie(eng_model *m);
/* eng_model_vector copies n floats. */
int eng_model_vector(eng_model *m, int layer, int slot, int n, const float *data);
/* eng_model_layer: the window of a layer in positions, 0 for none, and which of the RoPE tables of a batch it uses. */
void eng_model_layer(eng_model *m, int layer, int window, int table);
/* eng_model_ready tells whether all weights are there, with the shapes that belong to them. A part of a model may lack the embedding,
 * or the last norm with the output. */
int eng_model_ready(const eng_model *m);

/* eng_model_interleave copies all weights of a model that is ready into memory of its own, in the order in which products read them,
 * and gives back the pages of those that lie in file; afterwards no weights are read from where they were. Without it products
 * read them there. The bits are the same. */
int eng_model_interleave(eng_model *m, const uint8_t *file, int64_t size);

/* A batch of n columns: the new tokens of seqs sequences, one sequence after the other. */
struct eng_batch {
	int32_t n, seqs, keeps;
	const int32_t *token;      /* [n] */
	const int32_t *pos;        /* [n], ascending by one within a sequence */
	const int32_t *seq_first;  /* [seqs+1] first column of each */
	uint16_t *const *page;     /* the sequences' pages, from position 0 on, one sequence after the other */
	const int32_t *page_first; /* [seqs+1] first page of each in page */
	const float *rope;         /* [tables, n, rot/2, 2] cosine and sine */
	const float *residual;     /* [n, width] what the layers before made, where the model has no embedding */
	const int32_t *keep;       /* [keeps] columns whose states are wanted, ascending */
	float *states;             /* [keeps, width] out: final-normed states, or the residual stream where the model has no last norm */
	int32_t *fail;             /* [seqs] out: the first column of each whose key or value is not finite, or n */
	int32_t *fail_layer;       /* [2, seqs] out: the layer of that column's first such number; and scratch */
};

/* eng_step runs a batch through all layers and adds its keys and values to the pages. One call at a time for each model. */
int eng_step(eng_model *m, const struct eng_batch *b);
/* eng_logits: states [n, width] to logits [n, stride], stride >= vocab rounded up to 16. best[i] is the index of the largest
 * logit, the lowest on a tie, or -1 where an element of the state or a logit is not finite. */
int eng_logits(eng_model *m, int n, const float *states, float *logits, int64_t stride, int32_t *best);

/* For tests: single operations at a level, on one thread. */

/* y[rows, n] of one matrix, as the file has it or interleaved, and n quantised rows of x [n, cols]; out [n, rows rounded up to 16]. */
int eng_test_gemm(int level, int interleaved, int type, int rows, int cols, const uint8_t *data, int n, const float *x, const float *bias, float *out);
/* q [n], dx and tx [n/32] of x. */
int eng_test_quantize(int level, int n, const float *x, int8_t *q, float *dx, float *tx);
int eng_test_norm(int level, int n, const float *x, const float *w, float eps, float *y);
/* kind 0 exp, 1 silu(x)·y, 2 gelu(x)·y, 3 soft cap y[0]. */
int eng_test_function(int level, int kind, int n, const float *x, const float *y, float *out);
/* Attention of q [rows, d] (scaled) over positions from[r] … to[r] of k and v [len, d], as threads share it in so many slices, or by
 * one thread where there are 0; far, as where eng_prefetches_far. */
int eng_test_attend(int level, int slices, int far, int rows, int d, int len, float cap, const float *q, const float *k, const float *v,
	const int32_t *from, const int32_t *to, float *out);
/* The parts of the attention of a step of one token of each of seqs sequences at positions past: how many there are, and of the first
 * most of them, in the order in which threads take them, the pages of keys and values that a thread reads alone, or else the pages of keys
 * that it reads first, and of values in a second loop. */
int eng_test_parts(int threads, int heads, int kv_heads, int window, int seqs, const int32_t *past, int64_t most, int32_t *whole, int32_t *shared,
	int32_t *parts);
/* w[cols]: a row of a matrix as floats. */
int eng_test_embed(int level, int interleaved, int type, int rows, int cols, const uint8_t *data, int row, float *out);

/* For scripts/bench/kernels (bench.c): the seconds of the quickest of some rounds. */

/* A matrix of random weights by n tokens, its groups shared out among threads. Returns the bytes of the weights by *bytes. */
int eng_bench_gemm(int level, int interleaved, int threads, int type, int rows, int cols, int n, int rounds, double *best, int64_t *bytes);
/* Nothing but reading so many bytes, shared out likewise. */
int eng_bench_read(int level, int threads, int64_t bytes, int rounds, double *best);
/* Sixteen rows of bytes by eight tokens and 576 inputs from the first cache, on one thread, a thousand times; or by sixteen, half as
 * often. */
int eng_bench_tile(int level, int rounds, double *best);

/* Files that are cut off while they are mapped (guard.c). */

enum { ENG_WATCHES = 256 }; /* mappings at a time: each is an open model, whose threads and keys cost far more than an entry */

/* eng_watch: from now on a read of these bytes, a mapping of a file, that finds no page there reads zeros and is noted, on any
 * thread. Returns a number for eng_cut and eng_unwatch, or -1 where ENG_WATCHES mappings are watched or no handler can be set. */
int eng_watch(const uint8_t *data, int64_t bytes);
/* eng_cut tells whether a page was missing, and of no watch says no. The pages from it on are zeros, so all that was made of them
 * is worthless. */
int eng_cut(int watch);
/* eng_unwatch: nobody reads the mapping any more; called before it is unmapped. */
void eng_unwatch(int watch);

/* eng_slab_new: zeros for pages of keys and values, for eng_slab_free with the same number; NULL where there is no memory. What is not
 * touched of a slab of 2 MiB or more takes none. */
uint16_t *eng_slab_new(int64_t halves);
void eng_slab_free(uint16_t *slab, int64_t halves);

/* eng_refuses tells whether the next allocation, or start of a thread, shall fail: never, but for tests that call eng_test_refuse:
 * then the one after n more does, and all after it. Below 0 none does. */
int eng_refuses(void);
void eng_test_refuse(int64_t n);

/* For tests: the sum of bytes, read by threads. */
int eng_test_read(int threads, const uint8_t *data, int64_t bytes, uint64_t *sum);

#endif
