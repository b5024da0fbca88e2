// matrix.cu - a linear layer for many tokens, where the products are what takes time.
//
// matrix_TYPE: what linear.cu computes, with the same arguments, by the matrix instructions for bytes: of 16 rows, 32 weights of
// each and 8 tokens in one (sm_80), or of 8, 16 and 8 (sm_75). Both have the products that dp4a has, whole numbers without a
// rounding; the float steps after them are linear.cu's, in the same order (SPEC.md §3).
//
// A warp has 32 rows and 32 tokens: of each four of its lanes' eight rows, a lane has the sums of two tokens in each of four
// tiles. It goes along the rows a block of 32 weights at a time: every lane unpacks the weights of a row (types.cuh), puts the 32
// bytes into shared memory with the row's scales behind them, and ldmatrix gives each lane its fragments. 48 bytes a row let
// eight rows lie in different banks. A block of threads is four warps, so 128 rows; its activations, a chunk of 256 of 32 tokens,
// are one copy in shared memory for all, and the next chunk comes meanwhile (cp.async) into the other half. So each weight is read
// once for 32 tokens, and an activation once for 128 rows. The grid has 128 rows in x, and 32 tokens in y.
//
// The sums start at the bits of MAGIC: so the products come out of the instruction as floats that one subtraction makes right.
#include "types.cuh"

constexpr u32 WARPS = 4, THREADS = WARPS * WARP, TOKENS = 32, CHUNK_BLOCKS = CHUNK / BLOCK;
constexpr u32 TILES = TOKENS / 8, HALVES = 2; // of tokens; a warp's rows are two times 16
constexpr u32 PIECE = 16;                     // bytes that are copied at once
constexpr u32 TOKEN_BYTES = CHUNK + PIECE;    // of a token's chunk: eight tokens lie in different banks
constexpr u32 ROW_WORDS = 12;                 // of a row's block: eight words of weights, two scales, two to spare

// Stage is a chunk of the activations of a block of threads.
struct alignas(16) Stage {
	u8 q[TOKENS * TOKEN_BYTES];
	float dx[CHUNK_BLOCKS][TOKENS], tx[CHUNK_BLOCKS][TOKENS];
};

// in_shared is an address as ldmatrix and cp.async take it.
DEVICE u32 in_shared(const void *p) { return (u32)(u64)(const __attribute__((address_space(3))) void *)p; }

// fragments reads four 8 x 8 matrices of two bytes: lane l names a row, the one with its number; it is given the word l % 4 of
// row l / 4 of each.
DEVICE void fragments(const void *row, u32 (&x)[4]) {
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
	             : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
	             : "r"(in_shared(row))
	             : "memory");
}

DEVICE void wait_for_lanes() { __nvvm_bar_warp_sync(ALL); }

#if __CUDA_ARCH__ >= 800

// copy starts to copy 4 or 16 bytes to shared memory.
DEVICE void copy16(void *to, const void *from) {
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(in_shared(to)), "l"((const __attribute__((address_space(1))) void *)from) : "memory");
}
DEVICE void copy4(void *to, const void *from) {
	asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(in_shared(to)), "l"((const __attribute__((address_space(1))) void *)from) : "memory");
}
DEVICE void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// wait_but_last waits for what was committed, but for the last of it.
DEVICE void wait_but_last() { asm volatile("cp.async.wait_group 1;" ::: "memory"); }

// products adds those of the first 16 weights of each row, or of the last, to c.
DEVICE void products_half(u32 a0, u32 a1, u32 b, u32 (&c)[4]) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
	             : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
	             : "r"(a0), "r"(a1), "r"(b));
}
DEVICE void products(const u32 (&a)[4], u32 b0, u32 b1, u32 (&c)[4]) {
	asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
	             : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
	             : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#else

DEVICE void copy16(void *to, const void *from) { *(u32x4 *)to = *(const u32x4 *)from; }
DEVICE void copy4(void *to, const void *from) { *(u32 *)to = *(const u32 *)from; }
DEVICE void commit() {}
DEVICE void wait_but_last() {}

DEVICE void products8(u32 a, u32 b, u32 &c0, u32 &c1) {
	asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};" : "+r"(c0), "+r"(c1) : "r"(a), "r"(b));
}
DEVICE void products_half(u32 a0, u32 a1, u32 b, u32 (&c)[4]) {
	products8(a0, b, c[0], c[1]);
	products8(a1, b, c[2], c[3]);
}
DEVICE void products(const u32 (&a)[4], u32 b0, u32 b1, u32 (&c)[4]) {
	products_half(a[0], a[1], b0, c);
	products_half(a[2], a[3], b1, c);
}

