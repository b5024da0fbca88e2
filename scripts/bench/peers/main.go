package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/assaynet/assay/engine/synth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("say compare, ours or random; doc.go tells of each")

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	switch args[0] {
	case "compare":
		return runCompare(ctx, f, args[1:])
	case "ours":
		return runOurs(ctx, f, args[1:])
	case "random":
		return runRandom(f, args[1:])
	}
	return errUsage
}

func runCompare(ctx context.Context, f *flag.FlagSet, args []string) error {
	var c comparison
	var list string
	f.StringVar(&c.llama, "llama", "", "directory of llama.cpp's programs")
	f.StringVar(&c.level, "level", "native", "instructions that both sides may use, for the heading; ASSAY_ISA chooses ours")
	sideFlags(f, &c.backend, &c.threads)
	f.IntVar(&c.repeat, "repeat", 5, "times that each side runs")
	f.DurationVar(&c.patience, "patience", 0, "time to spend on each model on waiting for an idle machine and measuring again what others disturbed")
	f.StringVar(&list, "parts", strings.Join(partNames(false), ","), "what to measure, of "+strings.Join(partNames(true), ", "))
	if err := f.Parse(args); err != nil {
		return err
	}
	if c.llama == "" || c.threads < 1 || c.repeat < 1 || f.NArg() == 0 {
		return errors.New("compare needs -llama, at least one thread and repeat, and models")
	}
	for name := range strings.SplitSeq(list, ",") {
		p, err := findPart(name)
		if err != nil {
			return err
		}
		c.parts = append(c.parts, p)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c.self = self
	fmt.Println(machine(c.llama, c.level))
	for _, model := range f.Args() {
		result, err := c.run(ctx, model)
		if err != nil {
			return fmt.Errorf("compare on %s: %w", model, err)
		}
		fmt.Println()
		fmt.Print(result.table())
	}
	return nil
}

// sideFlags are the flags of what measures our side.
func sideFlags(f *flag.FlagSet, backend *string, threads *int) {
	f.StringVar(backend, "backend", "", "our backend; empty for the default")
	f.IntVar(threads, "threads", 2, "threads that compute, of each side")
}

func runOurs(ctx context.Context, f *flag.FlagSet, args []string) error {
	var o ours
	var name string
	f.StringVar(&o.model, "model", "", "GGUF file")
	sideFlags(f, &o.backend, &o.threads)
	f.StringVar(&name, "part", "", "what to measure: "+strings.Join(partNames(true), ", "))
	if err := f.Parse(args); err != nil {
		return err
	}
	p, err := findPart(name)
	if err != nil {
		return err
	}
	return o.run(ctx, p, os.Stdout)
}

func runRandom(f *flag.FlagSet, args []string) error {
	var o synth.Options
	f.StringVar(&o.Shape, "shape", "llama-1b", "one of "+strings.Join(synth.Shapes(), ", "))
	length := f.Uint("context", 0, "positions that it says it has; 0 for the shape's own")
	f.StringVar(&o.Type, "type", "q8_0", "of the matrices, one of "+strings.Join(synth.Types(), ", "))
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 || *length > math.MaxUint32 {
		return errors.New("random needs the file to write, and no more positions than 2³² - 1")
	}
	o.Context = uint32(*length)
	return writeRandom(f.Arg(0), o)
}

func writeRandom(path string, o synth.Options) error {
	m, err := synth.New(o)
	if err != nil {
		return err
	}
	return m.WriteFile(path)
}
