package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

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
		ended := context.AfterFunc(ctx, func() { _ = c.Close() })
		_, _ = io.Copy(io.Discard, c) // a greeting, and nothing until the end
		ended()
		_ = c.Close()
		if !rest(ctx, 10*floodPause) {
			return
		}
	}
}
