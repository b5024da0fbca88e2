/* lanes.h - how a group of sixteen rows lies in lanes: interleaved weights, a copy that a model may make when it is loaded
 * (interleave.c) and that k_lanes.h reads.
 *
 * A block of 32 inputs of sixteen rows is lines of 64 bytes with a dword of each row, then its scales, a number of each row. Line j of
 * eight bits holds inputs 4j … 4j+3. Line j of nibbles holds inputs 4j … 4j+3 in the low ones and 16+4j … in the high ones, as the bytes
 * of most types do. A line of fifth bits: byte i of a dword holds the bits of inputs 4j+i, that of j < 4 at 4+j, the others at j−4.
 * Two lines of upper pairs of bits: byte i of line h has those of inputs 16h+4j+i, of j = 0 and 1 at 4 and 6, of 2 and 3 at 0 and 2.
 *
 *     Q8_0                       8 lines, 16 d                        Q4_0, IQ4_NL   4 lines of nibbles, 16 d
 *     Q4_1                       4 lines of nibbles, 16 d, 16 m       MXFP4          4 lines of nibbles, 16 bytes e
 *     Q5_0, Q5_1                 nibbles, a line of fifth bits, 16 d [, 16 m]
 *     Q4_K, Q5_K, 256 inputs     head: 16 d, 16 c, [8][16] sc, [8][16] mn; then eight blocks like those of Q4_0 and Q5_0 without scales
 *     Q6_K, 256 inputs           head: 16 d, [8][2][16] s; then eight blocks of four lines of nibbles and two of upper bits
 *
 * The zero point of Q8_0 is 128 where the level's dot products take unsigned bytes. So the sizes are those of the file, but
 * for Q4_K and Q5_K, whose scales of six bits take eight.
 */
#ifndef ENG_LANES_H
#define ENG_LANES_H

#include "types.h"

/* Bytes of a block's lines, and of the scales that follow them. */
FN size_t lanes_weights(int type) { return LINE * (type == ENG_Q8_0 ? 8 : type == ENG_Q6_K ? 6 : has_fifth(type) ? 5 : 4); }
FN size_t lanes_scales(int type) { return is_super(type) ? 0 : type == ENG_MXFP4 ? GROUP : kind_of(type) == MINIMA ? 4 * GROUP : 2 * GROUP; }
FN size_t lanes_block(int type) { return lanes_weights(type) + lanes_scales(type); }

/* Bytes of the head of 256 inputs, where its scales of eight bits begin, and bytes of all. */
FN size_t lanes_head(int type) { return !is_super(type) ? 0 : (size_t)(type == ENG_Q6_K ? 2 : 4) * GROUP + 2 * CHUNK_BLOCKS * GROUP; }
FN size_t head_scales(int type) { return (size_t)(type == ENG_Q6_K ? 2 : 4) * GROUP; }
FN size_t lanes_chunk(int type) { return lanes_head(type) + CHUNK_BLOCKS * lanes_block(type); }

#endif
