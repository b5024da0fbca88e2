//go:build cgo

// Command kernels measures the engine's matrix kernels alone, at each level of
// instructions of this machine, beside loops that say how quick they could be:
// so that a machine shows by itself where the kernels stay behind it.
//
//	go run ./scripts/bench/kernels            # the best level that is no emulation
//	go run ./scripts/bench/kernels -levels avx2,avx512 -types Q4_1,Q8_0 -threads 1
//
// One token is bound by memory: GB/s of weights, of 512 KiB a thread that stay
// in a second-level cache, and of more than any cache holds; beside a loop that
// only reads. Many tokens are bound by arithmetic: GMAC/s a thread; beside
// sixteen rows of eight bits by eight tokens that stay in the first cache. All
// figures are of the quickest round.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

// types are all that products take.
var types = []gguf.Type{gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ4_NL, gguf.MXFP4}

// plan is what the flags ask for.
type plan struct {
	levels  []native.Level
	types   []gguf.Type
	threads int
	memory  int64 // bytes that no cache holds
	rounds  int
}

func run(args []string, out io.Writer) error {
	p, err := parse(args)
	if err != nil {
		return err
	}
	for _, l := range p.levels {
		if err := p.table(l, out); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string) (plan, error) {
	f := flag.NewFlagSet("kernels", flag.ContinueOnError)
	levels := f.String("levels", "", "levels of instructions, with commas between; empty for the best, all for all but emulations")
	kinds := f.String("types", "", "types of weights, with commas between; empty for all")
	threads := f.Int("threads", runtime.GOMAXPROCS(0), "`N` threads")
	memory := f.Int64("memory", 512<<20, "`BYTES` that no cache of this machine holds")
	rounds := f.Int("rounds", 7, "`N` rounds of each")
	if err := f.Parse(args); err != nil {
		return plan{}, err
	}
	p := plan{threads: *threads, memory: *memory, rounds: *rounds}
	if p.threads < 1 || p.threads > 1024 || p.rounds < 1 || p.memory < 1<<20 || p.memory > 1<<34 {
		return p, errors.New("want 1 to 1024 threads, a round or more, and 1 MiB to 16 GiB of memory")
	}
	var err error
	if p.levels, err = pickLevels(*levels); err == nil {
		p.types, err = pickTypes(*kinds)
	}
	return p, err
}

func pickLevels(names string) ([]native.Level, error) {
	have := slices.DeleteFunc(native.Levels(), func(l native.Level) bool { return l == native.AMXEmulated })
	if len(have) == 0 {
		return nil, errors.New("this build has no kernels; build it with cgo and a C compiler")
	}
	switch names {
	case "":
		return have[len(have)-1:], nil
	case "all":
		return have, nil
	}
	var picked []native.Level
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(have, func(l native.Level) bool { return l.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("level %q; this machine has %v", name, have)
		}
		picked = append(picked, have[i])
	}
	return picked, nil
}

func pickTypes(names string) ([]gguf.Type, error) {
	if names == "" {
		return types, nil
	}
	var picked []gguf.Type
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(types, func(t gguf.Type) bool { return t.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("type %q; the types are %v", name, types)
		}
		picked = append(picked, types[i])
	}
	return picked, nil
}

const (
	cached = 512 << 10 // bytes of a thread
	cols   = 2048
)

// ceilings are what the loops reach: GB/s from a cache and from memory on all
// threads, GMAC/s of one thread.
type ceilings struct{ cache, memory, multiply float64 }

func (p plan) ceilings(l native.Level) (c ceilings, err error) {
	read := func(bytes int64, rounds int) float64 {
		var seconds float64
		if err == nil {
			seconds, err = native.BenchRead(l, p.threads, bytes, rounds)
		}
		return float64(bytes) / seconds / 1e9
	}
	c.cache, c.memory = read(int64(p.threads)*cached, 20*p.rounds), read(p.memory, p.rounds)
	seconds, failed := native.BenchTile(l, 3*p.rounds)
	c.multiply = 1000 * 16 * 8 * 576 / seconds / 1e9
	return c, cmp.Or(err, failed)
}

// counts are the tokens of the columns of arithmetic.
var counts = []int{8, 32, 256}

func (p plan) table(l native.Level, out io.Writer) error {
	c, err := p.ceilings(l)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%v, %d threads; in brackets the part of the loop: %.0f GB/s of cache, %.1f GB/s of memory, %.0f GMAC/s a thread\n\n",
		l, p.threads, c.cache, c.memory, c.multiply)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "type\tweights\t1, cache GB/s\t1, memory GB/s")
	for _, n := range counts {
		fmt.Fprintf(w, "\t%d, GMAC/s", n)
	}
	fmt.Fprintln(w)
	for _, t := range p.types {
		for _, interleaved := range []bool{false, true} {
			if err := p.row(w, l, t, interleaved, c); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

func (p plan) row(w io.Writer, l native.Level, t gguf.Type, interleaved bool, c ceilings) error {
	name := native.Mapped
	if interleaved {
		name = native.Interleaved
	}
	fmt.Fprintf(w, "%s\t%s", t, name)
	bytes := func(size int64, rounds int, ceiling float64) error {
		seconds, had, err := native.BenchGEMM(l, interleaved, p.threads, t, rowsOf(t, size), cols, 1, rounds)
		if err == nil {
			rate := float64(had) / seconds / 1e9
			fmt.Fprintf(w, "\t%.1f (%.2f)", rate, rate/ceiling)
		}
		return err
	}
	if err := bytes(int64(p.threads)*cached, 20*p.rounds, c.cache); err != nil {
		return err
	}
	if err := bytes(p.memory, p.rounds, c.memory); err != nil {
		return err
	}
	for _, n := range counts {
		rows := rowsOf(t, int64(p.threads)*cached)
		seconds, _, err := native.BenchGEMM(l, interleaved, p.threads, t, rows, cols, n, p.rounds)
		if err != nil {
			return err
		}
		rate := float64(rows) * cols * float64(n) / seconds / 1e9 / float64(p.threads)
		fmt.Fprintf(w, "\t%.0f (%.2f)", rate, rate/c.multiply)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// rowsOf is how many rows of cols weights have about so many bytes; whole
// groups of sixteen.
func rowsOf(t gguf.Type, bytes int64) int {
	elements, size := t.Block()
	return max(16, int(uint64(bytes)/(cols/elements*size))/16*16)
}
