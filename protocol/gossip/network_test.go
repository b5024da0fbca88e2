package gossip_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol/gossip"
)

// patience is how long a test waits for what takes milliseconds: only what never
// comes takes as long, on a machine that is busy with much else, too.
const patience = 3 * time.Minute

// eventually looks at cond until it holds. Where it does not, it tells what was
// seen.
func eventually(t *testing.T, what string, cond func() bool, seen ...func() string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			for _, say := range seen {
				t.Log(say())
			}
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// identity returns a scalar that follows from a name.
func identity(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

// config is that of a host named name on loopback.
func config(name string, bootstrap ...string) gossip.Config {
	return gossip.Config{
		ChainID:   "test-chain",
		Identity:  identity(name),
		Listen:    []string{"/ip4/127.0.0.1/tcp/0"},
		Bootstrap: bootstrap,
		Redial:    20 * time.Millisecond,
	}
}

// running is a host that runs until the test ends or stop is called.
type running struct {
	*gossip.Host
	registry *prometheus.Registry
	stop     func()
}

func start(t *testing.T, h *gossip.Host) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("run: %v", err)
				}
			case <-time.After(patience):
				t.Errorf("run has not returned within %s", patience)
			}
		})
	}
	t.Cleanup(stop)
	select {
	case <-h.Ready():
	case err := <-done:
		t.Fatalf("run: %v", err)
	}
	return running{h, nil, stop}
}

func launch(t *testing.T, c gossip.Config) running {
	t.Helper()
	return launchWith(t, c, func(*gossip.Host) {})
}

// launchWith launches a host that set has changed before.
func launchWith(t *testing.T, c gossip.Config, set func(*gossip.Host)) running {
	t.Helper()
	registry := prometheus.NewRegistry()
	c.Registerer = registry
	h, err := gossip.NewPatient(c)
	if err != nil {
		t.Fatal(err)
	}
	set(h)
	r := start(t, h)
	r.registry = registry
	return r
}

// inbox is a handler that remembers what it was given.
type inbox struct {
	mu   sync.Mutex
	got  [][]byte
	from []string
	err  error
}

func (b *inbox) handle(_ context.Context, from string, raw []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, bytes.Clone(raw))
	b.from = append(b.from, from)
	return b.err
}

func (b *inbox) count(raw []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, g := range b.got {
		if bytes.Equal(g, raw) {
			n++
		}
	}
	return n
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.got)
}

// listening reports whether h knows n peers that listen to topic.
func listening(h running, topic gossip.Topic, n int) bool {
	for _, p := range h.Peers() {
		if slices.Contains(p.Topics, topic) {
			n--
		}
	}
	return n <= 0
}

// meshed reports whether h and n peers pass messages of topic on to each other.
func meshed(h running, topic gossip.Topic, n int) bool {
	for _, p := range h.Peers() {
		if slices.Contains(p.Mesh, topic) {
			n--
		}
	}
	return n <= 0
}

// pair is a sender and a receiver whose answer handler is in.
func pair(t *testing.T, in *inbox) (sender, receiver running) {
	t.Helper()
	c := config("receiver")
	c.Handlers.Answer = in.handle
	receiver = launch(t, c)
	sender = launch(t, config("sender", receiver.Addrs()...))
	eventually(t, "sender knows the receiver", func() bool { return listening(sender, gossip.TopicAnswer, 1) })
	return sender, receiver
}

func score(h running, id string) (float64, bool) {
	for _, p := range h.Peers() {
		if p.ID == id {
			return p.Score, true
		}
	}
	return 0, false
}

// counted returns a counter of h, by the end of its name and the values of its
// labels, in the order of the labels' names; 0 when it was never counted.
func counted(t *testing.T, h running, name string, labels ...string) int {
	t.Helper()
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "assay_gossip_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if slices.Equal(values, labels) {
				return int(m.GetCounter().GetValue() + m.GetGauge().GetValue()) // a metric is one of the two
			}
		}
	}
	return 0
}

// leftovers returns the goroutines that run libp2p's or this package's code,
// but for tests.
func leftovers() string {
	buf := make([]byte, 4<<20)
	var out []string
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		ours := strings.Contains(g, "libp2p") || strings.Contains(g, "protocol/gossip.")
		if ours && !strings.Contains(g, "gossip_test.") {
			out = append(out, g)
		}
	}
	return strings.Join(out, "\n\n")
}

func message(i int) []byte { return fmt.Appendf(nil, "message %d", i) }
