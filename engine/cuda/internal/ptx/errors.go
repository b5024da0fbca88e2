package ptx

import "errors"

var (
	// ErrSyntax means text that is no PTX, or PTX that this package does not read.
	ErrSyntax = errors.New("ptx: bad syntax")
	// ErrOpcode means an instruction that is not in the table, or operands that
	// it does not take.
	ErrOpcode = errors.New("ptx: opcode not known")
	// ErrLaunch means a grid or arguments that the kernel does not take.
	ErrLaunch = errors.New("ptx: bad launch")
	// ErrBounds means an address outside of what was allocated.
	ErrBounds = errors.New("ptx: address out of bounds")
	// ErrAlignment means an address that is no multiple of the size of the access.
	ErrAlignment = errors.New("ptx: address not aligned")
	// ErrUndefined means a register or memory that was read before it was written.
	ErrUndefined = errors.New("ptx: undefined value")
	// ErrRace means two accesses of different threads to the same byte, one a
	// write, whose order nothing defines.
	ErrRace = errors.New("ptx: race")
	// ErrConstant means a write to memory that the same grid reads by
	// non-coherent loads.
	ErrConstant = errors.New("ptx: write to what is read as constant")
	// ErrEarly means a thread of a grid that may begin early, which ends and has
	// not waited: who waits for its grid would not have waited for those before.
	ErrEarly = errors.New("ptx: the end of a thread that did not wait for the grids before")
	// ErrDeadlock means threads that wait for others that never come.
	ErrDeadlock = errors.New("ptx: deadlock")
	// ErrUniform means a jump that all lanes must take, or none, and some do.
	ErrUniform = errors.New("ptx: a uniform jump that is none")
	// ErrMemory means that the device's memory is used up.
	ErrMemory = errors.New("ptx: out of memory")
)
