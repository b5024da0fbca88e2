package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/backend"
)

// Driver is CUDA's driver: the library, or in tests an interpreter.
type Driver interface {
	// Devices lists the devices. Errors: backend.ErrUnavailable, which says why
	// there are none.
	Devices() ([]Info, error)
	// Open takes a device, by its number in Devices.
	Open(number int) (Device, error)
}

// Sensors is a Driver that knows what its devices' sensors show.
type Sensors interface {
	// Sense reads a device's temperature and the power that it draws; 0 is what
	// is not known. It is called from any goroutine.
	Sense(number int) (celsius, watts float64)
}

// Info is what a driver says of a device.
type Info struct {
	Name         string
	Driver       string // such as CUDA 12.4, the newest that it knows
	Version      int    // of CUDA, 1000 × major + 10 × minor
	Major, Minor int    // compute capability
	Memory       int64  // bytes
	// What is computed with, and its highest clock; 0 where the driver does not say.
	Multiprocessors, MHz int
}

// pointer is an address in a device's memory; 0 is none.
type pointer uint64

// Device is an open device. All methods but Do are called within Do. Errors are
// *Error.
//
// What Copy, Launch, Send and Fetch begin, the device does in that order, while
// its caller goes on; an error of it may be told by any later call, and by the
// next Wait at the latest.
type Device interface {
	// Do runs f, alone, where the device's methods may be called.
	Do(f func())
	// Load compiles a module and returns the handles of kernels in it.
	Load(ptx string, kernels []string) ([]uintptr, error)
	Alloc(bytes int64) (uint64, error)
	Free(at uint64) error
	// Room is how many bytes nobody has allocated, in this process or another.
	Room() (int64, error)
	// Pinned allocates memory of the machine that stays where it is, so that the
	// device copies to and from it by itself. Unpin frees it.
	Pinned(bytes int) ([]byte, error)
	Unpin(data []byte) error
	// Upload and Download have copied when they return, after all that was begun
	// before.
	Upload(to uint64, data []byte) error
	Download(data []byte, from uint64) error
	Copy(to, from uint64, bytes int64) error
	// Launch starts a kernel on x × y blocks. One that is early may begin before
	// the kernel that was begun directly before it has ended, and waits for that
	// itself; it does where the driver can have it so.
	Launch(kernel uintptr, x, y, threads int, args [][]byte, early bool) error
	// Send and Fetch copy from and to pinned memory, which is the device's until
	// Wait.
	Send(to uint64, data []byte) error
	Fetch(data []byte, from uint64) error
	// Beside begins what each part begins, no part after another, but all after
	// what was begun before and before what is begun then. There are at most
	// mostBeside parts, of launches alone.
	Beside(parts ...func() error) error
	// Mark marks what was begun so far, and Reach waits until the last mark is
	// done, Wait until all is.
	Mark() error
	Reach() error
	Wait() error
	// Record keeps what f begins, launches, copies to pinned memory and Beside,
	// as a graph: none of it is done. It is done by each Replay, at a call's price
	// for all of it. The graph is 0 where the driver has none, and f is not called.
	Record(f func() error) (graph uintptr, err error)
	Replay(graph uintptr) error
	Forget(graph uintptr) error
	// Close gives the device back; Do is not called any more.
	Close()
}

// mostBeside is how many parts Beside takes: queries, keys and values.
const mostBeside = 3

// Error is a call that CUDA refused, or that told of an earlier one's failure.
type Error struct {
	Call string // such as cuLaunchKernel
	Code int    // CUresult
	Name string // such as CUDA_ERROR_LAUNCH_FAILED
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s (%d)", e.Call, e.Name, e.Code) }

// outOfMemory is CUDA_ERROR_OUT_OF_MEMORY.
const outOfMemory = 2

// Unwrap makes lack of memory backend.ErrMemory and all else backend.ErrDevice:
// after most of CUDA's errors nothing works in the process any more, and which
// those are differs between drivers.
func (e *Error) Unwrap() error {
	if e.Code == outOfMemory {
		return backend.ErrMemory
	}
	return backend.ErrDevice
}

// lost tells whether an error ends a device.
func lost(err error) bool { return errors.Is(err, backend.ErrDevice) }

// arguments are the bytes of a kernel's arguments.
func arguments(list ...any) [][]byte {
	out := make([][]byte, len(list))
	for i, a := range list {
		switch a := a.(type) {
		case pointer:
			out[i] = binary.LittleEndian.AppendUint64(nil, uint64(a))
		case int:
			out[i] = binary.LittleEndian.AppendUint32(nil, uint32(a))
		case float32:
			out[i] = binary.LittleEndian.AppendUint32(nil, math.Float32bits(a))
		default:
			panic(fmt.Sprintf("cuda: an argument of type %T", a))
		}
	}
	return out
}
