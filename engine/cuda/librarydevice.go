//go:build linux && (amd64 || arm64) && !static

package cuda

import (
	"errors"
	"runtime"
	"sync"
	"unsafe"

	"github.com/assaynet/assay/engine/backend"
)

// Flags of CUstream_flags, CUevent_flags and CUstreamCaptureMode. A stream that
// does not wait for the context's own stream, which two backends of one device
// share, does not meet what another does there while this one records; a
// thread's own capture forbids other threads nothing.
const (
	streamNonBlocking  = 1
	eventDisableTiming = 2
	captureThreadLocal = 1
)

// libraryDevice is a device's primary context, which is current on one OS
// thread, its own.
type libraryDevice struct {
	*library
	device  int32
	work    chan func()
	ended   chan struct{} // closed when the thread has given the device back
	close   sync.Once
	modules []uintptr // the thread's

	// The thread's. The first stream is what all follows; the others have what
	// runs beside it, each with an event that says when it may begin, or has ended.
	streams [mostBeside]uintptr
	events  [mostBeside]uintptr
	mark    uintptr // event
	on      int     // the stream of launches
	early   bool    // kernels may begin early
	begun   bool    // one was to, since a capture began
}

// run is the device's thread, until Close.
func (d *libraryDevice) run(ready chan<- error) {
	defer close(d.ended)
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	var context uintptr
	err := d.call("cuDevicePrimaryCtxRetain", uintptr(unsafe.Pointer(&context)), uintptr(d.device))
	if err == nil {
		if err = d.call("cuCtxSetCurrent", context); err == nil {
			err = d.begin()
		}
		if err != nil {
			d.end() // the first error is the one to tell
		}
	}
	if ready <- err; err != nil {
		return
	}
	for f := range d.work {
		f()
	}
	d.end()
}

// begin makes streams and events.
func (d *libraryDevice) begin() error {
	for i := range d.streams {
		if err := d.call("cuStreamCreate", uintptr(unsafe.Pointer(&d.streams[i])), streamNonBlocking); err != nil {
			return err
		}
		if err := d.call("cuEventCreate", uintptr(unsafe.Pointer(&d.events[i])), eventDisableTiming); err != nil {
			return err
		}
	}
	return d.call("cuEventCreate", uintptr(unsafe.Pointer(&d.mark)), eventDisableTiming)
}

// end gives everything back. A device that has failed has forgotten it, and what
// it says to that is not heard.
func (d *libraryDevice) end() {
	for _, m := range d.modules {
		_ = d.call("cuModuleUnload", m)
	}
	for _, e := range append(d.events[:], d.mark) {
		if e != 0 {
			_ = d.call("cuEventDestroy_v2", e)
		}
	}
	for _, s := range d.streams {
		if s != 0 {
			_ = d.call("cuStreamDestroy_v2", s)
		}
	}
	_ = d.call("cuDevicePrimaryCtxRelease_v2", uintptr(d.device))
}

func (d *libraryDevice) Do(f func()) {
	done := make(chan struct{})
	d.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

func (d *libraryDevice) Close() {
	d.close.Do(func() { close(d.work) })
	<-d.ended
}

func (d *libraryDevice) Load(ptx string, kernels []string) ([]uintptr, error) {
	var module uintptr
	text := append([]byte(ptx), 0)
	err := d.call("cuModuleLoadData", uintptr(unsafe.Pointer(&module)), uintptr(unsafe.Pointer(&text[0])))
	if err != nil {
		return nil, err
	}
	d.modules = append(d.modules, module)
	handles := make([]uintptr, len(kernels))
	for i, k := range kernels {
		name := append([]byte(k), 0)
		err := d.call("cuModuleGetFunction", uintptr(unsafe.Pointer(&handles[i])), module, uintptr(unsafe.Pointer(&name[0])))
		if err != nil {
			return nil, err
		}
	}
	return handles, nil
}

func (d *libraryDevice) Alloc(size int64) (uint64, error) {
	var at uint64
	err := d.call("cuMemAlloc_v2", uintptr(unsafe.Pointer(&at)), uintptr(size))
	return at, err
}

func (d *libraryDevice) Free(at uint64) error { return d.call("cuMemFree_v2", uintptr(at)) }

func (d *libraryDevice) Room() (int64, error) {
	var free, total uint64
	err := d.call("cuMemGetInfo_v2", uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total)))
	return int64(free), err
}

func (d *libraryDevice) Pinned(size int) ([]byte, error) {
	var at unsafe.Pointer
	if err := d.call("cuMemHostAlloc", uintptr(unsafe.Pointer(&at)), uintptr(size), 0); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(at), size), nil
}

func (d *libraryDevice) Unpin(data []byte) error {
	return d.call("cuMemFreeHost", uintptr(unsafe.Pointer(&data[0])))
}

// Upload waits for its copy: the library may still read memory that is not
// pinned, which is Go's, when a copy has begun.
func (d *libraryDevice) Upload(to uint64, data []byte) error {
	err := d.Send(to, data)
	if err == nil {
		err = d.Wait()
	}
	runtime.KeepAlive(data)
	return err
}

func (d *libraryDevice) Download(data []byte, from uint64) error {
	err := d.Fetch(data, from)
	if err == nil {
		err = d.Wait()
	}
	runtime.KeepAlive(data)
	return err
}

func (d *libraryDevice) Send(to uint64, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	return d.call("cuMemcpyHtoDAsync_v2", uintptr(to), uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)), d.streams[0])
}

