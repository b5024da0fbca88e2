package cuda_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
)

// TestTheGoldenVectorIsTheReferences runs the self-test's models by package
// arith.
func TestTheGoldenVectorIsTheReferences(t *testing.T) {
	sum := cuda.NewProbeSum()
	for _, w := range cuda.Probes() {
		var space arith.Workspace
		m, text := arith.New(w), cuda.ProbeText()
		c := m.NewCache()
		for _, part := range []struct{ to, keep int }{{32, 0}, {58, 2}, {66, 2}, {67, 1}} {
			states, err := m.Forward(arith.Serial, &space, c, text[c.Len():part.to], part.keep)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range states {
				logits, err := m.Logits(arith.Serial, &space, [][]float32{s})
				if err != nil {
					t.Fatal(err)
				}
				sum.Add(arith.Choose(logits[0], arith.Sampling{}, 0), s, logits[0])
			}
		}
	}
	if got := sum.String(); got != cuda.Golden {
		t.Errorf("got %s, want %s", got, cuda.Golden)
	}
}

func TestTheSelfTestFindsABrokenDevice(t *testing.T) {
	for _, major := range []int{7, 8, 9} { // matrix instructions of both kinds, and kernels that may begin early
		d := early(ptx.Schedule{Early: true})
		d.Info.Major, d.Info.Minor = major, 5
		if _, _, err := cuda.SelfTest(d, 0); err != nil {
			t.Errorf("compute capability %d.5: %v", major, err)
		}
	}
	d := cudatest.New(ptx.Schedule{})
	if free, took, err := cuda.SelfTest(d, 0); err != nil || took <= 0 || free != d.Info.Memory {
		t.Errorf("a sound device: %v", err)
	}
	d.Opened.Leaks(t)
	d.Wrong = true
	if _, _, err := cuda.SelfTest(d, 0); !errors.Is(err, backend.ErrDevice) {
		t.Errorf("a flipped bit: %v", err)
	}
	d.Opened.Leaks(t)
	if _, err := cuda.Open(tiny(t, enginetest.Options{}), cuda.Config{Driver: d}); !errors.Is(err, backend.ErrDevice) {
		t.Errorf("a model on it: %v", err)
	}
	d.Opened.Leaks(t)
}

// TestTheSelfTestRunsBothKernelsOfManyTokens, on small devices and on large ones,
// which take one or the other for the models of the test.
func TestTheSelfTestRunsBothKernelsOfManyTokens(t *testing.T) {
	for _, multiprocessors := range []int{0, 132} {
		for _, name := range []string{"attention_many", "attention_wide"} {
			d := cudatest.New(ptx.Schedule{})
			d.Info.Multiprocessors = multiprocessors
			d.Instead = map[string]*ptx.Kernel{name: kernel(t, "attention", "attention")}
			if _, _, err := cuda.SelfTest(d, 0); !errors.Is(err, backend.ErrDevice) {
				t.Errorf("%d multiprocessors, with another kernel for %s: %v", multiprocessors, name, err)
			}
		}
	}
}

// TestADeviceThatBreaksIsTakenOutOfService: it computes on until the next test,
// and never after.
func TestADeviceThatBreaksIsTakenOutOfService(t *testing.T) {
	w := tiny(t, enginetest.Options{})
	synctest.Test(t, func(t *testing.T) {
		d := cudatest.New(ptx.Schedule{})
		b, err := cuda.Open(w, cuda.Config{Driver: d})
		if err != nil {
			t.Fatal(err)
		}
		c := b.NewCache()
		step := func() error {
			return b.Step([]*backend.Piece{{Cache: c, Tokens: []backend.Token{30}}})
		}
		if err := step(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		if err := step(); err != nil {
			t.Errorf("a sound device after two hours: %v", err)
		}
		if x := b.Devices()[0]; x.State != backend.InService || x.Sequences != 1 || x.Tokens != 2 || x.Used != d.Opened.Used() || x.Memory != d.Info.Memory {
			t.Errorf("a sound device says %+v", x)
		}
		d.Opened.Damage()
		time.Sleep(59 * time.Minute)
		if err := step(); err != nil {
			t.Errorf("before the test: %v", err)
		}
		time.Sleep(time.Minute)
		if err := step(); !errors.Is(err, backend.ErrDevice) || !errors.Is(b.Check(), backend.ErrDevice) {
			t.Errorf("after it: %v, %v", err, b.Check())
		}
		if err := step(); !errors.Is(err, backend.ErrDevice) {
			t.Errorf("for ever: %v", err)
		}
		if x := b.Devices()[0]; x.State != backend.WrongBits {
			t.Errorf("it says %+v", x)
		}
		b.Close()
		c.Release()
		d.Opened.Leaks(t)
	})
}
