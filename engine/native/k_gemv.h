/* k_gemv.h - gemv from the file: x[D] · w[16, D] → y[16], one token by a group of sixteen rows, which are multiplied as they lie, one
 * after another, so that memory is read in the order that its prefetchers expect. For levels with the vocabulary of twins (SIMD_TWINS).
 * It is the linear layer of ../arith/SPEC.md section 3, whose reference is plainRow of ../arith/blocks.go.
 *
 * A group is taken in runs of up to RUN blocks. First come each row's dot products, eight blocks at a time: four twins, a twin
 * being blocks k and k+4 side by side. Then the dots are transposed, so that sixteen rows are the lanes of vectors, and the float steps
 * follow in the order of SPEC.md. The last blocks of a row may be fewer than eight: up to four are the twins k and k+2, up to two are
 * one twin.
 */
#ifdef SIMD_TWINS

enum { RUN = 256, PREFETCH_ROWS = 8192 };

/* What the first step leaves to the second. Q6_K has two dots a block: of a chunk's sixteen, those of the first halves of blocks
 * 0 … 3, of their second halves, then the same of 4 … 7. */
struct run {
	_Alignas(64) uint32_t head[RUN][GROUP];           /* the first four bytes of each block, but for Q6_K */
	_Alignas(64) int32_t dots[GROUP * (2 * RUN + 8)]; /* a row after another, dots_row apart */
};

/* Q4_K and Q5_K spend as much on their scales as they would save; from memory they lose. */
FN int goes_by_rows(int type) { return type != ENG_Q4_K && type != ENG_Q5_K; }
FN int dots_of(int type) { return kind_of(type) == HALVES ? 2 * CHUNK_BLOCKS : CHUNK_BLOCKS; }
FN int dots_row(int type) { return RUN / CHUNK_BLOCKS * dots_of(type) + 8; }
FN size_t chunk_bytes(int type) { return is_super(type) ? block_bytes(type) : CHUNK_BLOCKS * block_bytes(type); }

/* How many twins count blocks make, and where among the eight dots of vt_totals that of block k is. */
FN int twins_in(int count) { return count <= 2 ? 1 : count <= 4 ? 2 : 4; }
FN int dot_at(int twins, int k) { return k < twins ? k : 4 + k - twins; }

/* Blocks k and k+twins; the last one stands for those that the chunk lacks. */
FN vt twin_of(int type, const uint8_t *p, int k, int twins, int last)
{
	const int at = integers_at(type);
	const uint8_t *a = p + (size_t)eng_least(k, last) * block_bytes(type) + at, *b = p + (size_t)eng_least(k + twins, last) * block_bytes(type) + at;
	if (type == ENG_Q8_0)
		return SIMD_S8 ? vt_load(a, b) : vt_flip(vt_load(a, b));
	const vt w = vt_nibbles(a, b);
	if (type == ENG_IQ4_NL || type == ENG_MXFP4) {
		const vt v = vt_lookup(type == ENG_MXFP4 ? mx_values : nl_values, w);
		return SIMD_S8 ? v : vt_flip(v);
	}
	return type == ENG_Q5_0 || type == ENG_Q5_1 ? vt_or(w, vt_fifth(a - 4, b - 4)) : w;
}

/* The weights of a chunk. */
FN void twins_of(int type, const uint8_t *p, int twins, int last, vt w[4])
{
	if (type != ENG_Q6_K) {
		UNROLL for (int k = 0; k < twins; k++)
			w[k] = twin_of(type, p, k, twins, last);
		return;
	}
	const vt upper = vt_load(p + 128, p + 160);
	UNROLL for (int s = 0; s < 2; s++) {
		const vt v = vt_load(p + 32 * s, p + 64 + 32 * s);
		w[s] = vt_or(vt_bits(v, 0, 15), vt_up(vt_bits(upper, 2 * s, 3)));
		w[s + 2] = vt_or(vt_bits(v, 4, 15), vt_up(vt_bits(upper, 2 * s + 4, 3)));
	}
}