#endif

// Inputs are a layer's activations, as the block of threads sees them.
struct Inputs {
	const i8 *q;
	const float *dx, *tx;
	u32 first, last, blocks; // tokens of the block of threads, blocks of a token
};

// fetch starts to copy a chunk. A token past the last is the last once more: its sums go nowhere.
template <bool MINIMUM> DEVICE void fetch(Stage &s, Inputs in, u32 chunk) {
	u32 from = chunk * CHUNK_BLOCKS, count = in.blocks - from < CHUNK_BLOCKS ? in.blocks - from : CHUNK_BLOCKS;
	for (u32 i = thread(); i < TOKENS * CHUNK / PIECE; i += THREADS) {
		u32 t = i / (CHUNK / PIECE), piece = i % (CHUNK / PIECE), token = in.first + t < in.last ? in.first + t : in.last;
		if (piece < count * (BLOCK / PIECE))
			copy16(s.q + t * TOKEN_BYTES + piece * PIECE, in.q + ((u64)token * in.blocks + from) * BLOCK + piece * PIECE);
	}
	for (u32 i = thread(); i < TOKENS * CHUNK_BLOCKS; i += THREADS) {
		u32 t = i / CHUNK_BLOCKS, b = i % CHUNK_BLOCKS, token = in.first + t < in.last ? in.first + t : in.last;
		u64 at = (u64)token * in.blocks + from + b;
		if (b < count) {
			copy4(&s.dx[b][t], in.dx + at);
			if (MINIMUM)
				copy4(&s.tx[b][t], in.tx + at);
		}
	}
}

// Row is a row's block in shared memory.
struct alignas(16) Row {
	u32 words[ROW_WORDS];
};

// keep puts a row's block there.
DEVICE void keep(Row &r, const u32 (&w)[8], float d, float m) {
	u32x4 *p = (u32x4 *)r.words;
	p[0] = {w[0], w[1], w[2], w[3]};
	p[1] = {w[4], w[5], w[6], w[7]};
	r.words[8] = bits(d);
	r.words[9] = bits(m);
}

// step takes a block of 32 weights of a warp's rows and of the stage's tokens: sums[h][tile][0, 1] are of row 16h + lane / 4 and
// two tokens, [2, 3] of the row 8 further on.
template <class T> DEVICE void step(const Row *rows, const Stage &s, u32 b, float (&sums)[HALVES][TILES][4]) {
	u32 lane = thread() % WARP, group = lane / 4, pair = lane % 4 * 2, x[TILES][2], a[HALVES][4];
#pragma unroll
	for (u32 t = 0; t < TILES; t += 2) { // of two tiles the first and the last 16 bytes
		u32 four[4], token = t * 8 + lane / 16 * 8 + lane % 8;
		fragments(s.q + token * TOKEN_BYTES + b * BLOCK + lane / 8 % 2 * 16, four);
		x[t][0] = four[0], x[t][1] = four[1], x[t + 1][0] = four[2], x[t + 1][1] = four[3];
	}
#pragma unroll
	for (u32 h = 0; h < HALVES; h++)
		fragments((const u8 *)(rows + h * 16 + lane % 16) + lane / 16 * 16, a[h]);
#pragma unroll
	for (u32 h = 0; h < HALVES; h++) {
		float d[2], m[2];
#pragma unroll
		for (u32 i = 0; i < 2; i++) {
			d[i] = of_bits(rows[h * 16 + i * 8 + group].words[8]);
			m[i] = of_bits(rows[h * 16 + i * 8 + group].words[9]);
		}
#pragma unroll
		for (u32 t = 0; t < TILES; t++) {
			u32 first[4] = {MAGIC_BITS, MAGIC_BITS, MAGIC_BITS, MAGIC_BITS}, last[4] = {MAGIC_BITS, MAGIC_BITS, MAGIC_BITS, MAGIC_BITS};
			if (T::HALVES) {
				products_half(a[h][0], a[h][1], x[t][0], first);
				products_half(a[h][2], a[h][3], x[t][1], last);
			} else {
				products(a[h], x[t][0], x[t][1], first);
			}
#pragma unroll
			for (u32 i = 0; i < 4; i++) {
				float dx = s.dx[b][t * 8 + pair + i % 2], &sum = sums[h][t][i];
				sum = fma(whole(first[i]), d[i / 2] * dx, sum);
				if (T::HALVES)
					sum = fma(whole(last[i]), m[i / 2] * dx, sum);
				else if (T::MINIMUM)
					sum = fma(m[i / 2], s.tx[b][t * 8 + pair + i % 2], sum);
			}
		}
	}
}

