// Package synthetic judges records of synthetic data that a request pays for: a
// [Judge] takes them in the order of their commitments, sends each through the
// gates, and says what it is paid. It is a function of public bytes alone, in
// integers: everyone who has the records has the same pay, to the unit. A
// requester chooses neither whom it pays nor what passes.
//
//	rules.go          the numbers of the gates
//	specification.go  what a request asks for
//	record.go         a record, and the order in which records count
//	gates.go          the gates that a record passes by itself, in order
//	judge.go          a judge of what fits into memory: what is new, and is paid
//	pay.go            diversity, and what is paid
//	bulk.go           a judge of files of any size; its second pass is decide.go,
//	                  and what it keeps between both is spool.go
//	lines.go          specification and records as lines of JSON
//	request.go        the requests and records that the ledger holds
//	before.go         what of a record other requests have, and is not new
//
// The gates themselves are package gate, with packages schema and gramset; what
// came before is package index, and what comes twice in a file package repeats;
// programs run in package sandbox.
package synthetic
