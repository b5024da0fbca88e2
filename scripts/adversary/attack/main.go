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

// options are what the command line says.
type options struct {
	bin     string
	dir     string
	attacks string
	third   int
	seats   int
	list    bool
	json    bool
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "build", "directory of the programs miner and validator")
	flag.StringVar(&o.dir, "dir", "", "empty directory for keys, databases and logs; a temporary one, removed after a good end, where none is given")
	flag.StringVar(&o.attacks, "attacks", "", "names, separated by commas; all where none is given")
	flag.IntVar(&o.third, "third", -1, "0, 1 or 2: every third attack, from that on")
	flag.IntVar(&o.seats, "seats", 0, "how many seats the network has at least, idle ones of nobody's where others are too few; up to 4096")
	flag.BoolVar(&o.list, "list", false, "say which attacks there are, and end")
	flag.BoolVar(&o.json, "json", false, "print one JSON array of rows; what happens goes to standard error all the same")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) (err error) {
	chosen, err := choose(o)
	if err != nil {
		return err
	}
	if o.list {
		for _, a := range chosen {
			fmt.Printf("%-20s %s\n", a.name, a.does)
		}
		return nil
	}
	dir := o.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "assay-attack."); err != nil {
			return err
		}
	}
	rows, err := campaign(ctx, dir, o, chosen)
	if err == nil {
		err = rows.judge()
	}
	if err != nil {
		err = fmt.Errorf("%w\nlogs are in %s", err, dir)
	} else if o.dir == "" {
		err = os.RemoveAll(dir)
	}
	if rows == nil {
		return err
	}
	return errors.Join(rows.print(os.Stdout, o.json), err)
}

// choose returns the attacks that the options name.
func choose(o *options) ([]*attack, error) {
	if o.attacks != "" {
		var chosen []*attack
		names := strings.Split(o.attacks, ",")
		for _, a := range all {
			if i := slices.Index(names, a.name); i >= 0 {
				chosen, names = append(chosen, a), slices.Delete(names, i, i+1)
			}
		}
		if len(names) > 0 {
			return nil, fmt.Errorf("there is no attack %q; -list says what there is", names[0])
		}
		return chosen, nil
	}
	if o.third < 0 {
		return all, nil
	}
	if o.third > 2 {
		return nil, fmt.Errorf("-third is 0, 1 or 2, not %d", o.third)
	}
	var chosen []*attack
	for i := o.third; i < len(all); i += 3 {
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
