/* step.h - what the files of a step share: its state, and the loops of attention. */
#ifndef ENG_STEP_H
#define ENG_STEP_H

#include "internal.h"

struct step {
	eng_model *m;
	const struct eng_batch *b;
	const struct eng_layer *l;
	int layer, n;      /* n: active columns */
	int slots;         /* of a tile of n columns */
	int repeat, merge; /* norms by every thread; keys and values stored by the attention's parts */
	const float *norm;
	int rows_a_part, slabs;
	/* of a product: x is a0 or a1 */
	const struct eng_matrix *w;
	const struct eng_block *a;
	float *out;
	size_t stride;
	int mode;
	int32_t *fail; /* [seqs] */
	int slices;    /* of spans that threads share, in this layer */
};

FN void run(struct step *s, int parts, eng_part part)
{
	s->m->phase++;
	eng_pool_run(s->m->pool, parts, part, s);
}

/* attend.c */
/* eng_make_spans: cuts the active columns into spans; the last ones, which see most, come first. */
int eng_make_spans(struct step *s);
/* eng_pages_of: the pages that a span sees in this layer: the first, and returned how many. */
int eng_pages_of(const struct step *s, const struct eng_span *span, int *first);
/* eng_share: makes the slices of this layer; there are none where whole spans occupy all threads to
 * the end, or where there is no memory, or they would take much. */
void eng_share(struct step *s, int spans);
/* eng_store: RoPE of all columns' key heads, whose keys and values are stored in their pages. */
void eng_store(struct step *s);
/* eng_attend_spans: attention of the active columns, quantised, and where s->merge is set and nothing is shared, what eng_store does. */
void eng_attend_spans(struct step *s, int spans);

#endif
