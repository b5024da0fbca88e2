// Package gguf reads and writes GGUF model files, versions 2 and 3, little-endian.
//
// [Open] maps the file and checks all of it that has structure before it
// returns: every length against a named limit (limits.go) and against what is
// left of the file, every tensor's type, shape, alignment and bounds, and that
// no two keys, names or tensors collide. A hostile file gives an error that
// wraps one of the sentinels of errors.go, never a panic and never an
// allocation larger than a small multiple of the file. What the numbers in a
// tensor are worth is the business of package arith.
//
// Layout of a file (all integers little-endian; str is a u64 length and that
// many bytes):
//
//	"GGUF"  u32 version  u64 T  u64 P  (how many tensors and pairs)
//	P × { str key, u32 type, value }
//	T × { str name, u32 n, n × u64 dimension, u32 encoding, u64 offset }
//	padding to general.alignment (32 when absent)
//	tensor data; offsets count from here and are multiples of the alignment
//
// A value is a number, a bool of one byte, a str, or an array: u32 element
// type, u64 count, elements. The format is ggml's.
//
// [ModelID] names what a file computes. [Writer] makes files for tests.
// Start reading at [File] in file.go, then parse.go.
package gguf
