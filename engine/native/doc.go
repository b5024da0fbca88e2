// Package native computes models in C: the arithmetic AC1 with the instructions
// that the processor has, to the bits of package arith, many times as fast. It
// is the only package with cgo; without cgo there is backend.ErrUnavailable,
// and the reference serves.
//
// Open makes a Backend of what package weights has loaded: a Model behind the
// contract of package backend. A lane of a vector is an output row, so that the
// sums of AC1 come out in order. Weights are either mapped: they stay in the
// mapping of the file, and a thread that multiplies by them transposes sixteen
// rows at a time, or for one token their dot products; or they are interleaved:
// copied once, sixteen rows side by side, and the pages of the file are given
// back (Config.Weights; levels with vectors of sixteen lanes do so by
// themselves, for there one token is up to twice as quick). Model.Forward runs
// new tokens of any number of sequences through all layers in one call into C;
// Model.Logits multiplies states with the output matrix. A Cache holds a
// sequence's keys and values. Levels of instructions (Levels) are chosen when a
// model is made; the results do not depend on them, nor on threads, nor on
// company.
//
// The C code: engine.h is the door, internal.h the layouts in memory, step.c
// the graph, attend.c its attention, pool.c the threads, memory.c what they
// allocate. The kernels are
// written once, in k_*.h, for vectors of any width; each simd_*.h gives them
// one vocabulary of vectors, each isa_*.c is one level of instructions, and
// isa.h makes a level's table of them. types.h says what the types of weights
// are; blocks.h, their sizes, is written from the lists in Go. interleave.c
// copies weights as lanes.h describes. bench.c and test.c run single kernels.
// Start reading at engine.h, then step.c.
//
// Its words are those of the field. gemm is x[T, D] · w[O, D] → y[T, O] for any
// number of tokens, gemv that of one; weights are packed into panels, and what
// follows a product is its epilogue. Zero points, transpose, gather, lookup,
// prefetch, store, RoPE, qk, softmax and pv mean what they mean elsewhere.
package native
