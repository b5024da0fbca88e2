// Package record is what a validator keeps: the answers and cards that it
// accepted, what its own runs found, the weights that it sealed and what they
// were made of, its statements of cards, and scores that are final.
//
// A record is durable before anything is said of it: what a validator
// acknowledged to a peer, judged, sealed or stated is found here after kill -9,
// and nothing is written that it does not stand for. Writes that belong together
// are one [Batch]. What was read from an envelope once is part of its record, so
// that comparing and counting cards open no envelope again. The bytes of an answer,
// which may be a mebibyte, lie beside its record: they are opened when the answer
// comes, and again only where its body has left memory ([Book.Body]), as after a
// restart.
//
// What stays of an epoch for good is a score and what was found, of each seat and
// kind, folded into one record when the evidence is pruned (past.go): 56 KB on
// the disk where 256 seats have four tasks each of one kind, 235 MiB a year where
// an epoch takes two hours (BenchmarkHistory of package source).
//
// [Reader] reads, also the database of a validator that does not run; [Book]
// writes, too, and keeps the newest bodies in memory under a lock of its own, which
// is held over no read or write. Both are safe for concurrent use, as the store is.
// Who may write what, and in which order, is for package validator to say. Start
// reading at record.go.
package record
