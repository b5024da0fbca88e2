package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/scripts/adversary/network"
)

// The quiet epochs, with which all others are compared: the third and the fourth,
// when nobody starts any more.
const (
	quietFrom = 2
	quietTo   = 3
)

// stride is how many epochs each attack has: the one that it attacks in, and a
// quiet one.
const stride = 2

// campaign runs attacks one after another in the life of one network, and returns
// what they did.
func campaign(ctx context.Context, dir string, o *options, chosen []*attack) (*table, error) {
	n, err := network.New(ctx, network.Config{
		Dir: dir, Bin: o.bin, Validators: 4, Miners: 3,
		Genesis: func(g *ledger.Genesis) error {
			for _, a := range chosen {
				if err := a.provide(g); err != nil {
					return fmt.Errorf("%s: %w", a.name, err)
				}
			}
			if err := crowd(g, o.seats); err != nil {
				return err
			}
			g.Params.Seats.Max = uint32(len(g.Seats)) // it is full
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	defer n.Stop()
	begin := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%7.1f s  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	}
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	say("block 1: %d validators and %d miners in %s", len(n.Validators), len(n.Miners), dir)

	w := &watch{times: map[protocol.Height]time.Time{}}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go w.follow(watching, n.Validators[0])

	t := &table{net: n, watch: w, began: begin}
	sched := n.Genesis.Params.Schedule
	epoch := protocol.Epoch(quietTo + 1)
	if err := w.until(ctx, sched.EpochStart(epoch), n.Failed); err != nil {
		return nil, err
	}
	for _, a := range chosen {
		say("block %d: %s: %s", w.height(), a.name, a.does)
		r, err := t.suffer(ctx, a, epoch)
		if err != nil {
			return nil, err
		}
		if r.Refusal != "" {
			say("block %d: the first of %d refusals: %s", w.height(), r.Refused, r.Refusal)
		}
		t.rows = append(t.rows, r)
		epoch += stride
		if err := w.until(ctx, sched.EpochStart(epoch), n.Failed); err != nil {
			return nil, err
		}
	}
	return t, t.settle(ctx, epoch, say)
}

// crowd fills a genesis up to so many seats with such as are asked and never
// answer.
func crowd(g *ledger.Genesis, seats int) error {
	idlers := &attack{name: "idlers"}
	idlers.needs.seats = max(0, seats-len(g.Seats))
	return idlers.provide(g)
}

// suffer runs one attack from now to the end of its epoch.
func (t *table) suffer(ctx context.Context, a *attack, epoch protocol.Epoch) (*row, error) {
	r := &row{Attack: a.name, Does: a.does, epoch: epoch, slows: a.slows}
	before, err := t.spent(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &world{Network: t.net, attack: a, epoch: epoch}
	done := make(chan error, 1)
	go func() { done <- a.run(limited, w) }()
	err = t.watch.until(ctx, t.net.Genesis.Params.Schedule.EpochEnd(epoch), t.net.Failed)
	cancel()
	attacked := <-done
	r.HostsCutOff, r.Hosts = w.cutOff()
	w.close()
	if err != nil {
		return nil, err
	}
	if attacked != nil && !errors.Is(attacked, context.Canceled) {
		r.Broke = attacked.Error()
	}
	r.Taken, r.Refused, r.Refusal = w.taken.Load(), w.refused.Load(), w.refusal
	after, err := t.spent(ctx)
	if err != nil {
		return nil, err
	}
	r.Cost = max(after, before) - before // what an earlier one locked comes back meanwhile
	return r, nil
}

// spent is what was ever burned or locked.
func (t *table) spent(ctx context.Context) (protocol.Amount, error) {
	var s api.Supply
	err := t.net.Validators[0].Get(ctx, "/v1/supply", &s)
	return s.Burned + s.Collateral + s.Escrow, err
}
