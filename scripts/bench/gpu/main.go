// Command gpu measures the engine on a GPU against what is demanded of it, and
// prints one table: demand, aim, figure. What it measures with are models of
// random weights in the shapes of Llama 3.1, which it writes itself; with -real it
// also compares runs of a real model on the GPU and on the processor, fingerprints
// included. scripts/check/gpu.sh calls it; it needs NVIDIA's driver and nothing
// else.
//
//	gpu -models /tmp/models                              # all of it, on cuda:0
//	gpu -models /tmp/models -shapes llama-1b -types q8_0 -real SmolLM2.gguf
//
// A demand that is not met is marked, and is no error: wrong bits are, and what
// could not be measured. The table comes whatever fails; each line of it also goes
// to standard error when it is known, for whoever has to end a device that hangs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/synth"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "gpu:", err)
		os.Exit(1)
	}
}

// plan is what the flags ask for.
type plan struct {
	device, models, real string
	tests, sanitizer     string
	number               int
	shapes, types        []string
	batch, answer        int // sequences at once, and tokens that each is given and makes
	prefill              int // tokens
	decode               int // tokens of one answer that is timed
	copied               int64
	while                time.Duration
	within, end          time.Duration

	driver func() (cuda.Driver, error) // the library, or in tests an interpreter
	log    io.Writer

	compared bool // bits of a model of random weights
}

func run(args []string, out io.Writer) error {
	p := plan{driver: cuda.Library, log: os.Stderr, copied: 1 << 30, while: 200 * time.Millisecond}
	flags := flag.NewFlagSet("gpu", flag.ContinueOnError)
	flags.StringVar(&p.device, "device", "cuda:0", "where models run")
	flags.StringVar(&p.models, "models", os.TempDir(), "folder of the models that are made")
	flags.StringVar(&p.real, "real", "", "a real model, whose runs are compared with the processor's")
	shapes := flags.String("shapes", "llama-1b,llama-8b", "shapes of models")
	types := flags.String("types", "q8_0,q4_k", "types of their matrices")
	flags.IntVar(&p.batch, "batch", 64, "sequences at once")
	flags.IntVar(&p.answer, "answer", 512, "tokens of prompt, and of answer, that are verified")
	flags.IntVar(&p.prefill, "prefill", 2048, "tokens of a long prompt")
	flags.IntVar(&p.decode, "decode", 128, "tokens of an answer that is timed")
	flags.StringVar(&p.tests, "tests", "", "what came of the tests on the device, for the table")
	flags.StringVar(&p.sanitizer, "sanitizer", "", "what came of compute-sanitizer, for the table")
	flags.DurationVar(&p.within, "within", 5*time.Minute, "no model is begun after so long")
	flags.DurationVar(&p.end, "end", 8*time.Minute, "what is not done after so long is given up")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag; see -help", flags.Arg(0))
	}
	if min(p.batch, p.answer, p.prefill) < 1 || p.decode < 2 {
		return errors.New("batch, answer and prefill must be 1 or more, decode 2 or more")
	}
	p.shapes, p.types = strings.Split(*shapes, ","), strings.Split(*types, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, p.end)
	defer cancel()
	return p.run(ctx, out)
}

// run does it in the order of what matters: bits, then the smallest model first.
func (p *plan) run(ctx context.Context, out io.Writer) error {
	began := time.Now()
	if _, err := fmt.Sscanf(p.device, "cuda:%d", &p.number); err != nil && p.device != engine.DeviceCPU {
		return fmt.Errorf("device %q is neither cpu nor cuda:N", p.device)
	}
	t := table{log: p.log}
	d, err := p.driver()
	if err != nil && p.device != engine.DeviceCPU {
		return err
	}
	if d != nil { // before anything has had the kernels compiled
		t.failed(p.selfTest(&t, d), "self-test")
	}
	chip, err := p.chip(d)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, chip); err != nil {
		return err
	}
	if p.tests != "" {
		t.add("contract of a backend on the device, bits of every type and family", "kept", "", p.tests)
		t.add("compute-sanitizer, memcheck and racecheck", "clean", "", p.sanitizer)
	}
	if p.real != "" {
		t.failed(p.sameBits(ctx, &t, p.real, "real model"), "real model")
	}
	for _, shape := range p.shapes {
		for _, kind := range p.types {
			if ctx.Err() != nil || time.Since(began) > p.within {
				t.add(shape+" "+kind, "", "", "not begun: no time is left")
				continue
			}
			t.failed(p.one(ctx, &t, shape, kind, chip), shape+" "+kind)
		}
	}
	t.add("exactness, against the same kernels in free order of sums", "≤ 5 %", "0", "not measured: there is no such build")
	t.add("against llama.cpp's CUDA backend", "≥ 1.0 ×", "1.3 ×", "not built here")
	t.add("all of this", "≤ 480 s", "", fmt.Sprintf("%.0f s", time.Since(began).Seconds()))
	return errors.Join(t.print(out), t.err)
}

// one measures a model of random weights; where no real one was given, the first
// is also what bits are compared with.
func (p *plan) one(ctx context.Context, t *table, shape, kind string, c chip) (err error) {
	path, err := p.model(shape, kind)
	defer func() { err = errors.Join(err, os.RemoveAll(path)) }()
	if err != nil {
		return err
	}
	if p.real == "" && !p.compared {
		p.compared = true
		if err := p.sameBits(ctx, t, path, shape+" "+kind); err != nil {
			return err
		}
	}
	return p.measure(ctx, t, path, shape+" "+kind, c)
}

// model writes a model of random weights and returns its path.
func (p *plan) model(shape, kind string) (string, error) {
	m, err := synth.New(synth.Options{Shape: shape, Type: kind})
	if err != nil {
		return "", err
	}
	path := filepath.Join(p.models, fmt.Sprintf("random-%s-%s.gguf", shape, kind))
	return path, m.WriteFile(path)
}
