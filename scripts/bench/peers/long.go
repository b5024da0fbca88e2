package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/assaynet/assay/engine"
)

// What is made behind a long prompt, and by how many sequences together.
const (
	longDecoded  = 32
	longTogether = 8
)

// longPart is a prompt of so many tokens, and what is made behind it, by one
// sequence and by eight that share it.
func longPart(name string, prompt int) part {
	return part{
		name: name, asked: true, keeps: 8 << 30,
		ours:   func(b *bench, ctx context.Context, v values) error { return b.long(ctx, prompt, v) },
		theirs: llamaLong(prompt), parse: parseLong(prompt),
	}
}

// longRows are the rows of such a part: prefill, decode of one, decode of eight.
func longRows(prompt int) []string {
	return []string{
		fmt.Sprintf("prefill of %d tokens, tokens/s", prompt),
		fmt.Sprintf("decode behind %d, one sequence, tokens/s", prompt),
		fmt.Sprintf("decode behind %d, %d sequences, tokens/s", prompt, longTogether),
	}
}

// llamaLong reads the prompt once for each line; eight sequences each get a copy
// of its keys and values.
func llamaLong(prompt int) func(*comparison, string) (string, []string) {
	return func(c *comparison, model string) (string, []string) {
		t := strconv.Itoa(c.threads)
		return filepath.Join(c.llama, "llama-batched-bench"), []string{
			"-m", model, "-t", t, "-tb", t, "-fa", "on", "-pps", "-npp", strconv.Itoa(prompt), "-ntg", strconv.Itoa(longDecoded),
			"-npl", "1," + strconv.Itoa(longTogether), "-c", strconv.Itoa(longTogether * (prompt + 256)), "--output-format", "jsonl",
		}
	}
}

// parseLong reads its lines.
func parseLong(prompt int) func([]byte, values) error {
	return func(output []byte, into values) error {
		type line struct {
			Sequences int     `json:"pl"`
			Prefill   float64 `json:"speed_pp"`
			Decode    float64 `json:"speed_tg"`
		}
		rows := longRows(prompt)
		err := eachObject(output, func(l line) {
			switch l.Sequences {
			case 1:
				into[rows[0]], into[rows[1]] = l.Prefill, l.Decode
			case longTogether:
				into[rows[2]] = l.Decode
			}
		})
		return errors.Join(err, has(into, rows...))
	}
}

// long measures a prompt and what is made behind it. Each answer draws its
// tokens, so that none is guessed from what repeats itself.
func (b *bench) long(ctx context.Context, tokens int, v values) error {
	rows, prompt := longRows(tokens), b.prompt(tokens)
	if _, err := b.generate(ctx, b.prompt(64), 1); err != nil { // warm-up
		return err
	}
	began := time.Now()
	if _, err := b.generate(ctx, prompt, 1); err != nil {
		return err
	}
	v[rows[0]] = float64(tokens) / time.Since(began).Seconds()
	for i, n := range []int{1, longTogether} {
		speed, err := b.behind(ctx, prompt, n)
		if err != nil {
			return err
		}
		v[rows[1+i]] = speed
	}
	return nil
}

// behind returns how many tokens a second n sequences make behind a prompt while
// all of them go on.
func (b *bench) behind(ctx context.Context, prompt []engine.Token, n int) (float64, error) {
	for try := range verifyAttempts {
		w := window{waited: n}
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { errs[i] = b.drawn(ctx, prompt, byte(try*n+i), &w) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return 0, err
		}
		if w.made >= n*longDecoded/2 {
			return float64(w.made) / w.last.Sub(w.first).Seconds(), nil
		}
	}
	return 0, fmt.Errorf("answers behind %d tokens end before they have %d", len(prompt), longDecoded/2)
}

// drawn makes one of these answers.
func (b *bench) drawn(ctx context.Context, prompt []engine.Token, seed byte, w *window) error {
	settings := engine.Settings{MaxTokens: 1 + longDecoded, Temperature: 1, TopK: 256, TopP: 1 << 16, Seed: [32]byte{seed}}
	first := true
	_, err := b.m.Generate(ctx, engine.Request{Prompt: prompt, Settings: settings}, func(engine.Token) {
		w.token(first)
		first = false
	})
	w.end()
	return err
}

// window counts tokens from when all sequences have their first until one ends.
type window struct {
	mu          sync.Mutex
	waited      int // sequences without a token
	made        int
	ended       bool
	first, last time.Time
}

func (w *window) token(first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case first:
		if w.waited--; w.waited == 0 {
			w.first = time.Now()
		}
	case w.waited == 0 && !w.ended:
		w.made++
		w.last = time.Now()
	}
}

func (w *window) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}
