package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/enginetest"
)

// gpus is a driver of interpreted devices.
func gpus() *cudatest.Driver { return cudatest.New(cudatest.InOrder) }

func TestADeviceIsChosenAndSaysWhy(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	t.Setenv("ASSAY_DEVICE", "")
	old, broken, small, none := gpus(), gpus(), gpus(), gpus()
	old.Info.Minor, broken.Wrong, small.Info.Memory, none.Count = 0, true, 1<<22, 0
	for _, c := range []struct {
		name         string
		cfg          engine.Config
		device, why  string
		err          error
		backendIsGPU bool
	}{
		{"a GPU", engine.OnGPUs(engine.Config{}, gpus()), "cuda:0, interpreter", "the first that serves", nil, true},
		{"asked for", engine.OnGPUs(engine.Config{Device: "cuda:0"}, gpus()), "cuda:0, interpreter", "nothing else was asked for", nil, true},
		{"by its backend", engine.OnGPUs(engine.Config{Backend: engine.BackendCUDA}, gpus()), "cuda:0, interpreter", "nothing else was asked for", nil, true},
		{"cpu", engine.OnGPUs(engine.Config{Device: engine.DeviceCPU}, gpus()), "cpu", "nothing else was asked for", nil, false},
		{"none", engine.OnGPUs(engine.Config{}, none), "cpu", "cuda:0, of 0 devices", nil, false},
		{"too old", engine.OnGPUs(engine.Config{}, old), "cpu", "has compute capability 6.0, and 6.1 is needed", nil, false},
		{"wrong bits", engine.OnGPUs(engine.Config{}, broken), "cpu", "it gives wrong bits", nil, false},
		{"too small", engine.OnGPUs(engine.Config{}, small), "cpu", "out of memory", nil, false},
		{"wrong bits, asked for", engine.OnGPUs(engine.Config{Device: "cuda:0"}, broken), "", "wrong bits", engine.ErrDevice, false},
		{"not there, asked for", engine.OnGPUs(engine.Config{Device: "cuda:1"}, gpus()), "", "cuda:1, of 1 devices", engine.ErrUnavailable, false},
		{"no device", engine.Config{Device: "gpu"}, "", `device "gpu", not auto, cpu, cuda:N, or several: cuda:0,1 or cuda:0,cpu`, engine.ErrRequest, false},
		{"no number", engine.Config{Device: "cuda:00"}, "", `device "cuda:00"`, engine.ErrRequest, false},
		{"contradictory", engine.OnGPUs(engine.Config{Device: "cuda:0", Backend: engine.BackendReference}, gpus()), "", "backend arith on device cuda:0", engine.ErrRequest, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := engine.Open(context.Background(), path, c.cfg)
			if c.err != nil {
				if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.why) {
					t.Errorf("got %v, want %v: %s", err, c.err, c.why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			i := m.Info()
			if i.Device != c.device || !strings.Contains(i.Why, c.why) || (i.Backend == engine.BackendCUDA) != c.backendIsGPU {
				t.Errorf("%s, %q, backend %s; want %s, %q", i.Device, i.Why, i.Backend, c.device, c.why)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAGPUAnswersAsTheCPUDoes generates, verifies each other's answers, scores
// and embeds.
func TestAGPUAnswersAsTheCPUDoes(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	cpu := open(t, path, engine.Config{Device: engine.DeviceCPU})
	gpu := open(t, path, engine.OnGPUs(engine.Config{Device: "cuda:0"}, gpus()))
	ctx := context.Background()
	a, b := generate(t, cpu, request(tinyPrompt(9, 1), 8)), generate(t, gpu, request(tinyPrompt(9, 1), 8))
	if a.Fingerprint != b.Fingerprint || fmt.Sprint(a.Output) != fmt.Sprint(b.Output) {
		t.Errorf("got %v, want %v", b, a)
	}
	for i, m := range []*engine.Model{cpu, gpu} {
		report, err := m.Verify(ctx, []engine.Run{b, a}[i])
		if err != nil || !report.Equal {
			t.Errorf("%s: %+v, %v", m.Info().Device, report, err)
		}
	}
	texts := [][]engine.Token{tinyPrompt(9, 1), tinyPrompt(40, 2)}
	x, err := cpu.Embed(ctx, texts)
	if err != nil {
		t.Fatal(err)
	}
	y, err := gpu.Embed(ctx, texts)
	if err != nil || fmt.Sprint(x) != fmt.Sprint(y) {
		t.Errorf("embeddings differ, %v", err)
	}
}

func TestDevicesAreListedWithTheirTest(t *testing.T) {
	d := gpus()
	d.Count = 2
	list, err := engine.DevicesOf(d)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	if x := list[1]; x.Name != "cuda:1" || x.Model != "interpreter" || x.Free != x.Memory || x.Memory != 1<<34 || x.Tested <= 0 || x.Err != nil {
		t.Errorf("got %+v", x)
	}
	d.Wrong = true
	if list, err = engine.DevicesOf(d); err != nil || !errors.Is(list[0].Err, engine.ErrDevice) {
		t.Errorf("got %+v, %v", list, err)
	}
}
