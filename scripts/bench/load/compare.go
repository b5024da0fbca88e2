package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// comparison is what is measured, and how often.
type comparison struct {
	assay, llama      string
	threads           int
	seed              uint64
	clients, requests int
	rounds            int
	answer            int // tokens
	least, most       int // tokens of a prompt
}

// figures are of one round on one server.
type figures struct {
	tokens int
	rate   float64 // tokens of answers a second, of all clients together
	first  time.Duration
	gap    time.Duration // of a hundred waits for the next text, the longest but one
}

func (c *comparison) run(ctx context.Context, out io.Writer, models []string) error {
	if len(models) == 0 || c.clients < 1 || c.requests < 1 || c.rounds < 1 || c.answer < 1 || c.least < 2 || c.most < c.least {
		return errors.New("compare needs models, and numbers that make sense")
	}
	for _, m := range models {
		if err := c.model(ctx, out, m); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(m), err)
		}
	}
	return nil
}

// model measures both servers by turns with one model.
func (c *comparison) model(ctx context.Context, out io.Writer, model string) error {
	p, err := newPrompts(model, c.seed)
	if err != nil {
		return err
	}
	if len(p.text) <= c.most {
		return fmt.Errorf("%s has %d tokens, and a prompt was to have %d of them", source, len(p.text), c.most)
	}
	var ours, theirs []figures
	for round := range c.rounds {
		asks, err := c.asks(p)
		if err != nil {
			return err
		}
		sides := []func() error{func() error {
			s, err := startOurs(ctx, c.assay, c.threads, []string{model})
			return measured(ctx, "ours", s, err, asks, &ours)
		}}
		if c.llama != "" {
			sides = append(sides, func() error {
				s, err := startTheirs(ctx, c.llama, c.threads, model, c.clients, c.most+c.answer)
				return measured(ctx, "theirs", s, err, asks, &theirs)
			})
		}
		if round%2 == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			if err := side(); err != nil {
				return err
			}
		}
	}
	return c.print(out, filepath.Base(model), ours, theirs)
}

// asks makes what each client asks, one after another. Lengths are spread evenly
// over the range, so that each round has as much to read as the others.
func (c *comparison) asks(p *prompts) ([][][]byte, error) {
	all := make([][][]byte, c.clients)
	total := c.clients * c.requests
	for i, at := range p.rng.Perm(total) {
		n := c.least + (c.most-c.least)*at/max(1, total-1)
		ask, err := question(p.next(n), c.answer)
		if err != nil {
			return nil, err
		}
		all[i%c.clients] = append(all[i%c.clients], ask)
	}
	return all, nil
}

// measured adds the figures of a server that was started, says them, and stops it.
func measured(ctx context.Context, name string, s *server, err error, asks [][][]byte, to *[]figures) error {
	if err != nil {
		return err
	}
	f, err := load(ctx, s, asks)
	*to = append(*to, f)
	fmt.Fprintf(os.Stderr, "%s: %d tokens, %.1f a second, first after %v, %v between\n", name, f.tokens, f.rate, f.first, f.gap)
	return errors.Join(err, s.stop())
}

// load has all clients ask at once.
func load(ctx context.Context, s *server, asks [][][]byte) (figures, error) {
	var mu sync.Mutex
	var f figures
	var firsts, gaps []time.Duration
	var failed error
	var wg sync.WaitGroup
	began := time.Now()
	for _, list := range asks {
		wg.Go(func() {
			for _, ask := range list {
				h, err := s.stream(ctx, ask)
				mu.Lock()
				f.tokens += h.tokens
				firsts, gaps, failed = append(firsts, h.first), append(gaps, h.gaps...), errors.Join(failed, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	f.rate = float64(f.tokens) / time.Since(began).Seconds()
	f.first, f.gap = quantile(firsts, 50), quantile(gaps, 99)
	return f, failed
}

// quantile is the value that percent of the others do not exceed.
func quantile(list []time.Duration, percent int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, len(list)*percent/100)]
}
