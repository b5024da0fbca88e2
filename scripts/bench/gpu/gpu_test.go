package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/synth"
)

// TestTheWholeTable measures a tiny model: what the engine does on the processor,
// and what is asked of a device itself on an interpreted one. Its figures mean
// nothing; that each line comes, and no bit is wrong, does.
func TestTheWholeTable(t *testing.T) {
	d := cudatest.New(cudatest.InOrder)
	d.Info.Multiprocessors, d.Info.MHz, d.Info.Major, d.Info.Minor, d.Info.Version = 2, 1, 9, 0, 12030
	p := plan{
		device: "cpu", models: t.TempDir(), shapes: []string{"tiny"}, types: []string{"q8_0", "q4_k"}, tests: "kept", sanitizer: "not here",
		batch: 3, answer: 6, prefill: 20, decode: 3, copied: 1 << 16, while: time.Microsecond, within: time.Hour,
		driver: func() (cuda.Driver, error) { return d, nil },
	}
	m, err := synth.New(synth.Options{Shape: "tiny", Type: "q8_0", Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	p.real = t.TempDir() + "/real.gguf"
	if err := m.WriteFile(p.real); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.run(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		"interpreter, compute capability 9.0", "where kernels begin early", "8 runs equal", "of a copy's bandwidth", "decode, batch 3 against batch 1", "prefill 20, of AC1's ceiling",
		"verify 3 answers of 6 + 6", "fingerprints, cost of a step", "kept", "not here", "not built here",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, x := range d.All {
		x.Leaks(t)
	}
	p.real, p.types = "", []string{"of_nobody", "q8_0"}
	out.Reset()
	if err := p.run(context.Background(), &out); err == nil || !strings.Contains(err.Error(), "tiny of_nobody") {
		t.Errorf("a type that there is not: %v", err)
	}
	for _, want := range []string{"FAILED", "tiny q8_0, fingerprints against the processor's", "8 runs equal", "tiny q8_0: verify 3 answers"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("beside what fails there is no %q in\n%s", want, out.String())
		}
	}
	p.within = -1
	out.Reset()
	if err := p.run(context.Background(), &out); err != nil || strings.Count(out.String(), "no time is left") != 2 {
		t.Errorf("without time: %v\n%s", err, out.String())
	}
}

// TestTheCeilingOfAPrompt is that of Llama 3.1 8B in Q8_0 on an H100 at 1,755 MHz,
// 45.19 ms of float steps of linear layers and 18.55 ms of
// attention.
func TestTheCeilingOfAPrompt(t *testing.T) {
	h100 := chip{Info: cuda.Info{Major: 9, Multiprocessors: 132, MHz: 1755}, there: true}
	const macs = 32 * (2*4096*4096 + 2*4096*1024 + 3*4096*14336)
	s := sizes{layers: 32, heads: 32, head: 128, macs: macs, steps: macs / 32 * 3}
	ceiling, peak := h100.ceiling(s, 2048)
	if ms := ceiling * 1e3; fmt.Sprintf("%.2f", ms) != "63.74" {
		t.Errorf("got %.2f ms", ms)
	}
	if ms := peak * 1e3; fmt.Sprintf("%.2f", ms) != "15.06" {
		t.Errorf("by products alone %.3f ms", ms)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, args := range [][]string{{"-batch", "0"}, {"-decode", "1"}, {"more"}, {"-device", "gpu"}} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
