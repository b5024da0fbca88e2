package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/assaynet/assay/scripts/adversary/network"
)

// bodies begins requests that never end: whoever watches a node, and restarts it
// where it does not answer, would restart all.
var bodies = &attack{
	name: "bodies",
	does: "128 requests with bodies that never end wait at the HTTP port of each node but one",
	run: func(ctx context.Context, w *world) error {
		crowd, stop := context.WithCancel(ctx)
		var g sync.WaitGroup
		defer g.Wait()
		defer stop()
		victims := w.Nodes()[1:] // the first is asked for its height meanwhile, in places that are taken
		for _, n := range victims {
			for range 128 {
				g.Go(func() { neverEnds(crowd, n) })
			}
		}
		asked, answered := 0, 0
		for rest(ctx, 10*floodPause) {
			for _, n := range victims {
				for _, path := range []string{"/healthz", "/metrics"} {
					asked++
					if _, err := n.Do(ctx, http.MethodGet, path, nil); err == nil || ctx.Err() != nil {
						answered++
					}
				}
			}
		}
		if answered < asked {
			return fmt.Errorf("%d of %d questions for health and metrics were answered", answered, asked)
		}
		return nil
	},
}

func neverEnds(ctx context.Context, n *network.Node) {
	for ctx.Err() == nil {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", n.HTTP))
		if err != nil {
			if !rest(ctx, 10*floodPause) {
				return
			}
			continue
		}
		ended := context.AfterFunc(ctx, func() { _ = c.Close() })
		_, err = fmt.Fprint(c, "POST /v1/txs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"tx\":\"")
		for err == nil && rest(ctx, 50*floodPause) {
			_, err = fmt.Fprint(c, "0")
		}
		ended()
		_ = c.Close()
	}
}
