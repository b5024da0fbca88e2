package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/key"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	cases := map[string]func(*gossip.Config){
		"no chain":              func(c *gossip.Config) { c.ChainID = "" },
		"a slash in the chain":  func(c *gossip.Config) { c.ChainID = "a/b" },
		"a long chain":          func(c *gossip.Config) { c.ChainID = strings.Repeat("a", 65) },
		"a short identity":      func(c *gossip.Config) { c.Identity = c.Identity[1:] },
		"a listen address":      func(c *gossip.Config) { c.Listen = []string{"127.0.0.1:80"} },
		"listening by UDP":      func(c *gossip.Config) { c.Listen = []string{"/ip4/127.0.0.1/udp/80"} },
		"bootstrap without id":  func(c *gossip.Config) { c.Bootstrap = []string{"/ip4/127.0.0.1/tcp/80"} },
		"a long address":        func(c *gossip.Config) { c.Bootstrap = []string{strings.Repeat("/ip4/1.2.3.4", 100)} },
		"more degree than room": func(c *gossip.Config) { c.Degree, c.MaxPeers = 10, 5 },
		"a negative pause":      func(c *gossip.Config) { c.Redial = -time.Second },
	}
	for name, spoil := range cases {
		c := config("a")
		spoil(&c)
		if _, err := gossip.New(c); !errors.Is(err, gossip.ErrConfig) {
			t.Errorf("%s: got %v, want ErrConfig", name, err)
		}
	}
}

func TestNewTellsOfMetricsThatAreTaken(t *testing.T) {
	c := config("a")
	c.Registerer = prometheus.NewRegistry()
	if _, err := gossip.New(c); err != nil {
		t.Fatal(err)
	}
	if _, err := gossip.New(c); err == nil {
		t.Error("registered twice without an error")
	}
}

func TestPeerIDFollowsFromTheIdentityKey(t *testing.T) {
	c := config("a")
	h, err := gossip.New(c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := key.FromBytes(identity("a"))
	if err != nil {
		t.Fatal(err)
	}
	if got := gossip.PeerID(p.Public()); got != h.ID() || got == "" {
		t.Errorf("got %q, want the host's id %q", got, h.ID())
	}
	if got := gossip.PeerID(protocol.PublicKey{}); got != "" {
		t.Errorf("no point: got %q, want nothing", got)
	}
}

func TestMethodsSayWhenTheHostIsNotRunning(t *testing.T) {
	h, err := gossip.New(config("a"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		if err := h.Publish(t.Context(), gossip.TopicTx, message(1)); !errors.Is(err, gossip.ErrNotRunning) {
			t.Errorf("%s: publish: got %v", when, err)
		}
		if err := h.Connect(t.Context(), "/ip4/127.0.0.1/tcp/1/p2p/"+h.ID()); !errors.Is(err, gossip.ErrNotRunning) {
			t.Errorf("%s: connect: got %v", when, err)
		}
		if _, err := h.Request(t.Context(), h.ID(), gossip.StreamState, nil); !errors.Is(err, gossip.ErrNotRunning) {
			t.Errorf("%s: request: got %v", when, err)
		}
		if h.Peers() != nil || h.Addrs() != nil {
			t.Errorf("%s: peers or addresses", when)
		}
	}
	check("before")
	r := start(t, h)
	r.stop()
	check("after")
	if err := h.Run(t.Context()); !errors.Is(err, gossip.ErrRunning) {
		t.Errorf("second run: got %v, want ErrRunning", err)
	}
}

func TestRunSaysWhichAddressIsAnotherMachines(t *testing.T) {
	c := config("a")
	const foreign = "/ip4/192.0.2.7/tcp/9661" // TEST-NET-1, which no machine has
	c.Listen = append(c.Listen, foreign)
	h, err := gossip.New(c)
	if err != nil {
		t.Fatal(err)
	}
	err = h.Run(t.Context())
	if !errors.Is(err, gossip.ErrListen) || !errors.Is(err, syscall.EADDRNOTAVAIL) || !strings.Contains(err.Error(), foreign) {
		t.Errorf("got %v, want ErrListen on %s with the reason", err, foreign)
	}
	select {
	case <-h.Ready():
		t.Error("ready although one address is not listened on")
	default:
	}
}

func TestRunSaysWhichAddressIsTaken(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	c := config("a")
	taken := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", l.Addr().(*net.TCPAddr).Port)
	c.Listen = append(c.Listen, taken)
	h, err := gossip.New(c)
	if err != nil {
		t.Fatal(err)
	}
	err = h.Run(t.Context())
	if !errors.Is(err, gossip.ErrListen) || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), taken) {
		t.Errorf("got %v, want ErrListen on %s", err, taken)
	}
}

func TestRunStopsSoonAndLeavesNothingBehind(t *testing.T) {
	eventually(t, "other tests have ended", func() bool { return leftovers() == "" })
	hub := config("hub")
	entered, told := make(chan struct{}, 1), make(chan struct{})
	var ended atomic.Bool
	hub.Handlers.Tx = func(ctx context.Context, _ string, _ []byte) error {
		entered <- struct{}{}
		<-ctx.Done() // until the host stops: no other bound ends it here
		close(told)
		<-time.After(100 * time.Millisecond) // a slow end, which Run waits for
		ended.Store(true)
		return ctx.Err()
	}
	a := launch(t, hub)
	b := launch(t, config("b", a.Addrs()...))
	eventually(t, "connected", func() bool { return listening(b, gossip.TopicTx, 1) })
	if err := b.Publish(t.Context(), gossip.TopicTx, message(1)); err != nil {
		t.Fatal(err)
	}
	<-entered
	addr := a.Addrs()[0]
	a.stop()
	select {
	case <-told:
	default:
		t.Error("the handler was not told to end")
	}
	if !ended.Load() {
		t.Error("run returned while a handler was running")
	}
	b.stop()
	eventually(t, "goroutines have ended:\n"+leftovers(), func() bool { return leftovers() == "" })
	var port int
	if _, err := fmt.Sscanf(addr, "/ip4/127.0.0.1/tcp/%d/", &port); err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
