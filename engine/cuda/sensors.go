//go:build linux && (amd64 || arm64) && !static

package cuda

import (
	"unsafe"

	"github.com/ebitengine/purego"
)

// sensorsName is NVIDIA's management library, which comes with most drivers.
const sensorsName = "libnvidia-ml.so.1"

// sensorSymbols are its functions that are called; each is in NVIDIA's "NVML API
// Reference".
var sensorSymbols = []string{"nvmlInit_v2", "nvmlDeviceGetHandleByPciBusId_v2", "nvmlDeviceGetTemperature", "nvmlDeviceGetPowerUsage"}

// sensors is the management library. It is no more than a help: where it, a
// function or a device of it is not there, nothing is known.
type sensors struct {
	functions map[string]uintptr
	devices   []uintptr // nvmlDevice_t by the driver's numbers; 0 for none
}

// openSensors opens the library for devices at those places of the bus.
func openSensors(name string, buses []string) *sensors {
	s := &sensors{functions: map[string]uintptr{}, devices: make([]uintptr, len(buses))}
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return s
	}
	for _, f := range sensorSymbols {
		if s.functions[f], err = purego.Dlsym(handle, f); err != nil {
			return s
		}
	}
	if !s.call("nvmlInit_v2") {
		return s
	}
	for i, bus := range buses {
		text := append([]byte(bus), 0)
		if !s.call("nvmlDeviceGetHandleByPciBusId_v2", uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&s.devices[i]))) {
			s.devices[i] = 0
		}
	}
	return s
}

// call calls a function, and tells whether it did what it should.
//
//go:uintptrescapes
func (s *sensors) call(name string, args ...uintptr) bool {
	r, _, _ := purego.SyscallN(s.functions[name], args...)
	return int32(r) == 0
}

// Sense reads what the device's sensors show.
func (s *sensors) Sense(number int) (celsius, watts float64) {
	if s.devices[number] == 0 {
		return 0, 0
	}
	const gpuCore = 0 // NVML_TEMPERATURE_GPU
	var degrees, milliwatts uint32
	if s.call("nvmlDeviceGetTemperature", s.devices[number], gpuCore, uintptr(unsafe.Pointer(&degrees))) {
		celsius = float64(degrees)
	}
	if s.call("nvmlDeviceGetPowerUsage", s.devices[number], uintptr(unsafe.Pointer(&milliwatts))) {
		watts = float64(milliwatts) / 1000
	}
	return celsius, watts
}
