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
	d.Opened = &Device{schedule: d.Schedule, instead: d.Instead, allowed: d.Allowed, wrong: d.Wrong, version: d.Info.Version}
	if d.Opened.mem.Limit = d.Info.Memory; d.Memory != nil {
		d.Opened.mem.Limit = d.Memory[number]
	}
	d.All = append(d.All, d.Opened)
	return d.Opened, nil
}

// Device is one on the processor. Its methods are those of cuda.Device, and
// some that harm it.
//
// What is begun it does as late as it may: at a Reach or Wait. So whoever changes
// pinned memory before, or reads what was not yet fetched, gets other bits.
type Device struct {
	schedule ptx.Schedule
	instead  map[string]*ptx.Kernel
	mem      ptx.Memory
	kernels  []*ptx.Kernel
	version  int // of CUDA
	closed   bool
	begun    []op // in their order
	marked   int  // how many of them were begun before the last Mark
	record   *[]op
	graphs   map[uintptr][]op
	early    int     // kernels that began early
	made     uintptr // graphs so far
	replayed int     // how often one was
	pinned   int     // bytes
	unplayed bool    // see RefuseReplays

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

// RefuseReplays says whether graphs find no memory when they are begun.
func (d *Device) RefuseReplays(refuse bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unplayed = refuse
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
	if err := d.may(); err != nil {
		return 0, err
	}
	at, err := d.mem.Alloc(int(n))
	return at, d.said("cuMemAlloc", err)
}

// may counts an allocation, and refuses it where it is the one too many.
func (d *Device) may() error {
	if d.broken != nil {
		return d.broken
	}
	if d.allowed == 0 {
		return &cuda.Error{Call: "cuMemAlloc", Code: 2, Name: "CUDA_ERROR_OUT_OF_MEMORY"}
	}
	d.allowed--
	return nil
}

// Room is what is left of the memory.
func (d *Device) Room() (int64, error) { return d.mem.Limit - d.mem.Used(), d.broken }

// Free frees, after what was begun.
func (d *Device) Free(at uint64) error {
	_ = d.Wait() // said remembers what is wrong
	return d.said("cuMemFree", d.mem.Free(at))
}

// Pinned allocates, where that is not refused.
func (d *Device) Pinned(n int) ([]byte, error) {
	if err := d.may(); err != nil {
		return nil, err
	}
	d.pinned += n
	return make([]byte, n), nil
}

// Unpin frees.
func (d *Device) Unpin(data []byte) error {
	d.pinned -= len(data)
	return d.broken
}

// errCapture is what CUDA says of a call that cannot be recorded.
var errCapture = &cuda.Error{Call: "cuStreamSynchronize", Code: 900, Name: "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"}

// Upload copies to the device.
func (d *Device) Upload(to uint64, data []byte) error {
	if err := d.Wait(); err != nil {
		return err
	}
	return d.said("cuMemcpyHtoDAsync", d.mem.Write(to, data))
}

// Download copies from the device.
func (d *Device) Download(data []byte, from uint64) error {
	if err := d.Wait(); err != nil {
		return err
	}
	return d.read(data, from)
}

// read allows what is undefined, which a step reads beside what is not; what
// kernels make of it they would be refused.
func (d *Device) read(data []byte, from uint64) error {
	err := d.mem.Read(data, from)
	if errors.Is(err, ptx.ErrUndefined) {
		err = nil
	}
	if d.wrong && len(data) > 0 {
		data[len(data)/2] ^= 1
	}
	return d.said("cuMemcpyDtoHAsync", err)
}

// op is what is to be done: a kernel, or a copy.
type op struct {
	do     func() error
	kernel func() (*ptx.Launch, error)
	early  bool        // the kernel may begin early
	under  *ptx.Launch // it has
}

// begin keeps a copy that is to be done.
func (d *Device) begin(f func() error) error { return d.keep(op{do: f}) }

func (d *Device) keep(o op) error {
	if d.broken != nil {
		return d.broken
	}
	if d.record != nil {
		*d.record = append(*d.record, o)
	} else {
		d.begun = append(d.begun, o)
	}
	return nil
}

// Send copies to the device.
func (d *Device) Send(to uint64, data []byte) error {
	return d.begin(func() error { return d.said("cuMemcpyHtoDAsync", d.mem.Write(to, data)) })
}

// Fetch copies from the device. Until it does, the bytes are none of it.
func (d *Device) Fetch(data []byte, from uint64) error {
	return d.begin(func() error { return d.read(data, from) })
}

// Copy copies on the device.
func (d *Device) Copy(to, from uint64, n int64) error {
	return d.begin(func() error { return d.said("cuMemcpyDtoDAsync", d.mem.Copy(to, from, int(n))) })
}

// Launch runs a kernel to its end, or in a schedule that has kernels begin early,
// up to its waits first, before kernels that were begun before it.
func (d *Device) Launch(kernel uintptr, x, y, threads int, args [][]byte, early bool) error {
	kept := make([][]byte, len(args))
	for i, a := range args {
		kept[i] = slices.Clone(a)
	}
	return d.keep(op{early: early, kernel: func() (*ptx.Launch, error) {
		d.schedule.Seed++
		return d.kernels[kernel-1].Launch(&d.mem, ptx.Grid{X: x, Y: y, Threads: threads}, kept, d.schedule, early)
	}})
}

// mostEarly is how many kernels are begun beside one that has not ended.
const mostEarly = 3

// ahead begins kernels early that follow the first of some.
func (d *Device) ahead(list []op) error {
	for i := 1; i <= mostEarly && i < len(list) && list[i].early; i++ {
		if list[i].under != nil {
			continue
		}
		l, err := list[i].kernel()
		if err == nil {
			err = l.Begin()
		}
		if err != nil {
			return err
		}
		list[i].under = l
		d.early++
	}
	return nil
}

// run runs the first of some to its end.
func (d *Device) run(list []op) error {
	o := &list[0]
	if o.do != nil {
		return o.do()
	}
	var err error
	if d.schedule.Early {
		err = d.ahead(list)
	}
	if err == nil && o.under == nil {
		o.under, err = o.kernel()
	}
	if err == nil {
		err = o.under.End()
	}
	return d.said("cuLaunchKernel", err)
}

// Beside has the last part first.
func (d *Device) Beside(parts ...func() error) error {
	for _, part := range slices.Backward(parts) {
		if err := part(); err != nil {
			return err
		}
	}
	return d.broken
}

// Mark marks what was begun.
func (d *Device) Mark() error {
	d.marked = len(d.begun)
	return d.broken
}

// Reach does what was marked.
func (d *Device) Reach() error { return d.until(d.marked) }

// Wait does all that was begun.
func (d *Device) Wait() error { return d.until(len(d.begun)) }

// until does the first n of what was begun.
func (d *Device) until(n int) error {
	if d.broken == nil && d.record != nil {
		return errCapture
	}
	list := d.begun[:n]
	d.begun, d.marked = d.begun[n:], 0
	for i := range list {
		if d.broken != nil {
			return d.broken
		}
		if err := d.run(list[i:]); err != nil {
			return err
		}
	}
	return d.broken
}

// Record keeps what f begins, where CUDA's version has graphs and there is memory
// for one.
func (d *Device) Record(f func() error) (uintptr, error) {
	if d.version < 11040 {
		return 0, nil
	}
	if d.broken != nil {
		return 0, d.broken
	}
	if d.allowed == 0 {
		return 0, &cuda.Error{Call: "cuGraphInstantiateWithFlags", Code: 2, Name: "CUDA_ERROR_OUT_OF_MEMORY"}
	}
	var list []op
	d.record = &list
	err := f()
	if d.record = nil; err != nil {
		return 0, err
	}
	if d.graphs == nil {
		d.graphs = map[uintptr][]op{}
	}
	d.made++
	d.graphs[d.made] = list
	return d.made, nil
}

// Replay begins what was recorded.
func (d *Device) Replay(graph uintptr) error {
	list, there := d.graphs[graph]
	if !there {
		return d.said("cuGraphLaunch", fmt.Errorf("no graph %d", graph))
	}
	if d.unplayed {
		return &cuda.Error{Call: "cuGraphLaunch", Code: 2, Name: "CUDA_ERROR_OUT_OF_MEMORY"}
	}
	d.begun = append(d.begun, list...)
	d.replayed++
	return d.broken
}

// Forget frees a graph.
func (d *Device) Forget(graph uintptr) error {
	delete(d.graphs, graph)
	return d.broken
}

// Graphs is how many graphs were made, and how often one was replayed.
func (d *Device) Graphs() (made, replayed int) { return int(d.made), d.replayed }

// Early is how many kernels began before those before them had ended.
func (d *Device) Early() int { return d.early }

// Close ends the device.
func (d *Device) Close() { d.closed = true }

// Used is how many bytes are allocated.
func (d *Device) Used() int64 { return d.mem.Used() }

// PinnedBytes is how many bytes of the machine's memory are pinned.
func (d *Device) PinnedBytes() int { return d.pinned }

// Closed tells whether it was closed.
func (d *Device) Closed() bool { return d.closed }

// Leaks fails a test that leaves memory or an open device behind.
func (d *Device) Leaks(t *testing.T) {
	t.Helper()
	if d.mem.Used() != 0 || d.pinned != 0 || len(d.graphs) != 0 || !d.closed {
		t.Errorf("%d bytes, %d pinned ones and %d graphs are left, closed %t", d.mem.Used(), d.pinned, len(d.graphs), d.closed)
	}
}
