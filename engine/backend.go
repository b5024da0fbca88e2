package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/weights"
)

// The backends' names, and what stands for the first that serves.
const (
	BackendAuto      = "auto"
	BackendCUDA      = "cuda"
	BackendNative    = "native"
	BackendReference = "arith"
)

// backends are all that can run a model, the first to be tried first. A new one
// is an entry here, and everything that names backends has it: Config, the
// environment, the commands' flags, and the tests, package backendtest among
// them.
var backends = append([]computer{{name: BackendCUDA, open: openCUDA}}, processors...)

// processors are the backends of the processor, which may have a part of a
// model beside GPUs.
var processors = []computer{
	{name: BackendNative, open: openNative, slow: slowNative},
	{name: BackendReference, open: openReference},
}

// computer is a way to make a backend.
type computer struct {
	name string
	// open makes the backend, and says why it is as it is where there is
	// something to say. Errors: backend.ErrUnavailable and
	// backend.ErrUnsupported, after which another may serve; others, which are
	// the model's or the machine's fault.
	open func(f *gguf.File, w *weights.Model, cfg Config) (b backend.Backend, why string, err error)
	// slow, where not nil, tells that the one after it is quicker on this machine.
	slow func(backend.Backend) bool
}

// Backends lists what Config.Backend may be.
func Backends() []string {
	names := []string{BackendAuto}
	for _, x := range backends {
		names = append(names, x.name)
	}
	return names
}

func openNative(f *gguf.File, w *weights.Model, cfg Config) (backend.Backend, string, error) {
	b, err := native.Open(w, native.Config{Threads: cfg.Threads, Nice: cfg.Nice, Level: cfg.ISA, Weights: cfg.Weights, File: f.Bytes()})
	if err != nil {
		return nil, "", err // not b, which would be a Backend that is nil inside
	}
	return b, "", nil
}

// slowNative tells that the kernels have no vectors: the reference packs
// several products into one multiplication.
func slowNative(b backend.Backend) bool { return b.About().ISA == native.Scalar.String() }

// checkBackend refuses a name that is none.
func checkBackend(name string) error {
	names := Backends()
	if slices.Contains(names, name) {
		return nil
	}
	last := len(names) - 1
	return fmt.Errorf("%w: backend %q, not %s or %s", ErrRequest, name, strings.Join(names[:last], ", "), names[last])
}

// serves tells whether a backend may be tried for a Config: by its name, and by
// the device.
func serves(name string, cfg Config) bool {
	device := cfg.Device == DeviceAuto || (cfg.Device != DeviceCPU) == (name == BackendCUDA)
	return device && (cfg.Backend == BackendAuto || cfg.Backend == name)
}

// passable tells whether another backend may serve after an error of opening one.
func passable(name string, err error) bool {
	return errors.Is(err, backend.ErrUnavailable) || errors.Is(err, backend.ErrUnsupported) ||
		name == BackendCUDA && (errors.Is(err, backend.ErrMemory) || errors.Is(err, backend.ErrDevice)) // the device's, not the machine's
}

// opened is what computes, what it is called, and why it is not another.
type opened struct {
	backend.Backend
	name, why string
}

// openBackend makes what computes a model, the first of a list that serves.
func openBackend(list []computer, f *gguf.File, w *weights.Model, cfg Config) (o opened, err error) {
	o.why = "nothing else was asked for"
	if cfg.Device == DeviceAuto && cfg.Backend == BackendAuto {
		o.why = "the first that serves"
	}
	for i, x := range list {
		if !serves(x.name, cfg) {
			continue
		}
		last := !slices.ContainsFunc(list[i+1:], func(next computer) bool { return serves(next.name, cfg) })
		b, why, err := x.open(f, w, cfg)
		switch {
		case err == nil && !last && x.slow != nil && x.slow(b):
			b.Close()
		case err == nil:
			o.Backend, o.name, o.why = b, x.name, cmp.Or(why, o.why)
			return o, nil
		case last || !passable(x.name, err):
			return opened{}, err
		case x.name == BackendCUDA:
			o.why = reason(err)
		}
	}
	return opened{}, fmt.Errorf("%w: backend %s on device %s", ErrRequest, cfg.Backend, cfg.Device)
}
