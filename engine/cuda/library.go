//go:build linux && (amd64 || arm64) && !static

package cuda

import (
	"bytes"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/assaynet/assay/engine/backend"
)

// libraryName is the driver's library, which its installation puts where
// libraries are looked for.
const libraryName = "libcuda.so.1"

// minDriver is the first driver that reads PTX 6.0: CUDA 9.0.
const minDriver = 9000

// symbols are the library's functions that are called. Each is in NVIDIA's
// "CUDA Driver API"; a suffix is its version there.
var symbols = []string{
	"cuInit", "cuDriverGetVersion", "cuGetErrorName", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute",
	"cuDeviceGetPCIBusId", "cuDeviceTotalMem_v2", "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2", "cuCtxSetCurrent",
	"cuModuleLoadData", "cuModuleUnload", "cuModuleGetFunction", "cuMemAlloc_v2", "cuMemFree_v2", "cuMemGetInfo_v2",
	"cuMemHostAlloc", "cuMemFreeHost", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuMemcpyDtoDAsync_v2",
	"cuStreamCreate", "cuStreamDestroy_v2", "cuStreamSynchronize", "cuStreamWaitEvent",
	"cuEventCreate", "cuEventDestroy_v2", "cuEventRecord", "cuEventSynchronize", "cuLaunchKernel",
}

// graphSymbols are those that drivers have from CUDA 11.4 on. Without one of
// them there are no graphs, and all else is as it was.
var graphSymbols = []string{
	"cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphLaunch", "cuGraphDestroy", "cuGraphExecDestroy",
}

// earlySymbol is that which drivers have that let a kernel begin before the one
// before it has ended; without it none does.
const earlySymbol = "cuLaunchKernelEx"

// Attributes of a device, of CUdevice_attribute.
const (
	attributeClock           = 13 // kHz
	attributeMultiprocessors = 16
	attributeMajor           = 75
	attributeMinor           = 76
)

// library is NVIDIA's driver.
type library struct {
	*sensors
	functions map[string]uintptr
	version   int32 // of CUDA, 1000 × major + 10 × minor
	graphs    bool  // it has graphSymbols
	launches  bool  // it has earlySymbol
	devices   []Info
	handles   []int32  // CUdevice
	buses     []string // where each is, such as 0000:65:00.0
}

// Library opens NVIDIA's driver and finds its devices. Errors:
// backend.ErrUnavailable, which says what is missing.
func Library() (Driver, error) { return openLibrary(libraryName, sensorsName) }

func openLibrary(name, sensors string) (Driver, error) {
	runtime.LockOSThread() // the linker keeps the reason for each thread
	defer runtime.UnlockOSThread()
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("%w: no driver of NVIDIA: %w", backend.ErrUnavailable, err)
	}
	l := &library{functions: map[string]uintptr{}}
	for _, s := range symbols {
		if l.functions[s], err = purego.Dlsym(handle, s); err != nil {
			return nil, fmt.Errorf("%w: %s has no %s; is the driver older than CUDA 9?", backend.ErrUnavailable, name, s)
		}
	}
	l.graphs = true
	for _, s := range graphSymbols {
		if l.functions[s], err = purego.Dlsym(handle, s); err != nil {
			l.graphs = false
		}
	}
	l.functions[earlySymbol], err = purego.Dlsym(handle, earlySymbol)
	l.launches = err == nil
	if err := l.find(); err != nil {
		// Not err itself: that nothing was found ends no backend.
		return nil, fmt.Errorf("%w: %s: %s", backend.ErrUnavailable, name, err.Error())
	}
	l.sensors = openSensors(sensors, l.buses)
	return l, nil
}

// call calls a function. Errors: *Error. What arguments point to does not move
// and is not freed meanwhile: the directive says so of pointers that are made
// numbers where call is called.
//
//go:uintptrescapes
func (l *library) call(name string, args ...uintptr) error {
	r, _, _ := purego.SyscallN(l.functions[name], args...)
	code := int(int32(r))
	if code == 0 {
		return nil
	}
	return &Error{Call: name, Code: code, Name: l.errorName(int32(r))}
}

