package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// What Config.Device may be, beside cuda:0, cuda:1 and so on.
const (
	DeviceAuto = "auto"
	DeviceCPU  = "cpu"
)

// maxDevice bounds a device's number; no machine has as many.
const maxDevice = 255

// DeviceForms are Config.Device's forms, for messages and manuals.
const DeviceForms = "auto, cpu or cuda:N"

// CheckDevice refuses what is no Config.Device. Errors: ErrRequest.
func CheckDevice(device string) error {
	_, err := deviceNumber(device)
	return err
}

// deviceNumber is that of a GPU, or below 0 for auto and cpu.
func deviceNumber(device string) (int, error) {
	if device == DeviceAuto || device == DeviceCPU {
		return -1, nil
	}
	number, is := strings.CutPrefix(device, "cuda:")
	n, err := strconv.Atoi(number)
	if !is || err != nil || n < 0 || n > maxDevice || strconv.Itoa(n) != number {
		return 0, fmt.Errorf("%w: device %q, not %s", ErrRequest, device, DeviceForms)
	}
	return n, nil
}

// driver is that of the machine's GPUs. Errors: backend.ErrUnavailable.
func (c *Config) driver() (cuda.Driver, error) {
	if c.gpus != nil {
		return c.gpus, nil
	}
	return cuda.Library()
}

func openCUDA(_ *gguf.File, w *weights.Model, cfg Config) (backend.Backend, error) {
	d, err := cfg.driver()
	if err != nil {
		return nil, err
	}
	number, err := deviceNumber(cfg.Device)
	if err != nil {
		return nil, err
	}
	b, err := cuda.Open(w, cuda.Config{Driver: d, Device: max(number, 0)})
	if err != nil {
		return nil, err // not b, which would be a Backend that is nil inside
	}
	return b, nil
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

// Need is how many bytes the model of a file takes on a GPU without keys and
// values, and how many each position of a sequence adds. Errors: those of
// opening such a file.
func Need(path string) (model, position int64, err error) {
	f, err := gguf.Open(path)
	if err != nil {
		return 0, 0, err
	}
	var w *weights.Model
	if cut := guarded(func() { w, err = weights.Load(f) }); cut != nil {
		err = cut
	}
	if err == nil {
		model, position = cuda.Need(w)
	}
	return model, position, errors.Join(err, f.Close())
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