/* The dots of a chunk of one row, by the token's twins q, and the heads of its blocks. */
FN void row_chunk(int type, const uint8_t *p, int twins, int last, const int8_t (*q)[2 * BLOCK], int32_t *dots, uint32_t *head)
{
	vt w[4], z[4];
	twins_of(type, p, twins, last, w);
	UNROLL for (int k = 0; k < 4; k++)
		z[k] = k < twins ? vt_dot(w[k], q[k], kind_of(type) == BYTES) : vt_zero();
	if (type == ENG_Q6_K) {
		vt_halves(z, dots);
		return;
	}
	vt_totals(z, dots);
	UNROLL for (int b = 0; b < 2 * twins; b++)
		memcpy(head + b * GROUP, p + (size_t)eng_least(b, last) * block_bytes(type), 4);
}

/* The dots of a row's count blocks from p on; prefetches as many bytes from ahead on, in whole chunks. */
FN void row_dots(int type, const uint8_t *p, int count, const int8_t (*q)[2 * BLOCK], struct run *x, int row, const uint8_t *ahead)
{
	const size_t chunk = chunk_bytes(type);
	int32_t *dots = x->dots + row * dots_row(type);
	uint32_t *head = &x->head[0][row];
	int left = count;
	for (; left >= CHUNK_BLOCKS; left -= CHUNK_BLOCKS, p += chunk, q += 4, dots += dots_of(type), head += CHUNK_BLOCKS * GROUP) {
		ahead = prefetch(ahead, (int)chunk);
		row_chunk(type, p, 4, CHUNK_BLOCKS - 1, q, dots, head);
	}
	if (left == 0 || is_super(type))
		return;
	prefetch(ahead, (int)chunk);
	switch (twins_in(left)) {
	case 1: row_chunk(type, p, 1, left - 1, q, dots, head); break;
	case 2: row_chunk(type, p, 2, left - 1, q, dots, head); break;
	default: row_chunk(type, p, 4, left - 1, q, dots, head);
	}
}

/* Transposed dots as numbers, less what the zero point of the weights added; nt is minus the sum of the token's bytes. */
FN vf dot_of(int type, vb v, int32_t nt) { return v_cvt(vi_add(vb_int(v), vi_set1(nt * unpacked_zero(type)))); }

/* The sum of a chunk of Q6_K for W rows, whose scales are in a panel. */
FN vf chunk_sum_6(const vb v[16], int sub, const struct eng_block *a, const uint8_t *panel, vf sum)
{
	UNROLL for (int k = 0; k < CHUNK_BLOCKS; k++) {
		const float *s = (const float *)(const void *)(panel + k * PANEL_BLOCK + PANEL_SCALES) + sub;
		const vf dx = v_set1(a[k].dx[0]);
		const int at = 8 * (k / 4) + k % 4;
		sum = v_fma(dot_of(ENG_Q6_K, v[at], a[k].nt[0] - a[k].nt2[0]), v_mul(v_load(s), dx), sum);
		sum = v_fma(dot_of(ENG_Q6_K, v[at + 4], a[k].nt2[0]), v_mul(v_load(s + GROUP), dx), sum);
	}
	return sum;
}

/* The same of a type of blocks of 32; the chunk ends with block last. */
FN vf chunk_sum(int type, const vb v[8], const uint32_t *head, int twins, int last, const struct eng_block *a, vf sum)
{
	UNROLL for (int k = 0; k < 2 * twins; k++) {
		if (k > last)
			continue;
		const vi h = vi_load((const int32_t *)head + k * GROUP);
		sum = v_fma(dot_of(type, v[dot_at(twins, k)], a[k].nt[0]), v_mul(scale_in(type, h), v_set1(a[k].dx[0])), sum);
		if (kind_of(type) == MINIMA)
			sum = v_fma(v_half(vi_shr(h, 16)), v_set1(a[k].tx[0]), sum);
	}
	return sum;
}

