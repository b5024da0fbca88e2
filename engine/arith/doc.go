// Package arith is the arithmetic AC1 in plain Go: the specification in code
// and the reference that every other backend must equal to the bit. SPEC.md
// beside it is the same in words, complete, so that a stranger can write
// another backend from it.
//
// It runs a model that package weights has loaded (New, Model.Forward) over
// tokens with a cache of keys and values, and chooses tokens (Choose). Every
// result is defined per token and per output element, so it depends neither on
// how a prompt is cut, nor on what else runs, nor on the number of threads.
// Weights stay where they lie, mostly the mapped bytes of the file.
//
// Bit equality rests on three rules that hold throughout the package. A fused
// multiply-add is meant only where FMA or add stands. Every other product that
// is added to something is written float32(x*y) or float64(x*y), for a Go
// compiler may fuse a bare one on arm64 or GOAMD64=v3. And a sum has one order,
// that of SPEC.md §2.
//
// The files are SPEC.md's sections:
//
//	§1 scalars        scalars.go; binary16 is package half's, and which files are refused package weights'
//	§2 sums           sums.go
//	§3 linear layers  activations.go, blocks.go (and blocks_spread.go, blocks_table.go), linear.go
//	§4 functions      functions.go; the tables of RoPE are package rope's
//	§5 the graph      graph.go, rope.go, attention.go, cache.go
//	§6 the choice     choose.go
//	§7, §8            packages fingerprint and gguf
//	§9 logarithms     logprob.go
//
// What the files fast_*.go hold is not in SPEC.md: the same results sooner, by
// tricks that fast.go explains, and on amd64 by two loops in Go's assembly,
// fast_amd64.s, which no compiler of C has seen. Tests compare them with the
// definitions, which do the work where a trick gives up.
//
// The package leaves batching, sampling loops, fingerprints and the life of a
// model to package engine. Start reading at graph.go, then linear.go and
// attention.go, then scalars.go (the one rounding).
package arith
