/* blocks.h - the types of weights and their stored blocks. Written from the lists of packages weights and gguf (blocks_test.go); do not
 * edit it.
 *
 * X(name, ggml's number, weights of a block, bytes of a block)
 */
#ifndef ENG_BLOCKS_H
#define ENG_BLOCKS_H

#define ENG_TYPES(X) \
	X(Q4_0, 2, 32, 18) \
	X(Q4_1, 3, 32, 20) \
	X(Q5_0, 6, 32, 22) \
	X(Q5_1, 7, 32, 24) \
	X(Q8_0, 8, 32, 34) \
	X(Q4_K, 12, 256, 144) \
	X(Q5_K, 13, 256, 176) \
	X(Q6_K, 14, 256, 210) \
	X(IQ4_NL, 20, 32, 18) \
	X(MXFP4, 39, 32, 17)

#endif
