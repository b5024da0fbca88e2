package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
)

// benchResult is the object that bench --json prints.
type benchResult struct {
	ModelID     string       `json:"model_id"`
	Device      string       `json:"device"`
	Why         string       `json:"device_why"`
	Backend     string       `json:"backend"`
	ISA         string       `json:"isa"`
	Layout      string       `json:"weights"`
	Threads     int          `json:"threads"`
	Prefill     benchSpeed   `json:"prefill"`
	Decode      []benchBatch `json:"decode"`
	Verify      benchVerify  `json:"verify"`
	LoadSeconds float64      `json:"load_seconds"`
	PeakBytes   int64        `json:"peak_bytes"`
}

// benchSpeed is the median of the repeats, with the slowest and the fastest.
type benchSpeed struct {
	Tokens          int     `json:"tokens"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	Min             float64 `json:"min"`
	Max             float64 `json:"max"`
}

type benchBatch struct {
	Batch int `json:"batch"`
	benchSpeed
}

type benchVerify struct {
	Tokens          int     `json:"tokens"`
	TokensPerSecond float64 `json:"tokens_per_second"`
}

// benchPlan is what the flags ask for.
type benchPlan struct {
	prompt, generate, past, repeat int
	batches                        []int
}

func modelBenchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure the speed of a model on this machine",
		Description: `Measures, each several times: prefill, a prompt that no cache has seen; decode,
as many answers at once as each batch says, counted together, after a prompt of
--past tokens each, so that long contexts can be measured; and verify, one
pass over a prompt and its answer. Speeds are medians in tokens/s, with the
slowest and the fastest. No token is guessed unless
--drafts or --draft-model says so.

JSON fields: model_id, device, device_why, backend, isa, weights (mapped or interleaved), threads, prefill, decode (one for each
batch), verify, load_seconds, peak_bytes (memory of the process, the touched
part of the mapped file included).`,
		Flags: modelFlags("print one JSON object",
			&cli.IntFlag{Name: "prompt", Value: 512, Usage: "`N` tokens of prompt"},
			&cli.IntFlag{Name: "generate", Value: 128, Usage: "`N` tokens of each answer"},
			&cli.IntFlag{Name: "past", Value: 1, Usage: "`N` tokens of prompt before each answer that decode makes, whose own time does not count"},
			&cli.StringFlag{Name: "batch", Value: "1", Usage: "`SIZES` of batches to decode, like 1,8"},
			&cli.IntFlag{Name: "repeat", Value: 3, Usage: "`N` times each, after one that does not count"},
			threadsFlag(), deviceFlag(), backendFlag(), weightsFlag(), draftsFlag(), draftModelFlag()),
		Action: func(c *cli.Context) error {
			plan, err := readBenchPlan(c)
			if err != nil {
				return err
			}
			cfg := engineConfig(c, -1)
			if cfg.Drafts == "" && cfg.DraftModel == "" {
				cfg.Drafts = engine.DraftsOff // its answers mean nothing, and some repeat themselves
			}
			return withModel(c, cfg, func(m *engine.Model) error { return bench(c, m, plan) })
		},
	}
}

func readBenchPlan(c *cli.Context) (benchPlan, error) {
	const maxBatch, maxRepeat = 1024, 1000
	p := benchPlan{prompt: c.Int("prompt"), generate: c.Int("generate"), past: c.Int("past"), repeat: c.Int("repeat")}
	if p.prompt < 1 || p.generate < 1 || p.past < 1 || p.repeat < 1 || p.repeat > maxRepeat {
		return p, fmt.Errorf("prompt, generate, past and repeat must be 1 or more (repeat at most %d)", maxRepeat)
	}
	for s := range strings.SplitSeq(c.String("batch"), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > maxBatch {
			return p, fmt.Errorf("a batch must be 1 to %d, not %q; give sizes like 1,8", maxBatch, s)
		}
		p.batches = append(p.batches, n)
	}
	return p, nil
}

func bench(c *cli.Context, m *engine.Model, p benchPlan) error {
	info, id := m.Info(), m.ID()
	if most := max(p.prompt, p.past); most+p.generate-1 > info.Context {
		return fmt.Errorf("%d and %d tokens exceed the model's context of %d; lower --prompt, --past or --generate", most, p.generate, info.Context)
	}
	b := &benchmark{m: m, plan: p}
	out := benchResult{ModelID: hex.EncodeToString(id[:]), Device: info.Device, Why: info.Why, Backend: info.Backend, ISA: info.ISA, Layout: info.Layout, Threads: info.Threads, LoadSeconds: info.Load.Seconds()}
	speeds, err := b.times(func() (int, error) { return p.prompt, b.prefill(c.Context) })
	if err != nil {
		return err
	}
	out.Prefill = summarize(p.prompt, speeds)
	for _, size := range p.batches {
		decode := func() ([]float64, error) {
			return b.times(func() (int, error) { return size * p.generate, b.decode(c.Context, size) })
		}
		if p.past > 1 {
			decode = func() ([]float64, error) { return b.decodeLong(c.Context, size) }
		}
		speeds, err := decode()
		if err != nil {
			return err
		}
		out.Decode = append(out.Decode, benchBatch{Batch: size, benchSpeed: summarize(size*p.generate, speeds)})
	}
	if out.Verify, err = b.verify(c.Context); err != nil {
		return err
	}
	out.PeakBytes = peakBytes()
	if c.Bool("json") {
		return printJSON(c, out)
	}
	return showBench(c, out)
}

// benchmark runs the parts of a plan.
type benchmark struct {
	m    *engine.Model
	plan benchPlan
	next uint32 // state of the generator of prompts
}

// times measures f as often as the plan says, in tokens per second, after one
// time that does not count: memory is touched, and processors wake.
func (b *benchmark) times(f func() (tokens int, err error)) ([]float64, error) {
	var speeds []float64
	for i := range b.plan.repeat + 1 {
		start := time.Now()
		n, err := f()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			speeds = append(speeds, float64(n)/time.Since(start).Seconds())
		}
	}
	return speeds, nil
}

// tokens returns n arbitrary tokens, the same ones in every process, none of
// which ends an answer.
func (b *benchmark) tokens(n int) []engine.Token {
	ids := make([]engine.Token, 0, n)
	for len(ids) < n {
		b.next = b.next*1664525 + 1013904223 // Knuth's and Lewis's generator
		if id := engine.Token(uint64(b.next) * uint64(b.m.Info().Vocab) >> 32); !b.m.IsStop(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (b *benchmark) prefill(ctx context.Context) error {
	_, err := b.m.Generate(ctx, engine.Request{Prompt: b.tokens(b.plan.prompt), Settings: engine.Settings{MaxTokens: 1}}, nil)
	return err
}

// decode makes size answers at once, each of one token of prompt and the
// plan's length. One that ends early is followed by another, so that the batch
// stays full.
func (b *benchmark) decode(ctx context.Context, size int) error {
	errs := make([]error, size)
	var wg sync.WaitGroup
	for i := range size {
		starts := b.tokens(b.plan.generate)
		wg.Go(func() { errs[i] = b.answer(ctx, starts) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// answer generates the plan's number of tokens, from one start after another.
func (b *benchmark) answer(ctx context.Context, starts []engine.Token) error {
	for made, i := 0, 0; made < b.plan.generate; i++ {
		r := engine.Request{Prompt: starts[i : i+1], Settings: engine.Settings{MaxTokens: b.plan.generate - made}}
		run, err := b.m.Generate(ctx, r, nil)
		if err != nil {
			return err
		}
		made += len(run.Output)
	}
	return nil
}

// decodeLong makes size answers at once, as often as the plan says, each after
// the plan's past, and tells the speeds while all were being continued: from the
// time when the last of them had its first token to that when the first one
// ended.
func (b *benchmark) decodeLong(ctx context.Context, size int) (speeds []float64, err error) {
	for range b.plan.repeat {
		came, errs := make([][]time.Time, size), make([]error, size)
		var wg sync.WaitGroup
		for i := range size {
			r := engine.Request{Prompt: b.tokens(b.plan.past), Settings: engine.Settings{MaxTokens: b.plan.generate}}
			wg.Go(func() {
				_, errs[i] = b.m.Generate(ctx, r, func(engine.Token) { came[i] = append(came[i], time.Now()) })
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		speed, err := fullSpeed(came)
		if err != nil {
			return nil, err
		}
		speeds = append(speeds, speed)
	}
	return speeds, nil
}

// fullSpeed is the speed, in tokens per second of all, while all answers are on
// their way, from when each of their tokens came.
func fullSpeed(came [][]time.Time) (float64, error) {
	from, to := came[0][0], came[0][len(came[0])-1]
	for _, t := range came {
		if t[0].After(from) {
			from = t[0]
		}
		if last := t[len(t)-1]; last.Before(to) {
			to = last
		}
	}
	tokens := 0
	for _, t := range came {
		for _, at := range t {
			if at.After(from) && !at.After(to) {
				tokens++
			}
		}
	}
	if tokens == 0 {
		return 0, errors.New("the answers end before all have begun; give a higher --generate")
	}
	return float64(tokens) / to.Sub(from).Seconds(), nil
}

func (b *benchmark) verify(ctx context.Context) (benchVerify, error) {
	r := engine.Request{Prompt: b.tokens(b.plan.prompt), Settings: engine.Settings{MaxTokens: b.plan.generate}}
	run, err := b.m.Generate(ctx, r, nil)
	if err != nil {
		return benchVerify{}, err
	}
	n := len(run.Prompt) + len(run.Output)
	speeds, err := b.times(func() (int, error) {
		report, err := b.m.Verify(ctx, run)
		if err == nil && !report.Equal {
			err = fmt.Errorf("this machine's own run does not verify: %s at %d; report this", report.Kind, report.Position)
		}
		return n, err
	})
	return benchVerify{Tokens: n, TokensPerSecond: summarize(n, speeds).TokensPerSecond}, err
}

// summarize takes the median; of an even number of repeats the slower middle one.
func summarize(tokens int, speeds []float64) benchSpeed {
	if len(speeds) == 0 {
		return benchSpeed{Tokens: tokens}
	}
	slices.Sort(speeds)
	return benchSpeed{Tokens: tokens, TokensPerSecond: speeds[(len(speeds)-1)/2], Min: speeds[0], Max: speeds[len(speeds)-1]}
}

// peakBytes is the most memory that the process has had, or 0 where the system
// does not say.
func peakBytes() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss * 1024 // Linux counts in KiB
}

func showBench(c *cli.Context, r benchResult) error {
	lines := []string{
		fmt.Sprintf("model    %s", r.ModelID),
		fmt.Sprintf("device   %s (%s)", r.Device, r.Why),
		fmt.Sprintf("backend  %s (%s, weights %s), %d threads, opened in %.2f s, peak memory %.0f MB", r.Backend, r.ISA, r.Layout, r.Threads, r.LoadSeconds, float64(r.PeakBytes)/1e6),
		fmt.Sprintf("prefill  %8.1f tokens/s  (%.1f to %.1f)  %d tokens", r.Prefill.TokensPerSecond, r.Prefill.Min, r.Prefill.Max, r.Prefill.Tokens),
	}
	for _, d := range r.Decode {
		lines = append(lines, fmt.Sprintf("decode   %8.1f tokens/s  (%.1f to %.1f)  batch %d", d.TokensPerSecond, d.Min, d.Max, d.Batch))
	}
	lines = append(lines, fmt.Sprintf("verify   %8.1f tokens/s  %d tokens", r.Verify.TokensPerSecond, r.Verify.Tokens))
	_, err := fmt.Fprintln(c.App.Writer, strings.Join(lines, "\n"))
	return err
}
