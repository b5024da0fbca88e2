package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol/api"
)

// idle takes all places at the ports of a validator while it starts again.
var idle = &attack{
	name: "idle",
	does: "900 idle connections wait at each port of a validator that is killed and starts again",
	run: func(ctx context.Context, w *world) error {
		victim := w.Validators[len(w.Validators)-1]
		w.Kill(victim)
		if err := w.Launch(victim); err != nil {
			return err
		}
		crowd, stop := context.WithCancel(ctx)
		var g sync.WaitGroup
		defer g.Wait()
		defer stop()
		for i := range 900 {
			for _, port := range []int{victim.Consensus, victim.P2P} {
				g.Go(func() { hold(crowd, port, i) })
			}
		}
		<-ctx.Done()
		var s api.Status
		late := context.WithoutCancel(ctx)
		if err := victim.Get(late, "/v1/status", &s); err != nil {
			return err
		}
		newest, err := w.now(late)
		if err != nil {
			return err
		}
		if s.CatchingUp || s.Height+2 < newest {
			return fmt.Errorf("%s started again and is at block %d of %d", victim.Name, s.Height, newest)
		}
		return nil
	},
}

// hold keeps a connection open that says nothing, from one of some addresses, and
// makes another when it is closed.
func hold(ctx context.Context, port, i int) {
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 100, byte(1+i%200))}}
	for ctx.Err() == nil {
		c, err := from.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			if !rest(ctx, 10*floodPause) {
				return
			}
			continue
		}
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_, _ = c.Read(make([]byte, 1<<10)) // a greeting, or the end
			if errors.Is(ctx.Err(), context.Canceled) {
				return
			}
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			_, _ = c.Read(make([]byte, 1<<10))
		}()
		select {
		case <-ctx.Done():
		case <-closed:
		}
		_ = c.Close()
		<-closed
		if !rest(ctx, 10*floodPause) {
			return
		}
	}
}
