// Package backendtest holds a backend to the contract of package backend: the
// bits of the reference for every type, family and want, whole and in pieces,
// alone and in company; failures of a model at the same place; refusals, lack
// of memory, a loss in the middle of the work; and memory that comes back.
// Every backend runs it in its own tests, where it can make its memory and its
// device fail:
//
//	func TestTheContract(t *testing.T) { backendtest.Test(t, backendtest.Subject{Open: …}) }
//
// Its oracle is package arith, called as SPEC.md reads: one sequence, one
// thread. Start reading at subject.go.
package backendtest
