package engine

import (
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
	BackendNative    = "native"
	BackendReference = "arith"
)

// backends are all that can run a model, the first to be tried first. A new one
// is an entry here, and everything that names backends has it: Config, the
// environment, the commands' flags, and the tests, package backendtest among
// them.
var backends = []struct {
	name string
	// open makes the backend. Errors: backend.ErrUnavailable and
	// backend.ErrUnsupported, after which another may serve; others, which are
	// the model's or the machine's fault.
	open func(f *gguf.File, w *weights.Model, cfg Config) (backend.Backend, error)
	// slow, where not nil, tells that the one after it is quicker on this machine.
	slow func(backend.Backend) bool
}{
	{name: BackendNative, open: openNative, slow: slowNative},
	{name: BackendReference, open: openReference},
}

// Backends lists what Config.Backend may be.
func Backends() []string {
	names := []string{BackendAuto}
	for _, x := range backends {
		names = append(names, x.name)
	}
	return names
}

func openNative(f *gguf.File, w *weights.Model, cfg Config) (backend.Backend, error) {
	b, err := native.Open(w, native.Config{Threads: cfg.Threads, Nice: cfg.Nice, Level: cfg.ISA, Weights: cfg.Weights, File: f.Bytes()})
	if err != nil {
		return nil, err // not b, which would be a Backend that is nil inside
	}
	return b, nil
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

// openBackend makes what computes a model, and says what it is called.
func openBackend(f *gguf.File, w *weights.Model, cfg Config) (b backend.Backend, name string, err error) {
	auto := cfg.Backend == BackendAuto
	for i, x := range backends {
		if !auto && x.name != cfg.Backend {
			continue
		}
		last := !auto || i == len(backends)-1
		b, err = x.open(f, w, cfg)
		switch {
		case err == nil && !last && x.slow != nil && x.slow(b):
			b.Close()
		case err == nil:
			return b, x.name, nil
		case last || !errors.Is(err, backend.ErrUnavailable) && !errors.Is(err, backend.ErrUnsupported):
			return nil, "", err
		}
	}
	return nil, "", err // not reached: the last returns
}
