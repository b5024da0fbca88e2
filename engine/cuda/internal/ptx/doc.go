// Package ptx runs NVIDIA's PTX on the processor, for tests only: the kernels
// that are shipped, instruction by instruction, where there is no GPU. It is
// slow beside a GPU and strict beside one: what a device leaves undefined is an
// error here.
//
// Parse reads a module. It knows a closed table of opcodes, each by its exact
// string, and refuses all others, so that nothing approximate (.approx),
// flushed (.ftz), contracted (an add or mul without .rn) or unknown can be in a
// kernel that runs. What each does is in the file of its family, with the
// section of NVIDIA's "PTX ISA" that it follows:
//
//	integers.go   §9.7.1 integer arithmetic, §9.7.8 logic and shifts
//	floats.go     §9.7.3 floating point
//	compare.go    §9.7.6, §9.7.7 comparison and selection
//	move.go       §9.7.9 data movement and conversion, but for memory
//	access.go     §9.7.9 ld and st
//	warpwide.go   §9.7.9 shfl, §9.7.13 bar
//	matrices.go   §9.7.13 ldmatrix, mma of bytes
//	async.go      §9.7.9 cp.async, which lands early or as late as it may
//	early.go      §9.7.13 griddepcontrol, §9.7.9 prefetch: grids that begin before those before them have
//
// Kernel.Run runs a grid. A warp is 32 lanes with program counters of their
// own; those that stand at one instruction run it together. An operation that
// names lanes waits until all of them are at it; bar.sync, which is .aligned,
// for the whole warp and then the block. A Schedule is in order or random by a
// seed: blocks, warps, parts of warps, and where they are interrupted.
//
// Errors: ErrSyntax and ErrOpcode of Parse; of Run, ErrBounds, ErrAlignment,
// ErrUndefined (a register or a byte of memory that nobody wrote), ErrRace (two
// threads, one of which writes, with no barrier between them), ErrConstant (a
// write to what a non-coherent load reads in the same grid), ErrEarly, ErrDeadlock,
// ErrUniform (bra.uni that some lanes take and others do not) and
// ErrLaunch. They name kernel, line and thread.
//
// Memory is a device's memory. Start reading at launch.go, then warp.go, then
// one of the families.
package ptx
