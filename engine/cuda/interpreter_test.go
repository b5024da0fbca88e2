package cuda_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

// interpreter is a driver whose devices run PTX on the processor.
type interpreter struct {
	info     cuda.Info
	schedule ptx.Schedule
	allowed  int       // what a device begins with, see emulated
	opened   *emulated // the last
}

func newInterpreter(s ptx.Schedule) *interpreter {
	return &interpreter{info: cuda.Info{Name: "interpreter", Major: 6, Minor: 1, Memory: 1 << 34}, schedule: s, allowed: -1}
}

func (d *interpreter) Devices() ([]cuda.Info, error) { return []cuda.Info{d.info}, nil }

func (d *interpreter) Open(int) (cuda.Device, error) {
	d.opened = &emulated{schedule: d.schedule, allowed: d.allowed}
	return d.opened, nil
}

// emulated is a device. Its methods but Do are called within Do, and mu is held
// there.
type emulated struct {
	schedule ptx.Schedule
	mem      ptx.Memory
	kernels  []*ptx.Kernel
	closed   bool

	mu      sync.Mutex
	allowed int   // guarded by mu: allocations before one is refused; none is where below 0
	broken  error // guarded by mu: what every call says
}

// refuse makes allocations fail after n more.
func (d *emulated) refuse(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.allowed = n
}

// fail ends the device.
func (d *emulated) fail() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = &cuda.Error{Call: "cuCtxSynchronize", Code: 719, Name: "CUDA_ERROR_LAUNCH_FAILED"}
}

func (d *emulated) Do(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// said is what a call returns: what is wrong here ends the device, as a fault
// would.
func (d *emulated) said(call string, err error) error {
	if d.broken == nil && err != nil {
		d.broken = fmt.Errorf("%w: %w", &cuda.Error{Call: call, Code: 700, Name: "CUDA_ERROR_ILLEGAL_ADDRESS"}, err)
	}
	return d.broken
}

// texts are the modules that were read, which all devices share: so they count
// together which instructions have run.
var texts sync.Map // of the text, *ptx.Module

func parsed(text string) (*ptx.Module, error) {
	if m, there := texts.Load(text); there {
		return m.(*ptx.Module), nil
	}
	m, err := ptx.Parse(text)
	if err == nil {
		texts.Store(text, m)
	}
	return m, err
}

func (d *emulated) Load(text string, names []string) ([]uintptr, error) {
	m, err := parsed(text)
	if err != nil {
		return nil, d.said("cuModuleLoadData", err)
	}
	var handles []uintptr
	for _, name := range names {
		k := m.Kernels[name]
		if k == nil {
			return nil, d.said("cuModuleGetFunction", errors.New(name))
		}
		handles = append(handles, uintptr(len(d.kernels)))
		d.kernels = append(d.kernels, k)
	}
	return handles, d.broken
}

func (d *emulated) Alloc(n int64) (uint64, error) {
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

func (d *emulated) Free(at uint64) error { return d.said("cuMemFree", d.mem.Free(at)) }

func (d *emulated) Upload(to uint64, data []byte) error {
	return d.said("cuMemcpyHtoD", d.mem.Write(to, data))
}

// Download allows what is undefined, which a step reads beside what is not;
// what kernels make of it they would be refused.
func (d *emulated) Download(data []byte, from uint64) error {
	err := d.mem.Read(data, from)
	if errors.Is(err, ptx.ErrUndefined) {
		err = nil
	}
	return d.said("cuMemcpyDtoH", err)
}

func (d *emulated) Copy(to, from uint64, n int64) error {
	return d.said("cuMemcpyDtoD", d.mem.Copy(to, from, int(n)))
}

func (d *emulated) Launch(kernel uintptr, x, y, threads int, args [][]byte) error {
	if d.broken != nil {
		return d.broken
	}
	d.schedule.Seed++
	return d.said("cuLaunchKernel", d.kernels[kernel].Run(&d.mem, ptx.Grid{X: x, Y: y, Threads: threads}, args, d.schedule))
}

func (d *emulated) Close() { d.closed = true }

// leaks fails a test that leaves memory or an open device behind.
func (d *emulated) leaks(t *testing.T) {
	t.Helper()
	if d.mem.Used() != 0 || !d.closed {
		t.Errorf("%d bytes are left, closed %t", d.mem.Used(), d.closed)
	}
}
