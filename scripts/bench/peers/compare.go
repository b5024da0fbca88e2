package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// part is one thing to measure, with a process of each side.
type part struct {
	name   string
	ours   func(*bench, context.Context, values) error
	theirs func(c *comparison, model string) (program string, args []string)
	parse  func(output []byte, into values) error
	// fromProcess takes rows from the process itself, whichever side it is of;
	// nil for none.
	fromProcess func(process, values)
	// times is how often the part runs for each repeat; 0 stands for 1.
	times int
	// asked parts take minutes, and are measured where -parts names them.
	asked bool
	// keeps bounds what our side keeps of past prompts, in bytes; 0 for nothing.
	keeps int64
}

// values are what one run of a part measured, by row of the table.
type values map[string]float64

// The rows of the table.
const (
	rowPrefill  = "prefill of 512 tokens, tokens/s"
	rowDecode   = "decode of 128 tokens, one sequence, tokens/s"
	rowDecode8  = "decode of 128 tokens, 8 sequences, tokens/s"
	rowDecode32 = "decode of 128 tokens, 32 sequences, tokens/s"
	rowGenerate = "16 answers to 32 + 128 tokens one by one, s"
	rowVerify   = "verifying them together, s"
	rowLoad     = "load to first token, warm page cache, s"
	rowMemory   = "peak memory beside the mapped file, MB"
	rowResident = "peak memory with the mapped file's pages, MB"
)

// rows is their order.
var rows = slices.Concat(
	[]string{rowPrefill, rowDecode, rowDecode8, rowDecode32, rowGenerate, rowVerify, rowLoad, rowMemory, rowResident},
	longRows(8<<10), longRows(32<<10),
)

// parts is everything that can be measured, in this order.
func parts() []part {
	return []part{
		{
			name: "speed", ours: (*bench).speed, theirs: llamaBench("-p", "512", "-n", "128", "-r", "1"), parse: parseBench,
			fromProcess: func(p process, v values) { v[rowMemory], v[rowResident] = float64(p.peak)/1e6, float64(p.rss)/1e6 },
		},
		{name: "batch", ours: (*bench).batch, theirs: llamaBatchedBench, parse: parseBatchedBench},
		{name: "verify", ours: (*bench).verify},
		{
			name: "load", ours: (*bench).firstToken, theirs: llamaBench("-p", "0", "-n", "1", "-r", "1", "--no-warmup"),
			parse:       func([]byte, values) error { return nil },
			fromProcess: func(p process, v values) { v[rowLoad] = p.wall.Seconds() },
			times:       3, // short, so the more
		},
		longPart("long", 8<<10),
		longPart("longest", 32<<10),
	}
}

// partNames are those of all parts, or of those that run unasked.
func partNames(all bool) (names []string) {
	for _, p := range parts() {
		if all || !p.asked {
			names = append(names, p.name)
		}
	}
	return names
}

func findPart(name string) (part, error) {
	for _, p := range parts() {
		if p.name == strings.TrimSpace(name) {
			return p, nil
		}
	}
	return part{}, fmt.Errorf("no part is called %q; the parts are %s", name, strings.Join(partNames(true), ", "))
}

// comparison is what the flags ask for.
type comparison struct {
	self, llama     string // our program, their directory
	level, backend  string
	threads, repeat int
	patience        time.Duration // most time to spend on a model on waiting and on measuring again
	parts           []part
}

// result is everything measured on one model.
type result struct {
	model        string
	size         int64 // bytes
	identity     identity
	threads      int
	repeat       int
	ours, theirs map[string][]float64 // by row, in the order of the repeats
	gigabytes    float64              // a second, that the bare read loop reads; 0 where it did not run
	disturbances []disturbance        // of each pair that counts
	unfinished   bool                 // patience ended before the repeats did
	thrownAway   int                  // pairs that were disturbed and measured again
}

// tooMuch is the part of the machine that others may have during a pair: a
// tenth of one of two processors, which is about what the system itself and a
// terminal need.
const tooMuch = 0.05

