// Package index remembers records of synthetic data, so that one which comes
// later can be compared with them: which grams there were, and who was alike.
// [Memory] holds one request; [Disk] holds a window of many in a database, and
// grows with the disk alone.
//
// A record has a number, from 0 on in the order in which records were added.
// Signatures are found by their bands (package gate); of the records that share
// a band the first [MaxBand] are kept to compare with, so that nobody makes a
// lookup slow by filling one.
package index
