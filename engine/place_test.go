package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/weights"
)

// tested is the memory that a GPU's self-test keeps.
var tested = sync.OnceValues(func() (int64, error) {
	d := gpus()
	s, err := cuda.Take(cuda.Config{Driver: d})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return d.Info.Memory - s.Free(), nil
})

// room is the memory that a GPU needs for the layers from … to-1 of the model
// file at path, with pages of 512 positions, beside its self-test.
func room(t *testing.T, path string, from, to int) int64 {
	t.Helper()
	w, err := weights.Load(enginetest.Open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	model, position := cuda.Need(w.Part(from, to))
	return model + 512*position
}

// several are GPUs with so much memory each beside what their self-tests keep.
func several(t *testing.T, memory ...int64) *cudatest.Driver {
	t.Helper()
	kept, err := tested()
	if err != nil {
		t.Fatal(err)
	}
	d := gpus()
	d.Count = len(memory)
	for _, bytes := range memory {
		d.Memory = append(d.Memory, kept+bytes)
	}
	return d
}

func TestAModelLiesWhereThereIsRoom(t *testing.T) {
	t.Setenv("ASSAY_DEVICE", "")
	path := enginetest.Tiny(t, enginetest.Options{Layers: 4})
	first, half, whole := room(t, path, 0, 2), room(t, path, 2, 4), room(t, path, 0, 4)
	for _, c := range []struct {
		name        string
		asked       string
		memory      []int64
		device, why string
		err         error
	}{
		{"the second has room", "auto", []int64{half, whole}, "cuda:1, interpreter", "the first that serves", nil},
		{
			"two together", "auto",
			[]int64{first, half},
			"layers 1–2 on cuda:0, interpreter; layers 3–4 on cuda:1, interpreter", "no GPU alone has room for 0.0", nil,
		},
		{"one and the CPU", "auto", []int64{half}, "layers 1–2 on cpu; layers 3–4 on cuda:0, interpreter", "cuda:0 has room for 2 of 4 layers", nil},
		{
			"two by name, though one had room", "cuda:1,0",
			[]int64{2 * whole, 2 * whole},
			"layers 1–2 on cuda:1, interpreter; layers 3–4 on cuda:0, interpreter", "nothing else was asked for", nil,
		},
		{"the CPU is not needed", "cuda:0,cpu", []int64{whole}, "cuda:0, interpreter", "nothing else was asked for", nil},
		{"the CPU is", "cuda:0,cpu", []int64{half}, "layers 1–2 on cpu; layers 3–4 on cuda:0, interpreter", "cuda:0 has room for 2 of 4 layers", nil},
		{"too little by name", "cuda:0", []int64{room(t, path, 3, 4)}, "", "are missing; free memory there, add a GPU, or take cuda:…,cpu", engine.ErrMemory},
		{"not there", "cuda:0,2", []int64{half, half}, "", "cuda:2, of 2 devices", engine.ErrUnavailable},
		{"twice", "cuda:0,0", []int64{whole}, "", `device "cuda:0,0", not auto, cpu, cuda:N, or several`, engine.ErrRequest},
		{"no GPU before the CPU", "cuda:,cpu", []int64{whole}, "", `device "cuda:,cpu"`, engine.ErrRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := several(t, c.memory...)
			m, err := engine.Open(context.Background(), path, engine.OnGPUs(engine.Config{Device: c.asked}, d))
			if err == nil {
				i := m.Info()
				if i.Device != c.device || !strings.Contains(i.Why, c.why) {
					t.Errorf("%s (%s), want %s (%s)", i.Device, i.Why, c.device, c.why)
				}
				err = m.Close()
			}
			if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want %v: %s", err, c.err, c.why)
			}
			for _, x := range d.All {
				x.Leaks(t)
			}
		})
	}
}

// TestPlacesGiveTheSameAnswers: two GPUs, and each kind of CPU backend with one.
func TestPlacesGiveTheSameAnswers(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{Layers: 4})
	cpu := open(t, path, engine.Config{Device: engine.DeviceCPU})
	want := generate(t, cpu, request(tinyPrompt(9, 1), 8))
	half := room(t, path, 2, 4)
	for _, cfg := range []engine.Config{
		engine.OnGPUs(engine.Config{Device: "cuda:0,1"}, several(t, half, half)),
		engine.OnGPUs(engine.Config{Device: "cuda:0,cpu"}, several(t, half)),
		engine.OnGPUs(engine.Config{Device: "cuda:0,cpu", ISA: "scalar"}, several(t, half)), // slower than the reference, which serves
	} {
		m := open(t, path, cfg)
		got := generate(t, m, request(tinyPrompt(9, 1), 8))
		if got.Fingerprint != want.Fingerprint || fmt.Sprint(got.Output) != fmt.Sprint(want.Output) {
			t.Errorf("%s: got %v, want %v", m.Info().Device, got, want)
		}
		if report, err := m.Verify(context.Background(), want); err != nil || !report.Equal {
			t.Errorf("%s: %+v, %v", m.Info().Device, report, err)
		}
	}
}

// TestKeysAndValuesTakeNoMoreThanThereIs: what may be set aside is what the
// scarcest device has room for.
func TestKeysAndValuesTakeNoMoreThanThereIs(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	m := open(t, path, engine.OnGPUs(engine.Config{Device: "cuda:0"}, several(t, room(t, path, 0, 2))))
	if got, want := m.Stats().KVLimit, 512*m.Info().TokenNeed; got != want {
		t.Errorf("the limit is %d bytes, want %d", got, want)
	}
}

func TestTheNeedSaysWhereAModelWouldLie(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{Layers: 4})
	list := []engine.Device{{Name: "cuda:0", Free: room(t, path, 0, 4)}, {Name: "cuda:1", Free: room(t, path, 0, 4)}}
	n, err := engine.Need(path, engine.DeviceAuto, list)
	if err != nil || n.Model < 1 || n.Position != 2*4*2*16*2 || n.Where != "layers 1–4 on cuda:0" {
		t.Errorf("got %+v, %v", n, err)
	}
	list[0].Free, list[1].Free = room(t, path, 0, 2), room(t, path, 2, 4)
	if n, err = engine.Need(path, engine.DeviceAuto, list); err != nil || n.Where != "layers 1–2 on cuda:0, layers 3–4 on cuda:1" {
		t.Errorf("got %+v, %v", n, err)
	}
	list[0].Err = backend.ErrDevice
	if n, err = engine.Need(path, engine.DeviceAuto, list); err != nil || !strings.HasPrefix(n.Where, "layers 1–2 on cpu, layers 3–4 on cuda:1") {
		t.Errorf("got %+v, %v", n, err)
	}
	list[1].Free = room(t, path, 3, 4)
	if n, err = engine.Need(path, "cuda:1", list); err != nil || !strings.Contains(n.Where, "out of memory") {
		t.Errorf("got %+v, %v", n, err)
	}
}
