package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	seed := flag.Uint64("seed", 4, "of all that is left to chance")
	names := flag.String("liars", "", "names, separated by commas; all where none is given")
	list := flag.Bool("list", false, "say which liars there are, and end")
	asJSON := flag.Bool("json", false, "print one JSON array of rows")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := choose(*names)
	if err == nil && *list {
		for _, l := range chosen {
			fmt.Printf("%-12s %s\n", l.name, l.does)
		}
		return
	}
	if err == nil {
		err = run(ctx, chosen, *seed, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "liars:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, chosen []*liar, seed uint64, asJSON bool) error {
	dir, err := os.MkdirTemp("", "assay-liars.")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m, err := openModels(ctx, dir)
	if err != nil {
		return err
	}
	defer m.close()
	fmt.Fprintf(os.Stderr, "seed %d\n", seed)
	var rows []*row
	var errs []error
	for _, l := range chosen {
		r, err := try(ctx, m, l, seed)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		rows, errs = append(rows, r), append(errs, r.judge())
	}
	return errors.Join(append(errs, printRows(os.Stdout, rows, asJSON))...)
}

// choose returns the liars with these names.
func choose(names string) ([]*liar, error) {
	if names == "" {
		return all, nil
	}
	var chosen []*liar
	wanted := strings.Split(names, ",")
	for _, l := range all {
		if i := slices.Index(wanted, l.name); i >= 0 {
			chosen, wanted = append(chosen, l), slices.Delete(wanted, i, i+1)
		}
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("there is no liar %q; -list says what there is", wanted[0])
	}
	return chosen, nil
}
