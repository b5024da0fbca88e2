// Package arith is the arithmetic AC1 in plain Go: the specification in code and the reference that every other backend must
// equal to the bit. SPEC.md beside it is the same in words, complete, so that a stranger can write another backend from it.
//
// It loads a model from a GGUF file (Load), runs it over tokens with a cache of keys and values (Model.Forward) and chooses
// tokens (Choose). Every result is defined per token and per output element, so it depends neither on how a prompt is cut, nor
// on what else runs, nor on the number of threads. Weights stay the mapped bytes of the file; only matrices of F32, F16 and
// BF16 are transcoded, to Q8_0.
//
// Bit equality rests on three rules that hold throughout the package. A fused multiply-add is meant only where FMA or add
// stands. Every other product that is added to something is written float32(x*y) or float64(x*y), for a Go compiler may fuse
// a bare one on arm64 or GOAMD64=v3. And a sum has one order, that of SPEC.md §2.
//
// The package leaves batching, sampling loops, fingerprints and the life of a model to package engine. Start reading at
// forward.go (the graph), then linear.go and attention.go (the sums), then fma.go (the one rounding).
package arith
