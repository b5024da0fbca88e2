// Package repeats finds, of many records of many numbers each, the numbers that
// come in more than one record, in memory that does not grow with them. What is
// said once says nothing of any other record; so who wants to know what of a record
// was there before needs to remember the repeated numbers alone, and of each of
// these a bit.
//
//	pile.go     entries in buckets, in one file
//	repeats.go  the numbers, and those that are repeated
//
// Numbers go to a file in buckets by their value, each bucket is sorted in memory,
// and what is found goes to another file in buckets by record. The files have no
// names any more when they are written to: they are gone with the program.
package repeats
