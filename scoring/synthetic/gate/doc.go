// Package gate holds the gates that a record of synthetic data must pass, one a
// file: pure functions in integers, whose numbers are arguments. Shares are in
// 65536ths. What they take apart was bounded by its reader (package value).
//
//	length.go         how many words
//	repetition.go     how many different ones
//	private.go        secrets and personal data, by the patterns of private.json
//	novelty.go        how much was not there before
//	minhash.go        how alike two records are
//	diversity.go      as how many different records a list of them counts
//	vectors_amd64.s   the loops of these two in AVX2, with equal bits
//
// The gate of a schema is package schema, the sets that a record must not
// overlap are package gramset, and package synthetic puts all in order.
package gate

// one is the whole of a share.
const one = 1 << 16
