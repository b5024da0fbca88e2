// Package export writes the data that the network makes as a data set of files
// which researchers' tools load: JSON Lines and Parquet, an epoch a file, and a
// card in the form of Hugging Face. A directory holds
//
//	README.md                      the card
//	manifest.json                  what was written, with SHA-256 of each file
//	data/epoch-00000007.jsonl      the rows of epoch 7
//	data/epoch-00000007.parquet    the same
//
// [Write] takes epochs one after the other, each from its [Source], and streams
// them, the last bytes of one while the next is made: memory holds one group of
// rows, however many an epoch has, and of labels and novelty what a row is
// compared by. A file gets its name when it is whole, and stands in the manifest
// from then on, so that a run which was ended goes on with the epoch in which it
// was. [Verify] reads a data set again: that its files are those of the manifest,
// that both forms say the same, and that a source which has the ledger still gives
// the same rows.
//
// The rows are in rows.go, in the order of their columns; what becomes of a kind's
// evidence is in the file with the kind's name. [Look] says what is in a data set.
// This is the only home of the Parquet library.
package export
