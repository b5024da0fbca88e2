package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("say compare or traffic; doc.go tells of each")

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	assay := f.String("assay", "build/assay", "the program")
	threads := f.Int("threads", 2, "of each server")
	seed := f.Uint64("seed", 1, "of prompts and of who does what")
	switch args[0] {
	case "compare":
		c := comparison{}
		f.StringVar(&c.llama, "llama", "", "directory of llama.cpp's programs; without it ours alone is measured")
		f.IntVar(&c.clients, "clients", 16, "that ask at once")
		f.IntVar(&c.requests, "requests", 1, "of each client, one after another")
		f.IntVar(&c.rounds, "rounds", 3, "times that each server is measured")
		f.IntVar(&c.answer, "answer", 128, "tokens of an answer, at most")
		f.IntVar(&c.least, "least", 128, "tokens of the shortest prompt")
		f.IntVar(&c.most, "most", 1024, "tokens of the longest prompt")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		c.assay, c.threads, c.seed = *assay, *threads, *seed
		return c.run(ctx, os.Stdout, f.Args())
	case "traffic":
		t := traffic{}
		f.DurationVar(&t.length, "for", 10*time.Minute, "how long")
		f.IntVar(&t.slow, "slow", 100, "clients that read slowly")
		f.IntVar(&t.quick, "quick", 8, "clients that read as others do")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		t.assay, t.threads, t.seed = *assay, *threads, *seed
		return t.run(ctx, os.Stdout, f.Args())
	}
	return errUsage
}