func (d *libraryDevice) Fetch(data []byte, from uint64) error {
	if len(data) == 0 {
		return nil
	}
	return d.call("cuMemcpyDtoHAsync_v2", uintptr(unsafe.Pointer(&data[0])), uintptr(from), uintptr(len(data)), d.streams[0])
}

func (d *libraryDevice) Copy(to, from uint64, size int64) error {
	return d.call("cuMemcpyDtoDAsync_v2", uintptr(to), uintptr(from), uintptr(size), d.streams[0])
}

// launchConfig and launchAttribute are CUlaunchConfig and CUlaunchAttribute.
type launchConfig struct {
	gridX, gridY, gridZ, blockX, blockY, blockZ, shared uint32
	stream                                              uintptr
	attributes                                          *launchAttribute
	count                                               uint32
}

type launchAttribute struct {
	id    uint32
	_     uint32
	value uint32
	_     [60]byte
}

// programmaticStreamSerialization is the CUlaunchAttributeID of a kernel that may
// begin before the one before it has ended.
const programmaticStreamSerialization = 6

// Launch begins an early kernel as any other when it was once refused as such:
// what fails to be begun has not begun.
func (d *libraryDevice) Launch(kernel uintptr, x, y, threads int, args [][]byte, early bool) error {
	pointers := make([]unsafe.Pointer, len(args))
	for i, a := range args {
		pointers[i] = unsafe.Pointer(&a[0])
	}
	if early && d.early {
		d.begun = true
		c := &launchConfig{
			gridX: uint32(x), gridY: uint32(y), gridZ: 1, blockX: uint32(threads), blockY: 1, blockZ: 1, stream: d.streams[d.on],
			attributes: &launchAttribute{id: programmaticStreamSerialization, value: 1}, count: 1,
		}
		err := d.call("cuLaunchKernelEx", uintptr(unsafe.Pointer(c)), kernel, uintptr(unsafe.Pointer(&pointers[0])), 0)
		if err == nil {
			return nil
		}
		d.early = false
	}
	return d.call("cuLaunchKernel", kernel, uintptr(x), uintptr(y), 1, uintptr(threads), 1, 1, 0, d.streams[d.on], uintptr(unsafe.Pointer(&pointers[0])), 0)
}

// Beside has the first part on the first stream. The other streams wait for what
// is there before it, and the first one then for them. Where something fails,
// nothing is on those any more: who waits for the first stream waits for all.
func (d *libraryDevice) Beside(parts ...func() error) error {
	if err := d.call("cuEventRecord", d.events[0], d.streams[0]); err != nil {
		return err
	}
	begun := 0
	err := d.parts(parts, &begun)
	for i := 1; i < begun && err == nil; i++ {
		if err = d.call("cuEventRecord", d.events[i], d.streams[i]); err == nil {
			err = d.call("cuStreamWaitEvent", d.streams[0], d.events[i], 0)
		}
	}
	for i := 1; i < begun && err != nil; i++ {
		_ = d.call("cuStreamSynchronize", d.streams[i]) // the first error is the one to tell
	}
	return err
}

// parts begins each part on its stream, until one fails, and counts in begun on
// how many streams something may be.
func (d *libraryDevice) parts(parts []func() error, begun *int) error {
	defer func() { d.on = 0 }()
	for i, part := range parts {
		if d.on = i; i > 0 {
			if err := d.call("cuStreamWaitEvent", d.streams[i], d.events[0], 0); err != nil {
				return err
			}
		}
		*begun = i + 1
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (d *libraryDevice) Mark() error { return d.call("cuEventRecord", d.mark, d.streams[0]) }

func (d *libraryDevice) Reach() error { return d.call("cuEventSynchronize", d.mark) }

func (d *libraryDevice) Wait() error { return d.call("cuStreamSynchronize", d.streams[0]) }

// Record captures the first stream, and with it those that wait for it. Where that
// fails, and kernels in it were to begin early, it is done once more without: a
// capture begins nothing.
func (d *libraryDevice) Record(f func() error) (uintptr, error) {
	if !d.graphs {
		return 0, nil
	}
	d.begun = false
	graph, err := d.capture(f)
	if err != nil && d.begun && !errors.Is(err, backend.ErrMemory) {
		d.early = false
		graph, err = d.capture(f)
	}
	return graph, err
}

func (d *libraryDevice) capture(f func() error) (uintptr, error) {
	if err := d.call("cuStreamBeginCapture_v2", d.streams[0], captureThreadLocal); err != nil {
		return 0, err
	}
	first := f()
	var graph, ready uintptr
	err := d.call("cuStreamEndCapture", d.streams[0], uintptr(unsafe.Pointer(&graph)))
	if first != nil {
		err = first // of which a failure to end may be no more than a consequence
	}
	if err == nil {
		err = d.call("cuGraphInstantiateWithFlags", uintptr(unsafe.Pointer(&ready)), graph, 0)
	}
	if graph != 0 {
		if e := d.call("cuGraphDestroy", graph); err == nil {
			err = e
		}
	}
	if err != nil && ready != 0 {
		_ = d.call("cuGraphExecDestroy", ready)
	}
	if err != nil {
		return 0, err
	}
	return ready, nil
}

func (d *libraryDevice) Replay(graph uintptr) error {
	return d.call("cuGraphLaunch", graph, d.streams[0])
}

func (d *libraryDevice) Forget(graph uintptr) error { return d.call("cuGraphExecDestroy", graph) }
