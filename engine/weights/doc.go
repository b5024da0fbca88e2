// Package weights reads a model from a GGUF file, for any backend to run: its
// sizes, the numbers of its graph, and its tensors by what they are for. It
// computes nothing and knows no backend. What a file must be, and what each of
// its keys and tensors means, is SPEC.md of package arith, which gives the
// parts of a Model their meaning; a file that asks for anything else is
// refused, never run as another model than it is.
//
// Load makes a Model. Its matrices are the mapped bytes of the file, in ggml's
// layouts (SPEC.md §3); only those of F32, F16 and BF16 are copied, as Q8_0.
// Each is checked: shapes fit the sizes, and every number that a backend will
// read is finite.
//
// Start reading at model.go (the nouns), then family.go (the architectures: a
// new one is an entry there), load.go (how a file is read), keys.go (what is
// refused) and matrix.go (types of matrices: a new one is an entry there).
package weights
