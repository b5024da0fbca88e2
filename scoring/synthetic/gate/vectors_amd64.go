package gate

import "golang.org/x/sys/cpu"

// vectors says that the processor has what vectors_amd64.s is written in.
var vectors = cpu.X86.HasAVX2

// leasts sets out[i] to the least of a·gram + b of position i over n grams, at
// least one, with its highest bit turned over, which f's b has too.
//
//go:noescape
func leasts(out *[Positions]uint64, grams *uint64, n int, f *columns)

// sharing returns the place of the first of n signatures, in a row from list on,
// that has a position equal to m's, or n.
//
//go:noescape
func sharing(list *lanes, n int, m *lanes) int
