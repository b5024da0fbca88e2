// Package cudatest is a GPU for tests: a driver whose devices run the kernels'
// PTX on the processor, instruction by instruction (engine/cuda/internal/ptx).
// What a device would leave undefined ends the device.
package cudatest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

// Driver is a driver whose devices run PTX on the processor.
type Driver struct {
	Info     cuda.Info    // of every device
	Count    int          // of devices
	Memory   []int64      // of each device, where not that of Info
	Schedule ptx.Schedule // of every launch
	Allowed  int          // what a device begins with, see Device.Refuse
	Wrong    bool         // devices are wrong from the start, see Device.Damage
	// Instead has kernels that stand in the place of those of their names.
	Instead map[string]*ptx.Kernel
	Opened  *Device   // the last
	All     []*Device // that were opened
}

// InOrder is the schedule of a device that runs one thing after the other.
var InOrder = ptx.Schedule{}

// New returns a driver of one device, whose launches have a schedule.
func New(s ptx.Schedule) *Driver {
	info := cuda.Info{Name: "interpreter", Driver: "PTX", Version: 12000, Major: 6, Minor: 1, Memory: 1 << 34}
	return &Driver{Info: info, Count: 1, Schedule: s, Allowed: -1}
}

// Devices lists them.
func (d *Driver) Devices() ([]cuda.Info, error) {
	list := slices.Repeat([]cuda.Info{d.Info}, d.Count)
	for i, bytes := range d.Memory {
		list[i].Memory = bytes
	}
	return list, nil
}

// Open makes a device.
func (d *Driver) Open(number int) (cuda.Device, error) {
	d.Opened = &Device{schedule: d.Schedule, instead: d.Instead, allowed: d.Allowed, wrong: d.Wrong}
	if d.Opened.mem.Limit = d.Info.Memory; d.Memory != nil {
		d.Opened.mem.Limit = d.Memory[number]
	}
	d.All = append(d.All, d.Opened)
	return d.Opened, nil
}

// Device is one on the processor. Its methods are those of cuda.Device, and
// some that harm it.
type Device struct {
	schedule ptx.Schedule
	instead  map[string]*ptx.Kernel
	mem      ptx.Memory
	kernels  []*ptx.Kernel
	closed   bool

	mu      sync.Mutex
	allowed int   // guarded by mu: allocations before one is refused; none is where below 0
	broken  error // guarded by mu: what every call says
	wrong   bool  // guarded by mu: see Damage
}

// Refuse makes allocations fail after n more.
func (d *Device) Refuse(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.allowed = n
}

// Fail ends the device.
func (d *Device) Fail() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = &cuda.Error{Call: "cuCtxSynchronize", Code: 719, Name: "CUDA_ERROR_LAUNCH_FAILED"}
}

// Damage makes the device wrong, as a broken one would be: of each download one
// bit is another.
func (d *Device) Damage() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong = true
}

// Do runs f.
func (d *Device) Do(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// said is what a call returns: what is wrong here ends the device, as a fault
// would.
func (d *Device) said(call string, err error) error {
	if d.broken == nil && err != nil {
		d.broken = fmt.Errorf("%w: %w", &cuda.Error{Call: call, Code: 700, Name: "CUDA_ERROR_ILLEGAL_ADDRESS"}, err)
	}
	return d.broken
}

// texts are the modules that were read, which all devices share: so they count
// together which instructions have run.
var texts sync.Map // of the text, *ptx.Module

// Parsed reads a module, once for all that ask for it.
func Parsed(text string) (*ptx.Module, error) {
	if m, there := texts.Load(text); there {
		return m.(*ptx.Module), nil
	}
	m, err := ptx.Parse(text)
	if err == nil {
		texts.Store(text, m)
	}
	return m, err
}

// Load reads a module.
func (d *Device) Load(text string, names []string) ([]uintptr, error) {
	m, err := Parsed(text)
	if err != nil {
		return nil, d.said("cuModuleLoadData", err)
	}
	var handles []uintptr
	for _, name := range names {
		k := m.Kernels[name]
		if d.instead[name] != nil {
			k = d.instead[name]
		}
		if k == nil {
			return nil, d.said("cuModuleGetFunction", errors.New(name))
		}
		d.kernels = append(d.kernels, k)
		handles = append(handles, uintptr(len(d.kernels))) // 0 is none
	}
	return handles, d.broken
}

// Alloc allocates, where that is not refused.
func (d *Device) Alloc(n int64) (uint64, error) {
	if d.broken != nil {
		return 0, d.broken
	}
	if d.allowed == 0 {
		return 0, &cuda.Error{Call: "cuMemAlloc", Code: 2, Name: "CUDA_ERROR_OUT_OF_MEMORY"}
	}
	d.allowed--
	at, err := d.mem.Alloc(int(n))
	return at, d.said("cuMemAlloc", err)
}

// Room is what is left of the memory.
func (d *Device) Room() (int64, error) { return d.mem.Limit - d.mem.Used(), d.broken }

// Free frees.
func (d *Device) Free(at uint64) error { return d.said("cuMemFree", d.mem.Free(at)) }

// Upload copies to the device.
func (d *Device) Upload(to uint64, data []byte) error {
	return d.said("cuMemcpyHtoD", d.mem.Write(to, data))
}

// Download allows what is undefined, which a step reads beside what is not;
// what kernels make of it they would be refused.
func (d *Device) Download(data []byte, from uint64) error {
	err := d.mem.Read(data, from)
	if errors.Is(err, ptx.ErrUndefined) {
		err = nil
	}
	if d.wrong && len(data) > 0 {
		data[len(data)/2] ^= 1
	}
	return d.said("cuMemcpyDtoH", err)
}

// Copy copies on the device.
func (d *Device) Copy(to, from uint64, n int64) error {
	return d.said("cuMemcpyDtoD", d.mem.Copy(to, from, int(n)))
}

// Launch runs a kernel to its end.
func (d *Device) Launch(kernel uintptr, x, y, threads int, args [][]byte) error {
	if d.broken != nil {
		return d.broken
	}
	d.schedule.Seed++
	return d.said("cuLaunchKernel", d.kernels[kernel-1].Run(&d.mem, ptx.Grid{X: x, Y: y, Threads: threads}, args, d.schedule))
}

// Close ends the device.
func (d *Device) Close() { d.closed = true }

// Used is how many bytes are allocated.
func (d *Device) Used() int64 { return d.mem.Used() }

// Closed tells whether it was closed.
func (d *Device) Closed() bool { return d.closed }

// Leaks fails a test that leaves memory or an open device behind.
func (d *Device) Leaks(t *testing.T) {
	t.Helper()
	if d.mem.Used() != 0 || !d.closed {
		t.Errorf("%d bytes are left, closed %t", d.mem.Used(), d.closed)
	}
}
