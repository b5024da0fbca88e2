package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// texts are what a real model is asked.
var texts = []string{
	"What is 17 + 25?",
	"Write a haiku about a lighthouse.",
	"List three rivers of Europe, each with a sentence about it.",
	"Why is the sky blue? Explain it to a child.",
}

// sameBits has a model answer on the device and on the processor, greedily
// and by drawing, all together, and compares tokens and fingerprints; the device
// verifies what the processor has made.
func (p *plan) sameBits(ctx context.Context, t *table, path, name string) error {
	there, err := engine.Open(ctx, path, engine.Config{Device: p.device})
	if err != nil {
		return err
	}
	here, err := engine.Open(ctx, path, engine.Config{Device: engine.DeviceCPU})
	if err != nil {
		return errors.Join(err, there.Close())
	}
	n, err := compared(ctx, there, here)
	if err == nil {
		t.add(name+", fingerprints against the processor's", "equal", "", fmt.Sprintf("%d runs equal", n))
	}
	return errors.Join(err, there.Close(), here.Close())
}

// compared returns how many runs were compared. A difference is an error.
func compared(ctx context.Context, there, here *engine.Model) (int, error) {
	var list []engine.Request
	for i, text := range texts {
		for _, temperature := range []float32{0, 0.8} {
			r := engine.Request{Settings: engine.Settings{MaxTokens: 48, Temperature: temperature}}
			if temperature > 0 {
				r.Settings.TopK, r.Settings.TopP = 40, 62259
				r.Settings.Seed[0] = byte(i + 1)
			}
			r.Binding.Task[0] = byte(i)
			var err error
			if r.Prompt, err = there.Tokenizer().Encode(text, tokenizer.Options{}); err != nil {
				return 0, err
			}
			list = append(list, r)
		}
	}
	var made [2][]engine.Run
	for i, m := range []*engine.Model{there, here} {
		runs, errs := make([]engine.Run, len(list)), make([]error, len(list))
		var wg sync.WaitGroup
		for k, r := range list {
			wg.Go(func() { runs[k], errs[k] = m.Generate(ctx, r, nil) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return 0, err
		}
		made[i] = runs
	}
	for k := range list {
		if a, b := made[0][k], made[1][k]; a.Fingerprint != b.Fingerprint || !slices.Equal(a.Output, b.Output) {
			return 0, fmt.Errorf("run %d: %x on the device, %x on the processor", k, a.Fingerprint, b.Fingerprint)
		}
	}
	reports, err := there.VerifyMany(ctx, made[1])
	if err != nil {
		return 0, err
	}
	for k, x := range reports {
		if !x.Equal {
			return 0, fmt.Errorf("run %d does not verify on the device: %s at %d", k, x.Kind, x.Position)
		}
	}
	return len(list), nil
}
