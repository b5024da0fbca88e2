package ptx

// Module is a parsed text.
type Module struct {
	Version string // of the PTX ISA, such as 6.0
	Target  string // such as sm_61
	Kernels map[string]*Kernel
}

// Kernel is an entry of a module.
type Kernel struct {
	Name       string
	Params     []int // bytes of each
	MaxThreads int   // of a block; 0 where nothing is said

	shared   int   // bytes of static shared memory
	regs     []reg // all values: registers, constants, special registers
	preds    int
	code     []instr
	labels   map[string]int
	consts   []constant
	specials map[special]int // where a special register is among regs
	offsets  []int           // of the parameters
}

// reg says what a register is.
type reg struct {
	class byte // 'f', 'i', or 'b' for either; 0 for a constant
	bits  int
}

// constant is a register of one value.
type constant struct {
	slot  int
	value uint64
}

// instr is an instruction, ready to run.
type instr struct {
	op      *opcode
	line    int
	guard   int // predicate, or -1
	not     bool
	d       int    // register or predicate that is written, or -1
	a, b, c int    // registers that are read, or -1
	p, q    int    // predicates that are read, or -1
	vec     []int  // registers of a vector
	more    []int  // further vectors' registers
	second  int64  // offset of a second address
	offset  int64  // of an address; the parameter's number for ld.param
	target  int    // of a branch
	mask    uint64 // of the bits of d
	reads   []int  // registers that must be defined; constants always are
	ran     uint64 // lanes that ran it
}

// Missed lists the lines of instructions that no launch has run.
func (k *Kernel) Missed() []int {
	var lines []int
	for i := range k.code {
		if k.code[i].ran == 0 {
			lines = append(lines, k.code[i].line)
		}
	}
	return lines
}

// Len is the number of instructions.
func (k *Kernel) Len() int { return len(k.code) }

// Lanes is how many instructions of single lanes all launches have run.
func (k *Kernel) Lanes() uint64 {
	n := uint64(0)
	for i := range k.code {
		n += k.code[i].ran
	}
	return n
}

// Shared is how many bytes of shared memory a block has.
func (k *Kernel) Shared() int { return k.shared }
