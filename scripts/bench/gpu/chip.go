package main

import (
	"fmt"
	"time"

	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// chip is a device, and what it could do.
type chip struct {
	cuda.Info
	there bool    // a GPU, not the processor
	copy  float64 // bytes a second that a copy reads and writes
}

// chip looks at the device.
func (p *plan) chip(d cuda.Driver) (c chip, err error) {
	if d == nil {
		return chip{}, nil
	}
	list, err := d.Devices()
	if err != nil {
		return c, err
	}
	if p.number >= len(list) {
		return c, fmt.Errorf("cuda:%d, of %d devices", p.number, len(list))
	}
	c = chip{Info: list[p.number], there: true}
	c.copy, err = cuda.CopySpeed(d, p.number, p.copied, p.while)
	return c, err
}

// selfTest times a device's test of bits, with all that comes before it: the first
// on a machine has the driver compile every kernel.
func (p *plan) selfTest(t *table, d cuda.Driver) error {
	began := time.Now()
	_, _, err := cuda.SelfTest(d, p.number)
	took := time.Since(began).Seconds()
	t.most("self-test of bits, kernels compiled", 10, 10, took, " s", "")
	return err
}

func (c chip) String() string {
	if !c.there {
		return "no GPU: the processor"
	}
	return fmt.Sprintf("%s, compute capability %d.%d, %s, %d multiprocessors at %d MHz, %.1f GiB; a copy reads and writes %.0f GB/s",
		c.Name, c.Major, c.Minor, c.Driver, c.Multiprocessors, c.MHz, float64(c.Memory)/(1<<30), c.copy/1e9)
}

// lanes is how many float instructions a multiprocessor begins in a cycle, and
// bytes how many products of bytes (NVIDIA's "CUDA C++ Programming Guide", table
// of arithmetic instructions, and the architectures' white papers).
func (c chip) lanes() float64 {
	if c.Major == 8 && c.Minor == 0 || c.Major < 8 && (c.Major != 6 || c.Minor != 1) {
		return 64
	}
	return 128
}

func (c chip) products() float64 {
	switch {
	case c.Major == 9, c.Major == 10:
		return 4096
	case c.Major == 8 && c.Minor == 0:
		return 2048
	case c.Major >= 8, c.Major == 7 && c.Minor >= 5:
		return 1024
	default: // dp4a in every lane
		return 4 * c.lanes()
	}
}

// cycles is what a second has, of all multiprocessors.
func (c chip) cycles() float64 { return float64(c.Multiprocessors) * float64(c.MHz) * 1e6 }

// sizes are a model's, as a step meets them.
type sizes struct {
	layers, head, heads, width int
	read                       float64 // bytes of weights that a token of decode reads
	macs                       float64 // products of a token's layers, without the output matrix
	steps                      float64 // float steps of all blocks of 32 of these
}

// measured are the sizes of a model.
func measured(w *weights.Model) sizes {
	s := sizes{layers: w.Layers, head: w.Head, heads: w.Heads, width: w.Width}
	add := func(m *weights.Matrix, inLayers bool) {
		s.read += float64(m.Rows) * float64(m.Stride())
		if inLayers {
			n := float64(m.Rows) * float64(m.Cols)
			s.macs += n
			s.steps += n / 32 * floatSteps(m.Type)
		}
	}
	for i := range w.Stack {
		l := &w.Stack[i]
		for _, x := range []weights.Linear{l.Q, l.K, l.V, l.O, l.Gate, l.Up, l.Down} {
			add(x.Matrix, true)
		}
	}
	add(w.Output.Matrix, false)
	return s
}

// floatSteps is how many float instructions AC1 takes for a block of 32 weights
// and a token: a conversion, a product of scales and a sum; a sum more with a
// minimum; and with two scales nearly all of it twice.
func floatSteps(t gguf.Type) float64 {
	switch t {
	case gguf.Q4_1, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K:
		return 4
	case gguf.Q6_K:
		return 6
	default:
		return 3
	}
}

// ceiling is the least seconds that AC1's float steps and its ordered attention
// let n tokens of a prompt take on the chip, and peak those of its products of
// bytes alone.
func (c chip) ceiling(s sizes, n int) (ceiling, peak float64) {
	attention := float64(s.layers*s.heads*s.head) * 2 * float64(n) * float64(n+1) / 2
	linear := max(float64(n)*s.steps/c.lanes(), float64(n)*s.macs/c.products())
	return (linear + attention/c.lanes()) / c.cycles(), float64(n) * s.macs / c.products() / c.cycles()
}
