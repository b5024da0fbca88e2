package split_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/backendtest"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/split"
	"github.com/assaynet/assay/engine/weights"
)

// machine is interpreted GPUs, each with some of a model's layers.
type machine struct {
	drivers []*cudatest.Driver
	allowed int
}

func newMachine(devices int) *machine {
	m := &machine{allowed: -1}
	for i := range devices {
		d := cudatest.New(cudatest.InOrder)
		d.Info.Major, d.Info.Minor, d.Info.Name = 8, 0, fmt.Sprintf("interpreter %d", i) // which has all kernels
		m.drivers = append(m.drivers, d)
	}
	return m
}

// cut shares layers out among so many parts, as evenly as can be.
func cut(w *weights.Model, parts int) (list []*weights.Model) {
	for i := range parts {
		list = append(list, w.Part(w.Layers*i/parts, w.Layers*(i+1)/parts))
	}
	return list
}

// open has a part on each device, behind the first ones, which others have.
func (m *machine) open(w *weights.Model, before ...func(*weights.Model) (backend.Backend, error)) (backend.Backend, error) {
	open := before
	for _, d := range m.drivers {
		open = append(open, func(w *weights.Model) (backend.Backend, error) {
			b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
			if err != nil {
				return nil, err
			}
			d.Opened.Refuse(m.allowed)
			return b, nil
		})
	}
	var parts []split.Part
	for i, p := range cut(w, len(open)) {
		b, err := open[i](p)
		if err != nil {
			return nil, err
		}
		parts = append(parts, split.Part{Backend: b, Layers: p.Layers})
	}
	return held{split.New(w.Width, parts), parts}, nil
}

// held is a Backend whose parts a test can look at.
type held struct {
	backend.Backend
	parts []split.Part
}

// bytes are what keys and values take where a page is largest.
func (h held) bytes() (most int64) {
	for _, p := range h.parts {
		if c, ok := p.Backend.(interface{ CacheBytes() int64 }); ok {
			most = max(most, c.CacheBytes())
		}
	}
	return most
}

func (m *machine) subject(before ...func(*weights.Model) (backend.Backend, error)) backendtest.Subject {
	return backendtest.Subject{
		Open: func(_ *gguf.File, w *weights.Model) (backend.Backend, error) { return m.open(w, before...) },
		Refuse: func(n int) {
			m.allowed = n
			for _, d := range m.drivers {
				if d.Opened != nil {
					d.Opened.Refuse(n)
				}
			}
		},
		Held:  func(b backend.Backend) int64 { return b.(held).bytes() },
		Break: func(string) error { m.drivers[len(m.drivers)-1].Opened.Fail(); return nil },
		Lost:  backend.ErrDevice,
		Parts: uint32(len(m.drivers) + len(before)),
	}
}

func TestDevicesTogetherKeepTheContract(t *testing.T) {
	for _, n := range []int{2, 3} {
		t.Run(fmt.Sprintf("%d devices", n), func(t *testing.T) { backendtest.Test(t, newMachine(n).subject()) })
	}
}

// TestADeviceThatFailsInTheMiddleIsNamed: the others compute, and the answer
// does not come.
func TestADeviceThatFailsInTheMiddleIsNamed(t *testing.T) {
	w := tiny(t, enginetest.Options{Layers: 3})
	m := newMachine(3)
	b, err := m.open(w)
	if err != nil {
		t.Fatal(err)
	}
	given := 0
	c := b.NewCache()
	step := func() error {
		return b.Step([]*backend.Piece{{Cache: c, Tokens: []backend.Token{30, 31}, Keep: 1, Want: backend.State, Each: func(int, backend.Result) { given++ }}})
	}
	if err := step(); err != nil || given != 1 {
		t.Fatal(given, err)
	}
	m.drivers[1].Opened.Fail()
	for range 2 {
		err := step()
		if !errors.Is(err, backend.ErrDevice) || !strings.HasPrefix(err.Error(), "cuda:0, interpreter 1: cu") || strings.Count(err.Error(), "interpreter") != 1 || given != 1 {
			t.Errorf("got %v, %d results, want an error of device 1", err, given)
		}
		if err := b.Check(); !errors.Is(err, backend.ErrDevice) || !strings.HasPrefix(err.Error(), "cuda:0, interpreter 1: ") {
			t.Errorf("the check says %v", err)
		}
	}
	var states []string
	for _, d := range b.(held).Backend.(backend.Watched).Devices() {
		states = append(states, d.State)
	}
	if fmt.Sprint(states) != "[in_service failed in_service]" {
		t.Errorf("the devices are %v", states)
	}
	b.Close()
	c.Release()
	for _, i := range []int{0, 2} {
		m.drivers[i].Opened.Leaks(t)
	}
}

// TestASequenceGoesOnWhereALaterPartHadNoMemory: the first part's positions of
// the piece that was refused are cut back.
func TestASequenceGoesOnWhereALaterPartHadNoMemory(t *testing.T) {
	w := tiny(t, enginetest.Options{})
	m := newMachine(2)
	b, err := m.open(w)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var got [2][]float32
	run := func(c backend.Cache, tokens []backend.Token, to *[]float32) error {
		p := &backend.Piece{Cache: c, Tokens: tokens, Keep: 1, Want: backend.State, Each: func(_ int, r backend.Result) { *to = append([]float32(nil), r.State...) }}
		return errors.Join(b.Step([]*backend.Piece{p}), p.Err)
	}
	text := make([]backend.Token, 70)
	for i := range text {
		text[i] = backend.Token(20 + i)
	}
	c, alone := b.NewCache(), b.NewCache()
	defer c.Release()
	defer alone.Release()
	if err := run(alone, text, &got[0]); err != nil {
		t.Fatal(err)
	}
	if err := run(c, text[:60], &got[1]); err != nil {
		t.Fatal(err)
	}
	m.drivers[1].Opened.Refuse(0)
	other := []backend.Token{99, 98, 97, 96, 95, 94, 93}
	if err := run(c, other, &got[1]); !errors.Is(err, backend.ErrMemory) || c.Len() != 60 {
		t.Fatalf("got %v and %d positions", err, c.Len())
	}
	m.drivers[0].Opened.Refuse(0) // not even room to cut back
	if err := run(c, text[60:], &got[1]); !errors.Is(err, backend.ErrMemory) || c.Len() != 60 {
		t.Fatalf("got %v and %d positions", err, c.Len())
	}
	m.drivers[0].Opened.Refuse(-1)
	m.drivers[1].Opened.Refuse(-1)
	if err := run(c, text[60:], &got[1]); err != nil || fmt.Sprint(got[0]) != fmt.Sprint(got[1]) {
		t.Errorf("%v, or other numbers", err)
	}
}

func TestPartsSayWhatTheyAre(t *testing.T) {
	b, err := newMachine(2).open(tiny(t, enginetest.Options{Layers: 5}))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if a := b.About(); a.Device != "layers 1–2 on cuda:0, interpreter 0; layers 3–5 on cuda:0, interpreter 1" || a.ISA != "sm_80" || a.Layout != "device" || a.Room == 0 {
		t.Errorf("got %+v", a)
	}
}

func tiny(t *testing.T, o enginetest.Options) *weights.Model {
	t.Helper()
	w, err := weights.Load(enginetest.Open(t, enginetest.Tiny(t, o)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}
