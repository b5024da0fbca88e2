package cuda_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/weights"
)

func tiny(t *testing.T, o enginetest.Options) *weights.Model {
	t.Helper()
	w, err := weights.Load(enginetest.Open(t, enginetest.Tiny(t, o)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestADeviceWithoutMemoryIsGivenBack opens a model with memory for no allocation, for one, and so on.
func TestADeviceWithoutMemoryIsGivenBack(t *testing.T) {
	w, d := tiny(t, enginetest.Options{}), newInterpreter(ptx.Schedule{})
	for d.allowed = 0; ; d.allowed++ {
		b, err := cuda.Open(w, d, 0)
		if err == nil {
			b.Close()
			b.Close()
		} else if !errors.Is(err, backend.ErrMemory) {
			t.Fatalf("with %d allocations: %v", d.allowed, err)
		}
		d.opened.leaks(t)
		if err == nil {
			break
		}
	}
	if d.allowed < 20 {
		t.Errorf("%d allocations were enough", d.allowed)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	w, d := tiny(t, enginetest.Options{}), newInterpreter(ptx.Schedule{})
	for _, number := range []int{-1, 1} {
		if _, err := cuda.Open(w, d, number); !errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("device %d: %v", number, err)
		}
	}
	d.info.Minor = 0
	if _, err := cuda.Open(w, d, 0); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("compute capability 6.0: %v", err)
	}
	wide := *w
	wide.Head = 1056
	if _, err := cuda.Open(&wide, newInterpreter(ptx.Schedule{}), 0); !errors.Is(err, backend.ErrUnsupported) {
		t.Errorf("heads of %d: %v", wide.Head, err)
	}
}

// TestPagesOutliveTheirBackend: the last page that is given back closes the device.
func TestPagesOutliveTheirBackend(t *testing.T) {
	w, d := tiny(t, enginetest.Options{}), newInterpreter(ptx.Schedule{})
	b, err := cuda.Open(w, d, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := b.NewCache()
	p := &backend.Piece{Cache: c, Tokens: []backend.Token{30, 31, 32}}
	if err := b.Step([]*backend.Piece{p}); err != nil || p.Err != nil {
		t.Fatal(err, p.Err)
	}
	fork := c.Fork(2)
	b.Close()
	if c.Release(); d.opened.closed {
		t.Error("the device was closed, and a cache has a page")
	}
	fork.Release()
	d.opened.leaks(t)
}
