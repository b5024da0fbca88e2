package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
)

// What Config.Device may be, beside cuda:0, cuda:0,1 and so on.
const (
	DeviceAuto = "auto"
	DeviceCPU  = "cpu"
)

// maxDevice bounds a device's number; no machine has as many.
const maxDevice = 255

// DeviceForms are Config.Device's forms, for messages and manuals.
const DeviceForms = "auto, cpu, cuda:N, or several: cuda:0,1 or cuda:0,cpu"

// CheckDevice refuses what is no Config.Device. Errors: ErrRequest.
func CheckDevice(device string) error {
	_, err := parseDevice(device)
	return err
}

// Asks tells whether a Config.Device allows a GPU, which a Device has the name
// of, and whether it does so by name.
func Asks(device, name string) (allowed, named bool) {
	p, err := parseDevice(device)
	if err != nil {
		return false, false
	}
	for _, n := range p.gpus {
		named = named || name == fmt.Sprintf("cuda:%d", n)
	}
	return named || p.auto, named
}

// GPUs is how many GPUs a Config.Device has by name.
func GPUs(device string) int {
	p, _ := parseDevice(device) // of what is none, there are none
	return len(p.gpus)
}

// places are what a Config.Device allows.
type places struct {
	gpus []int // by number, in the order of their layers; none for auto and cpu
	cpu  bool  // has what the GPUs have no room for
	auto bool
}

// parseDevice reads a Config.Device. Errors: ErrRequest.
func parseDevice(device string) (p places, err error) {
	switch device {
	case DeviceAuto:
		return places{auto: true, cpu: true}, nil
	case DeviceCPU:
		return places{cpu: true}, nil
	}
	numbers, is := strings.CutPrefix(device, "cuda:")
	numbers, p.cpu = strings.CutSuffix(numbers, ","+DeviceCPU)
	for number := range strings.SplitSeq(numbers, ",") {
		n, err := strconv.Atoi(number)
		if !is || err != nil || n < 0 || n > maxDevice || strconv.Itoa(n) != number || slices.Contains(p.gpus, n) {
			return places{}, fmt.Errorf("%w: device %q, not %s", ErrRequest, device, DeviceForms)
		}
		p.gpus = append(p.gpus, n)
	}
	return p, nil
}

// driver is that of the machine's GPUs. Errors: backend.ErrUnavailable.
func (c *Config) driver() (cuda.Driver, error) {
	if c.gpus != nil {
		return c.gpus, nil
	}
	return cuda.Library()
}

// Device is a GPU of this machine.
type Device struct {
	Name   string // as Config.Device has it
	Model  string // its maker's name
	Driver string // such as CUDA 12.4
	Major  int    // compute capability
	Minor  int
	Memory int64         // bytes
	Free   int64         // bytes that nobody has allocated
	Tested time.Duration // how long the self-test took
	Err    error         // why it is of no use: ErrUnavailable, ErrMemory, ErrDevice; or nil
}

// Devices lists the GPUs of this machine, each after a self-test, which
// compares what it computes with known bits. Errors: ErrUnavailable, which says
// why there are none.
func Devices() ([]Device, error) {
	d, err := cuda.Library()
	if err != nil {
		return nil, err
	}
	return devices(d)
}

func devices(d cuda.Driver) ([]Device, error) {
	infos, err := d.Devices()
	if err != nil {
		return nil, err
	}
	list := make([]Device, len(infos))
	for i, x := range infos {
		list[i] = Device{Name: fmt.Sprintf("cuda:%d", i), Model: x.Name, Driver: x.Driver, Major: x.Major, Minor: x.Minor, Memory: x.Memory}
		list[i].Free, list[i].Tested, list[i].Err = cuda.SelfTest(d, i)
	}
	return list, nil
}

// Fits says in words what a model of those needs leaves of so many free bytes.
func Fits(model, position, free int64) string {
	if model+backend.PageLen*position > free {
		return fmt.Sprintf("the model takes %.2f GiB and does not fit", gib(model))
	}
	return fmt.Sprintf("the model takes %.2f GiB and leaves room for %d positions", gib(model), (free-model)/position)
}

// String is one line: the device, its driver, its memory and its test.
func (d Device) String() string {
	line := fmt.Sprintf("%s, %s, compute capability %d.%d, %s, %.1f of %.1f GiB free", d.Name, d.Model, d.Major, d.Minor, d.Driver, gib(d.Free), gib(d.Memory))
	if d.Err != nil {
		return line + "; of no use: " + reason(d.Err)
	}
	return fmt.Sprintf("%s; right bits in %.1f s", line, d.Tested.Seconds())
}

func gib(bytes int64) float64 { return float64(bytes) / (1 << 30) }

// reason is an error's text for a line that says why something is not used.
func reason(err error) string {
	if errors.Is(err, backend.ErrUnavailable) {
		return strings.TrimPrefix(err.Error(), backend.ErrUnavailable.Error()+": ")
	}
	return err.Error()
}
