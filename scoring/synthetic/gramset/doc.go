// Package gramset holds sets of grams (package text) that a record must not
// overlap: those of evaluation sets, which a trained model would be tested on,
// and those of public data, which anyone could replay. A set is a file, and its
// name is the file's SHA-256, so that two judges who name a set mean the same.
//
// The file, all numbers big-endian:
//
//	0   16 bytes  "assay/1/gramset\n"
//	16   4 bytes  n, words of a gram: 13 (as they stand) or 5 (masked)
//	20   4 bytes  zero
//	24   8 bytes  how many grams
//	32   8 bytes  each gram, ascending, each once
package gramset
