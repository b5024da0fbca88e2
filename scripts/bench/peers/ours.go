package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/assaynet/assay/engine"
)

// The sizes of what is measured; theirs.go asks llama.cpp for the same.
const (
	prefillTokens  = 512
	decodeTokens   = 128
	verifyRuns     = 16
	verifyPrompt   = 32
	verifyAnswer   = 128
	verifyAttempts = 8 // answers tried for each that is kept, because some end early
)

// ours is one measure of our side, in this process.
type ours struct {
	model, backend string
	threads        int
}

// identity is what our side says it is.
type identity struct {
	Backend string `json:"backend"`
	ISA     string `json:"isa"`
}

type oursOutput struct {
	identity
	Values values `json:"values"`
}

// run measures a part and prints the outcome as one JSON object.
func (o ours) run(ctx context.Context, p part, out io.Writer) error {
	m, err := engine.Open(ctx, o.model, engine.Config{Threads: o.threads, Backend: o.backend, PrefixCache: cmp.Or(p.keeps, -1)})
	if err != nil {
		return err
	}
	result := oursOutput{identity: identity{Backend: m.Info().Backend, ISA: m.Info().ISA}, Values: values{}}
	err = p.ours(&bench{m: m, rng: rand.New(rand.NewPCG(1, 0))}, ctx, result.Values)
	if err := errors.Join(err, m.Close()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

func parseOurs(output []byte) (values, identity, error) {
	var o oursOutput
	err := json.Unmarshal(output, &o)
	return o.Values, o.identity, err
}

// bench measures an open model.
type bench struct {
	m   *engine.Model
	rng *rand.Rand // of prompts, which are the same in every process
}

// prompt returns n arbitrary tokens, none of which ends an answer.
func (b *bench) prompt(n int) []engine.Token {
	ids := make([]engine.Token, 0, n)
	for len(ids) < n {
		if id := b.rng.Int32N(int32(b.m.Info().Vocab)); !b.m.IsStop(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// speed measures one sequence after a warm-up of both kinds, as llama-bench does.
func (b *bench) speed(ctx context.Context, v values) error {
	for _, measured := range []bool{false, true} {
		prompt := b.prompt(prefillTokens)
		began := time.Now()
		if _, err := b.generate(ctx, prompt, 1); err != nil {
			return err
		}
		v[rowPrefill] = prefillTokens / time.Since(began).Seconds()
		n := 1
		if measured {
			n = decodeTokens
		}
		began = time.Now()
		if err := b.answer(ctx, b.prompt(n), n); err != nil {
			return err
		}
		v[rowDecode] = float64(n) / time.Since(began).Seconds()
	}
	return nil
}

// batch measures 8 and 32 sequences together.
func (b *bench) batch(ctx context.Context, v values) error {
	if err := b.answer(ctx, b.prompt(16), 16); err != nil { // warm-up
		return err
	}
	for _, size := range []struct {
		row string
		n   int
	}{{rowDecode8, 8}, {rowDecode32, 32}} {
		began := time.Now()
		if err := b.together(size.n, func(starts []engine.Token) error { return b.answer(ctx, starts, decodeTokens) }); err != nil {
			return err
		}
		v[size.row] = float64(size.n*decodeTokens) / time.Since(began).Seconds()
	}
	return nil
}

// together calls do n times at once, each with starts of its own.
func (b *bench) together(n int, do func(starts []engine.Token) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		starts := b.prompt(decodeTokens)
		wg.Go(func() { errs[i] = do(starts) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (b *bench) generate(ctx context.Context, prompt []engine.Token, n int) (engine.Run, error) {
	return b.m.Generate(ctx, engine.Request{Prompt: prompt, Settings: engine.Settings{MaxTokens: n}}, nil)
}

// answer makes n tokens, from one start after another where the model ends early.
func (b *bench) answer(ctx context.Context, starts []engine.Token, n int) error {
	for i := 0; n > 0; i++ {
		run, err := b.generate(ctx, starts[i:i+1], n)
		if err != nil {
			return err
		}
		n -= len(run.Output)
	}
	return nil
}

// verify measures 16 answers of full length: making them one by one, and
// checking them together.
func (b *bench) verify(ctx context.Context, v values) error {
	var runs []engine.Run
	var spent time.Duration
	for range verifyRuns * verifyAttempts {
		if len(runs) == verifyRuns {
			break
		}
		began := time.Now()
		run, err := b.generate(ctx, b.prompt(verifyPrompt), verifyAnswer)
		if err != nil {
			return err
		}
		if took := time.Since(began); len(run.Output) == verifyAnswer {
			runs = append(runs, run)
			spent += took
		}
	}
	if len(runs) < verifyRuns {
		return fmt.Errorf("only %d of %d answers reached %d tokens", len(runs), verifyRuns*verifyAttempts, verifyAnswer)
	}
	v[rowGenerate] = spent.Seconds()
	began := time.Now()
	errs := make([]error, len(runs))
	var wg sync.WaitGroup
	for i, run := range runs {
		wg.Go(func() { errs[i] = b.check(ctx, run) })
	}
	wg.Wait()
	v[rowVerify] = time.Since(began).Seconds()
	return errors.Join(errs...)
}

// check verifies an answer of this process.
func (b *bench) check(ctx context.Context, run engine.Run) error {
	report, err := b.m.Verify(ctx, run)
	if err == nil && !report.Equal {
		err = fmt.Errorf("this machine's own run does not verify: %s at %d", report.Kind, report.Position)
	}
	return err
}

// firstToken makes one token; the process's life is what is measured.
func (b *bench) firstToken(ctx context.Context, _ values) error {
	_, err := b.generate(ctx, b.prompt(1), 1)
	return err
}