// run measures one model: in each repeat every part of one side, then of the
// other; the side that begins changes with the repeat, so that a machine that
// slows down slows both.
func (c *comparison) run(ctx context.Context, model string) (*result, error) {
	info, err := os.Stat(model)
	if err != nil {
		return nil, err
	}
	r := &result{
		model: model, size: info.Size(), threads: c.threads, repeat: c.repeat,
		ours: map[string][]float64{}, theirs: map[string][]float64{},
	}
	deadline := time.Now().Add(c.patience)
	for i := range c.repeat {
		for _, p := range c.parts {
			for range max(1, p.times) {
				err := c.calmly(ctx, p, r, i%2 == 0, deadline)
				if errors.Is(err, errDisturbed) {
					r.unfinished = true
					return r, nil
				}
				if err != nil {
					return nil, err
				}
			}
			fmt.Fprintf(os.Stderr, "%s: %s %d of %d\n", model, p.name, i+1, c.repeat)
		}
	}
	r.gigabytes, err = readLoop(ctx, c, model)
	return r, err
}

// errDisturbed means that patience ended before the machine was idle for long
// enough.
var errDisturbed = errors.New("other processes kept the machine busy")

// calmly measures a pair; with patience it waits for an idle machine and
// repeats what others disturbed, until the deadline.
func (c *comparison) calmly(ctx context.Context, p part, r *result, theirsFirst bool, deadline time.Time) error {
	for {
		for c.patience > 0 && !idle(ctx) {
			if time.Now().After(deadline) {
				return errDisturbed
			}
		}
		pair := result{model: r.model, ours: map[string][]float64{}, theirs: map[string][]float64{}}
		watch := watchMachine()
		if err := c.both(ctx, p, &pair, theirsFirst); err != nil {
			return err
		}
		d := watch.end()
		if c.patience == 0 || d.sum() <= tooMuch {
			r.take(pair, d)
			return nil
		}
		r.thrownAway++
		if time.Now().After(deadline) {
			return errDisturbed
		}
	}
}

// take adds a pair that counts.
func (r *result) take(pair result, d disturbance) {
	r.identity = pair.identity
	r.disturbances = append(r.disturbances, d)
	for row, x := range pair.ours {
		r.ours[row] = append(r.ours[row], x...)
	}
	for row, x := range pair.theirs {
		r.theirs[row] = append(r.theirs[row], x...)
	}
}

// both measures one pair.
func (c *comparison) both(ctx context.Context, p part, r *result, theirsFirst bool) error {
	sides := []func() error{
		func() error { return c.runTheirs(ctx, p, r) },
		func() error { return c.runOurs(ctx, p, r) },
	}
	if !theirsFirst {
		sides[0], sides[1] = sides[1], sides[0]
	}
	for _, side := range sides {
		if err := side(); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) runOurs(ctx context.Context, p part, r *result) error {
	args := []string{"ours", "-model", r.model, "-backend", c.backend, "-threads", fmt.Sprint(c.threads), "-part", p.name}
	ran, err := runProcess(ctx, c.self, args)
	if err != nil {
		return err
	}
	v, who, err := parseOurs(ran.output)
	if err != nil {
		return err
	}
	r.identity = who
	add(p, ran, v, r.ours)
	return nil
}

func (c *comparison) runTheirs(ctx context.Context, p part, r *result) error {
	if p.theirs == nil {
		return nil
	}
	program, args := p.theirs(c, r.model)
	ran, err := runProcess(ctx, program, args)
	if err != nil {
		return err
	}
	v := values{}
	if err := p.parse(ran.output, v); err != nil {
		return fmt.Errorf("read what %s printed: %w", program, err)
	}
	add(p, ran, v, r.theirs)
	return nil
}

func add(p part, ran process, v values, to map[string][]float64) {
	if p.fromProcess != nil {
		p.fromProcess(ran, v)
	}
	for row, x := range v {
		to[row] = append(to[row], x)
	}
}