/* total[16] += the float steps of a run of count blocks, whose dots are in x; the rows have the run from p on. */
FN void run_sums(int type, const struct run *x, const uint8_t *p, size_t stride, int count, const struct eng_block *a, float total[GROUP], uint8_t *panel)
{
	for (int sub = 0; sub < GROUP; sub += W) {
		vf all = v_load(total + sub);
		struct rows dots = rows_at((const uint8_t *)(x->dots + sub * dots_row(type)), sizeof(int32_t) * (size_t)dots_row(type));
		for (int b = 0; b < count; b += CHUNK_BLOCKS, dots = rows_on(dots, sizeof(int32_t) * (size_t)dots_of(type))) {
			const uint32_t *head = x->head[b] + sub;
			const int left = count - b, last = left - 1;
			vf sum = FREE_ORDER ? all : v_zero();
			vb v[16];
			UNROLL for (int i = 0; i < dots_of(type); i += 4)
				vb_transpose(dots.p, dots.stride, 4 * (size_t)i, v + i);
			if (type == ENG_Q6_K) {
				pack_scales_6(rows_on(rows_at(p + (size_t)sub * stride, stride), (size_t)b / CHUNK_BLOCKS * block_bytes(type) + SCALES_6), sub, panel);
				sum = chunk_sum_6(v, sub, a + b, panel, sum);
			} else if (left >= CHUNK_BLOCKS)
				sum = chunk_sum(type, v, head, 4, CHUNK_BLOCKS - 1, a + b, sum);
			else
				switch (twins_in(left)) {
				case 1: sum = chunk_sum(type, v, head, 1, last, a + b, sum); break;
				case 2: sum = chunk_sum(type, v, head, 2, last, a + b, sum); break;
				default: sum = chunk_sum(type, v, head, 4, last, a + b, sum);
				}
			all = FREE_ORDER ? sum : v_add(all, sum);
		}
		v_store(total + sub, all);
	}
}

/* Where the twins of one token lie, those of all blocks of a row: behind the panel. */
FN int8_t (*twins_behind(const struct eng_matrix *m, uint8_t *panel))[2 * BLOCK]
{
	return (int8_t(*)[2 * BLOCK])(panel + eng_round((size_t)m->blocks, CHUNK_BLOCKS) * PANEL_BLOCK);
}

/* Lays out the token's bytes as twins: x[D] to [D/64][64]. */
static void make_twins(const struct eng_matrix *m, const struct eng_block *a, uint8_t *panel)
{
	int8_t(*to)[2 * BLOCK] = twins_behind(m, panel);
	for (int b = 0; b < m->blocks; b += CHUNK_BLOCKS) {
		const int left = m->blocks - b, twins = twins_in(left), last = eng_least(left, CHUNK_BLOCKS) - 1;
		for (int k = 0; k < twins; k++, to++) {
			memcpy(*to, a[b + eng_least(k, last)].q[0], BLOCK);
			memcpy(*to + BLOCK, a[b + eng_least(k + twins, last)].q[0], BLOCK);
		}
	}
}

/* total[16] += x[D] · w[16, D]: a full group by one token, whose twins lie behind the panel. */
FN void gemv_group(int type, const struct eng_matrix *m, int group, const struct eng_block *a, float total[GROUP], uint8_t *panel)
{
	struct run x;
	const size_t stride = m->stride;
	const uint8_t *p = m->data + (size_t)group * GROUP * stride, *next = next_group(m, group);
	int8_t(*q)[2 * BLOCK] = twins_behind(m, panel);
	for (int b = 0; b < m->blocks; b += RUN, p += RUN / CHUNK_BLOCKS * chunk_bytes(type), q += RUN / 2) {
		const int count = eng_least(RUN, m->blocks - b);
		const size_t bytes = (size_t)count * chunk_bytes(type) / CHUNK_BLOCKS;
		/* What is prefetched is wanted so many rows later: of this run, or of the one after it. */
		const int far = bytes * GROUP <= PREFETCH_ROWS ? GROUP : bytes < PREFETCH_ROWS ? (int)(PREFETCH_ROWS / bytes) : 1;
		const uint8_t *after = b + RUN < m->blocks ? p + bytes : next;
		for (int row = 0; row < GROUP; row++) {
			const int wanted = row + far;
			const uint8_t *ahead = wanted < GROUP ? p + (size_t)wanted * stride : after ? after + (size_t)(wanted - GROUP) * stride : NULL;
			row_dots(type, p + (size_t)row * stride, count, (const int8_t(*)[2 * BLOCK])q, &x, row, ahead);
		}
		run_sums(type, &x, p, stride, count, a + b, total, panel);
	}
}

#endif
