package ptx

import (
	"slices"
	"strings"
)

// kind says what runs an instruction.
type kind int

const (
	plain    kind = iota // lanes of registers to lanes of a register: value
	splits               // one register to a vector
	joins                // a vector to one register
	compares             // lanes of registers to a predicate: test
	logic                // predicates to a predicate: bits
	sets                 // a predicate from a constant
	selects              // one of two registers, by a predicate
	params               // ld.param
	loads                // from memory
	stores               // to memory
	jumps
	exits
	shuffles    // between the lanes that a mask names
	barriers    // of a block
	collectives // of a whole warp
	starts      // of copies that go on beside
	commits     // of a group of them
	waits       // for groups of them
	depends     // on the grids before
	hints       // that change nothing here
	prefetches
)

// lanes are a register's values in the lanes of a warp, without sign, the bits
// above the register's are 0.
type lanes [warpSize]uint64

// space is where an address points.
type space int

const (
	global space = iota
	constantGlobal
	shared
)

// opcode is an entry of the table.
type opcode struct {
	name  string
	kind  kind
	kinds []string // of the operands, see fits
	// value computes all lanes at once; those that do not take part are thrown
	// away.
	value func(d, a, b, c *lanes)
	// masked tells that value leaves bits above those of the register.
	masked bool
	// uniform tells that the lanes which come to a jump all do so, or none.
	uniform bool
	test    func(a, b *lanes) uint32
	bits    func(a, b uint32) uint32
	space   space
	size    int    // bytes of an access
	signed  bool   // of a load
	source  source // of a shuffle
	m, k    int    // rows and depth of a product of matrices
}

// opcodes is the whole table.
var opcodes = table(integers, floats, comparisons, moves, accesses, warpwide, matrices, copies, dependents)

// table joins families. An operation that is there twice would be a mistake of
// this package.
func table(families ...[]opcode) map[string]*opcode {
	all := map[string]*opcode{}
	for _, f := range families {
		for i := range f {
			if all[f[i].name] != nil {
				panic("ptx: " + f[i].name + " is there twice")
			}
			all[f[i].name] = &f[i]
		}
	}
	return all
}

// op makes an entry of a name, a space, and its operands, separated by commas.
func op(k kind, form string) opcode {
	name, operands, some := strings.Cut(form, " ")
	o := opcode{name: name, kind: k}
	if some {
		o.kinds = strings.Split(operands, ",")
	}
	return o
}

func value(form string, f func(d, a, b, c *lanes)) opcode {
	o := op(plain, form)
	o.value = f
	return o
}

// Alike lists the opcodes that take the same operands as one, in their order,
// but for those that do the same.
func Alike(name string) (list []string) {
	o := opcodes[name]
	if o == nil {
		return nil
	}
	for other, x := range opcodes {
		if other != name && x.kind == o.kind && slices.Equal(x.kinds, o.kinds) && !synonyms(name, other) {
			list = append(list, other)
		}
	}
	slices.Sort(list)
	return list
}

// synonyms tells whether two opcodes are one operation: sums, differences and
// comparisons of numbers with and without sign, addresses of global memory, and
// what differs in a promise alone, which Run checks for itself.
func synonyms(a, b string) bool {
	return plainer(a) == plainer(b)
}

var spellings = strings.NewReplacer("bra.uni", "bra", "ld.global.nc.", "ld.global.", "cvta.to.global.u64", "mov.b64", "mov.u", "mov.b", "mov.f", "mov.b",
	"add.u", "add.s", "setp.eq.u", "setp.eq.s", "setp.ne.u", "setp.ne.s")

// plainer is the first of an opcode's spellings.
func plainer(name string) string { return spellings.Replace(name) }