// errorName is CUDA's name of a CUresult.
func (l *library) errorName(code int32) string {
	var p *byte
	if r, _, _ := purego.SyscallN(l.functions["cuGetErrorName"], uintptr(code), uintptr(unsafe.Pointer(&p))); int32(r) != 0 || p == nil {
		return "an error without a name"
	}
	const most = 100 // bytes; no name is so long
	var name []byte
	for i := range most {
		c := *(*byte)(unsafe.Add(unsafe.Pointer(p), i))
		if c == 0 {
			break
		}
		name = append(name, c)
	}
	return string(name)
}

// find lists the devices. Errors: *Error, and one that says that the driver is
// too old.
func (l *library) find() error {
	var count int32
	if err := l.call("cuInit", 0); err != nil {
		return err
	}
	if err := l.call("cuDriverGetVersion", uintptr(unsafe.Pointer(&l.version))); err != nil {
		return err
	}
	if l.version < minDriver {
		return fmt.Errorf("the driver is of %s, and %s is needed", release(l.version), release(minDriver))
	}
	if err := l.call("cuDeviceGetCount", uintptr(unsafe.Pointer(&count))); err != nil {
		return err
	}
	for i := range count {
		if err := l.describe(i); err != nil {
			return err
		}
	}
	return nil
}

// release is a version as NVIDIA writes it.
func release(version int32) string { return fmt.Sprintf("CUDA %d.%d", version/1000, version%1000/10) }

// describe adds a device to the list. Errors: *Error.
func (l *library) describe(number int32) error {
	var device, major, minor, processors, clock int32
	var memory uint64
	name := make([]byte, 256)
	if err := l.call("cuDeviceGet", uintptr(unsafe.Pointer(&device)), uintptr(number)); err != nil {
		return err
	}
	if err := l.call("cuDeviceGetName", uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), uintptr(device)); err != nil {
		return err
	}
	for _, x := range []struct {
		value *int32
		which uintptr
	}{{&major, attributeMajor}, {&minor, attributeMinor}, {&processors, attributeMultiprocessors}, {&clock, attributeClock}} {
		if err := l.call("cuDeviceGetAttribute", uintptr(unsafe.Pointer(x.value)), x.which, uintptr(device)); err != nil {
			return err
		}
	}
	if err := l.call("cuDeviceTotalMem_v2", uintptr(unsafe.Pointer(&memory)), uintptr(device)); err != nil {
		return err
	}
	bus := make([]byte, 32)
	if err := l.call("cuDeviceGetPCIBusId", uintptr(unsafe.Pointer(&bus[0])), uintptr(len(bus)), uintptr(device)); err != nil {
		return err
	}
	l.buses = append(l.buses, ended(bus))
	l.devices = append(l.devices, Info{
		Name: ended(name), Driver: release(l.version), Version: int(l.version), Major: int(major), Minor: int(minor), Memory: int64(memory),
		Multiprocessors: int(processors), MHz: int(clock / 1000),
	})
	l.handles = append(l.handles, device)
	return nil
}

// ended is the text before the first zero.
func ended(text []byte) string {
	before, _, _ := bytes.Cut(text, []byte{0})
	return string(before)
}

// Devices lists what was found when the library was opened.
func (l *library) Devices() ([]Info, error) { return l.devices, nil }

// Open starts the device's thread. Errors: *Error.
func (l *library) Open(number int) (Device, error) {
	d := &libraryDevice{
		library: l, device: l.handles[number], work: make(chan func()), ended: make(chan struct{}),
		early: l.launches && l.version >= firstEarly,
	}
	ready := make(chan error)
	go d.run(ready)
	if err := <-ready; err != nil {
		return nil, err
	}
	return d, nil
}
