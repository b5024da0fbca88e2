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

// options are what the shell script hands over.
type options struct {
	mode  string
	model string
	bin   string
	dir   string
	limit time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.mode, "mode", "demo", "demo or devnet")
	flag.StringVar(&o.model, "model", "", "the GGUF file of the model")
	flag.StringVar(&o.bin, "bin", "build", "directory of the programs")
	flag.StringVar(&o.dir, "dir", "", "a fresh directory for keys, databases and logs")
	flag.DurationVar(&o.limit, "limit", 7*time.Minute, "longest run after the first block")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run is main with deferred calls that run before the process exits.
func run(o *options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if o.model == "" || o.dir == "" {
		return errors.New("-model and -dir are needed; run it as make demo or make devnet")
	}
	say := newTeller(os.Stdout)
	net, err := newNetwork(o)
	if err != nil {
		return err
	}
	sup := newSupervisor(net.dir)
	defer sup.stopAll()

	switch o.mode {
	case "demo":
		err = playDemo(ctx, o, net, sup, say)
	case "devnet":
		err = playDevnet(ctx, o, net, sup, say)
	default:
		return fmt.Errorf("mode %q, want demo or devnet", o.mode)
	}
	if ctx.Err() != nil {
		sup.stopAll()
		say.printf("stopped; what is left is the directory %s", o.dir)
		if o.mode == "devnet" {
			return nil
		}
		return errors.New("interrupted before the end")
	}
	return err
}
