package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// measure adds a model's figures.
func (p *plan) measure(ctx context.Context, t *table, path, name string, c chip) error {
	f, err := gguf.Open(path)
	if err != nil {
		return err
	}
	w, err := weights.Load(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	s := measured(w)
	if c.there {
		if err := p.singles(t, w, name, c); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	const kv = 32 << 30 // bytes; the device has less, and then less are taken
	began := time.Now()
	m, err := engine.Open(ctx, path, engine.Config{Device: p.device, KVBytes: kv, PrefixCache: -1, MaxBatch: p.batch, Drafts: engine.DraftsOff})
	if err != nil {
		return err
	}
	t.add(name+": opened", "", "", fmt.Sprintf("%.1f s, on %s", time.Since(began).Seconds(), m.Info().Device))
	r := &runner{m: m, t: t, name: name, s: s, c: c, p: p}
	return errors.Join(r.all(ctx), m.Close())
}

// runner measures one model.
type runner struct {
	m    *engine.Model
	t    *table
	name string
	s    sizes
	c    chip
	p    *plan
	next uint32 // state of the generator of prompts
}

func (r *runner) all(ctx context.Context) error {
	if _, err := r.answers(ctx, r.p.batch, 4, 4); err != nil { // memory is touched, graphs are made
		return err
	}
	for _, part := range []func(context.Context) error{r.decode, r.prompt, r.verify} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tokens are n arbitrary ones, none of which ends an answer.
func (r *runner) tokens(n int) []engine.Token {
	ids := make([]engine.Token, 0, n)
	for len(ids) < n {
		r.next = r.next*1664525 + 1013904223 // Knuth's and Lewis's generator
		if id := engine.Token(uint64(r.next) * uint64(r.m.Info().Vocab) >> 32); !r.m.IsStop(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// made are answers that were made together, and the tokens a second while all
// were on their way.
type made struct {
	runs  []engine.Run
	speed float64
	took  time.Duration
}

// answers makes n answers together.
func (r *runner) answers(ctx context.Context, n, prompt, answer int) (made, error) {
	out, errs, came := made{runs: make([]engine.Run, n)}, make([]error, n), make([][]time.Time, n)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		q := engine.Request{Prompt: r.tokens(prompt), Settings: engine.Settings{MaxTokens: answer}}
		wg.Go(func() {
			out.runs[i], errs[i] = r.m.Generate(ctx, q, func(engine.Token) { came[i] = append(came[i], time.Now()) })
		})
	}
	wg.Wait()
	out.took = time.Since(began)
	if err := errors.Join(errs...); err != nil {
		return out, err
	}
	out.speed = together(came)
	return out, nil
}

// together is how many tokens came in a second between the time when each answer
// had its first and that when one of them had its last.
func together(came [][]time.Time) float64 {
	var from, to time.Time
	for i, times := range came {
		if len(times) == 0 { // it ended at its first token
			return 0
		}
		if i == 0 {
			from, to = times[0], times[len(times)-1]
		}
		if first := times[0]; first.After(from) {
			from = first
		}
		if last := times[len(times)-1]; last.Before(to) {
			to = last
		}
	}
	tokens := 0
	for _, times := range came {
		for _, at := range times {
			if at.After(from) && !at.After(to) {
				tokens++
			}
		}
	}
	if tokens == 0 {
		return 0
	}
	return float64(tokens) / to.Sub(from).Seconds()
}

func (r *runner) decode(ctx context.Context) error {
	one, err := r.answers(ctx, 1, 16, r.p.decode)
	if err != nil {
		return err
	}
	many, err := r.answers(ctx, r.p.batch, 16, r.p.decode)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("%.1f tokens/s", one.speed)
	if r.c.there {
		r.t.least(r.name+": decode, one sequence, of a copy's bandwidth", 60, 80, 100*one.speed*r.s.read/r.c.copy, " %", said)
	} else {
		r.t.add(r.name+": decode, one sequence", "", "", said)
	}
	r.t.least(fmt.Sprintf("%s: decode, batch %d against batch 1", r.name, r.p.batch), 25, 40, many.speed/one.speed, " ×", fmt.Sprintf("%.1f tokens/s", many.speed))
	return nil
}

// prompt takes the quickest of three.
func (r *runner) prompt(ctx context.Context) error {
	best := time.Duration(1<<63 - 1)
	for range 3 {
		one, err := r.answers(ctx, 1, r.p.prefill, 1)
		if err != nil {
			return err
		}
		best = min(best, one.took)
	}
	what, said := fmt.Sprintf("%s: prefill %d", r.name, r.p.prefill), fmt.Sprintf("%.0f tokens/s", float64(r.p.prefill)/best.Seconds())
	if !r.c.there {
		r.t.add(what, "", "", said)
		return nil
	}
	ceiling, peak := r.c.ceiling(r.s, r.p.prefill)
	r.t.least(what+", of AC1's ceiling", 50, 65, 100*ceiling/best.Seconds(), " %", fmt.Sprintf("%s, %.1f %% of the int8 peak", said, 100*peak/best.Seconds()))
	return nil
}

func (r *runner) verify(ctx context.Context) error {
	one, err := r.answers(ctx, 1, r.p.answer, r.p.answer)
	if err != nil {
		return err
	}
	many, err := r.answers(ctx, r.p.batch, r.p.answer, r.p.answer)
	if err != nil {
		return err
	}
	began := time.Now()
	reports, err := r.m.VerifyMany(ctx, many.runs)
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	for i, x := range reports {
		if !x.Equal {
			return fmt.Errorf("answer %d does not verify on the device that made it: %s at %d", i, x.Kind, x.Position)
		}
	}
	alone := one.took.Seconds() * float64(r.p.batch)
	r.t.most(fmt.Sprintf("%s: verify %d answers of %d + %d, of making them one by one", r.name, r.p.batch, r.p.answer, r.p.answer),
		0.1, 1.0/30, took/alone, "", fmt.Sprintf("%.2f s; %.2f of making them together", took, took/many.took.Seconds()))
	return nil
}

// singles compares steps of one sequence: those whose states are wanted and hashed
// with steps in which the likeliest token is all that is wanted, in turns; and with
// those of a device whose kernels all begin when the one before has ended.
func (p *plan) singles(t *table, w *weights.Model, name string, c chip) error {
	plain, hashed, err := p.timed(w, false)
	if err != nil {
		return err
	}
	t.most(name+": fingerprints, cost of a step", 2, 0, 100*(hashed/plain-1), " %", fmt.Sprintf("%.3f ms a step", plain*1e3))
	if c.Major < 9 { // no kernel begins early
		return nil
	}
	_, after, err := p.timed(w, true)
	if err != nil {
		return err
	}
	t.add(name+": a step of one sequence, where kernels begin early", "", "", fmt.Sprintf("%.3f ms, against %.3f ms where none does", hashed*1e3, after*1e3))
	return nil
}

// timed is how many seconds steps take in which the likeliest token is wanted, and
// those in which a state is, too.
func (p *plan) timed(w *weights.Model, plain bool) (token, state float64, err error) {
	d, err := p.driver()
	if err != nil {
		return 0, 0, err
	}
	b, err := cuda.Open(w, cuda.Config{Driver: d, Device: p.number, Check: -1, Plain: plain})
	if err != nil {
		return 0, 0, err
	}
	defer b.Close()
	const rounds = 8
	var took [2]time.Duration
	for round := range rounds {
		for i := range took {
			d, err := p.steps(b, i == 1)
			if err != nil {
				return 0, 0, err
			}
			if round > 0 { // after one that does not count
				took[i] += d
			}
		}
	}
	steps := float64((rounds - 1) * p.decode)
	return took[0].Seconds() / steps, took[1].Seconds() / steps, nil
}

// steps continues a sequence by a plan's tokens.
func (p *plan) steps(b *cuda.Backend, hashed bool) (time.Duration, error) {
	c := b.NewCache()
	defer c.Release()
	began := time.Now()
	token := backend.Token(5)
	for range p.decode {
		var sum [32]byte
		piece := &backend.Piece{
			Cache: c, Tokens: []backend.Token{token}, Keep: 1, Want: backend.Likeliest,
			Each: func(_ int, r backend.Result) { token, sum = r.Likeliest, r.Hash },
		}
		if hashed {
			piece.Want, piece.Hash = backend.State|backend.Likeliest, fingerprint.State
		}
		if err := errors.Join(b.Step([]*backend.Piece{piece}), piece.Err); err != nil {
			return 0, err
		}
		if hashed && sum == [32]byte{} {
			return 0, errors.New("a state was not hashed")
		}
	}
	return time.Since(began), nil
}
