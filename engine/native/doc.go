// Package native computes models in C: the arithmetic AC1 with the instructions that the processor has, to the bits of package
// arith, many times as fast. It is the only package with cgo; without cgo New returns ErrUnavailable and the reference serves.
//
// New makes a Model of an arith.Model. Weights stay where they are, in the mapping of the file as a rule; a thread that multiplies
// by them turns sixteen rows at a time, or for one token their dot products, so that a lane of a vector is an output row and the
// sums of AC1 come out in order. Forward runs new tokens of any number of sequences through all layers in one call into C; Logits
// multiplies states with the output matrix. A Cache holds a sequence's keys and values. Levels of instructions (Levels) are chosen
// when a model is made; the results do not depend on them, nor on threads, nor on company.
//
// The C code: engine.h is the door, internal.h the layouts in memory, step.c the graph, pool.c the threads. The kernels are
// written once, in k_*.h, for vectors of any width; each simd_*.h gives them one vocabulary of vectors, and each isa_*.c is one
// level of instructions. Start reading at engine.h, then step.c.
package native