template <class T>
DEVICE void matrix(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias, float *out,
                   u32 rows, u32 blocks, u32 tokens) {
	SHARED static Stage stages[2];
	SHARED static Row kept[2][WARPS][WARP];
	u32 lane = thread() % WARP, warp = thread() / WARP, first_row = (block_x() * WARPS + warp) * WARP;
	bool some = first_row < rows; // of the warp's rows; those past the last are zeros
	Inputs in = {q, dx, tx, block_y() * TOKENS, tokens - 1, blocks};
	float totals[HALVES][TILES][4] = {}, d = 0, m = 0;
	u32 w[8] = {}, chunks = (blocks + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS;
	fetch<T::MINIMUM>(stages[0], in, 0);
	commit();
	if (some)
		T::load(stored<T>(quants, scales, first_row + lane, blocks / T::GROUP, 0), 0, w, d, m);
	u32 chunk = 0;
#pragma unroll 1
	do { // a row has a chunk
		if (chunk + 1 < chunks)
			fetch<T::MINIMUM>(stages[(chunk + 1) % 2], in, chunk + 1);
		commit();
		wait_but_last();
		barrier(); // everybody's copies are there
		float sums[HALVES][TILES][4] = {};
		u32 to = (chunk + 1) * CHUNK_BLOCKS < blocks ? (chunk + 1) * CHUNK_BLOCKS : blocks;
#pragma unroll 1
		for (u32 b = chunk * CHUNK_BLOCKS; some && b < to; b++) {
			Row *mine = kept[b % 2][warp];
			keep(mine[lane], w, d, m);
			wait_for_lanes(); // who reads the other half has read it, for it is here
			if (b + 1 < blocks)
				T::load(stored<T>(quants, scales, first_row + lane, blocks / T::GROUP, (b + 1) / T::GROUP), (b + 1) % T::GROUP, w, d, m);
			step<T>(mine, stages[chunk % 2], b % CHUNK_BLOCKS, sums);
		}
#pragma unroll
		for (u32 h = 0; h < HALVES; h++)
#pragma unroll
			for (u32 t = 0; t < TILES; t++)
#pragma unroll
				for (u32 i = 0; i < 4; i++)
					totals[h][t][i] = totals[h][t][i] + sums[h][t][i];
		barrier(); // the stage was read
	} while (++chunk < chunks);
#pragma unroll
	for (u32 h = 0; h < HALVES; h++)
#pragma unroll
		for (u32 t = 0; t < TILES; t++)
#pragma unroll
			for (u32 i = 0; i < 4; i++) {
				u32 row = first_row + h * 16 + i / 2 * 8 + lane / 4, token = in.first + t * 8 + lane % 4 * 2 + i % 2;
				if (row < rows && token < tokens)
					out[(u64)token * rows + row] = bias ? totals[h][t][i] + bias[row] : totals[h][t][i];
			}
}

#define MATRIX(name, type)                                                                                                          \
	KERNEL BLOCK_OF(THREADS)                                                                                                    \
	matrix_##name(const u8 *quants, const u8 *scales, const i8 *q, const float *dx, const float *tx, const float *bias, float *out, \
	              u32 rows, u32 blocks, u32 tokens) {                                                                               \
		matrix<type>(quants, scales, q, dx, tx, bias, out, rows, blocks, tokens);                                                   \
	}

MATRIX(q8_0, Q8_0)
MATRIX(q4_0, Q4_0)
MATRIX(q4_1, Q4_1)
MATRIX(q5_0, Q5_0)
MATRIX(q5_1, Q5_1)
MATRIX(q4_k, Q4_K)
MATRIX(q5_k, Q5_K)
MATRIX(q6_k, Q6_K)
MATRIX(iq4_nl, IQ4_NL)
MATRIX(mxfp4, MXFP4)
