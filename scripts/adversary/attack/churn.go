package main

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// churn makes nodes begin handshakes: a connection, some bytes, and gone.
var churn = &attack{
	name: "churn",
	does: "thirty-two callers connect to all ports, say rubbish and hang up, again and again",
	run: func(ctx context.Context, w *world) error {
		var ports []int
		for _, n := range w.Nodes() {
			ports = append(ports, n.P2P)
			if n.Validator {
				ports = append(ports, n.Consensus)
			}
		}
		var g sync.WaitGroup
		for i := range 32 {
			g.Go(func() {
				from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 101, byte(1+i))}}
				for n := i; rest(ctx, floodPause); n++ {
					c, err := from.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", ports[n%len(ports)]))
					if err != nil {
						continue
					}
					if b, err := noise(64); err == nil {
						_, _ = c.Write(b) // it may be closed already
					}
					_ = c.Close()
				}
			})
		}
		g.Wait()
		return nil
	},
}
