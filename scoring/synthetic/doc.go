// Package synthetic judges records of synthetic data that a request pays for: a
// [Judge] takes them in the order of their commitments, sends each through the
// gates, and says what it is paid. It is a function of public bytes alone, in
// integers: everyone who has the records has the same pay, to the unit. A
// requester chooses neither whom it pays nor what passes.
//
//	rules.go          the numbers of the gates
//	specification.go  what a request asks for
//	record.go         a record, and the order in which records count
//	judge.go          the gates, in order
//	pay.go            diversity, and what is paid
//	lines.go          specification and records as lines of JSON
//	request.go        the requests and records that the ledger holds
//
// The gates themselves are package gate, with packages schema and gramset; what
// came before is package index; programs run in package sandbox.
package synthetic
