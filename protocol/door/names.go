package door

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// lookEvery is how often names of the DNS are looked up again: who moves waits as
	// long for the places at its new address.
	lookEvery = time.Minute
	// lookFor is how long one name may take, and looks how many are looked up at once:
	// whoever is named may keep a server that never answers.
	lookFor = 3 * time.Second
	looks   = 16
	// maxFound is how many addresses count of one name.
	maxFound = 4
)

// Names says how many of the hosts that were named are at an address. All methods
// may be used from any goroutine.
type Names struct {
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	changed chan struct{} // capacity 1: there are names to look up

	mu    sync.RWMutex
	hosts map[string]int          // guarded by mu: how often each is named
	found map[string][]netip.Addr // guarded by mu: where names of the DNS are
	at    map[netip.Prefix]int    // guarded by mu: what follows from both
}

// NewNames returns one that nobody is named in.
func NewNames() *Names {
	return &Names{
		changed: make(chan struct{}, 1), found: map[string][]netip.Addr{},
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
}

// Set names hosts, IP addresses or names of the DNS, each as often as there are
// parties at it. It looks nothing up; [Names.Run] does.
func (n *Names) Set(hosts []string) {
	named := make(map[string]int, len(hosts))
	for _, h := range hosts {
		named[h]++
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if maps.Equal(named, n.hosts) {
		return
	}
	n.hosts = named
	maps.DeleteFunc(n.found, func(h string, _ []netip.Addr) bool { return named[h] == 0 })
	n.countLocked()
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// At returns how many are named at an address.
func (n *Names) At(a netip.Addr) int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.at[hostOf(a)]
}

func (n *Names) countLocked() {
	n.at = map[netip.Prefix]int{}
	for h, times := range n.hosts {
		addrs := n.found[h]
		if a, err := netip.ParseAddr(h); err == nil {
			addrs = []netip.Addr{a}
		}
		seen := map[netip.Prefix]bool{}
		for _, a := range addrs {
			if p := hostOf(a); !seen[p] {
				seen[p] = true
				n.at[p] += times
			}
		}
	}
}

// Run looks names up, again and again, until ctx is done; it returns nil then. A
// name that is not found any more counts where it was.
func (n *Names) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		n.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-n.changed:
		case <-tick.C:
		}
	}
}

// look looks up all names of the DNS once.
func (n *Names) look(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(looks)
	for _, h := range n.toLookUp() {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, lookFor)
			defer cancel()
			addrs, err := n.lookup(ctx, h)
			if err != nil || len(addrs) == 0 {
				return nil
			}
			n.mu.Lock()
			defer n.mu.Unlock()
			if n.hosts[h] > 0 {
				n.found[h] = addrs[:min(len(addrs), maxFound)]
				n.countLocked()
			}
			return nil
		})
	}
	_ = group.Wait() // none returns an error
}

func (n *Names) toLookUp() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var out []string
	for h := range n.hosts {
		if _, err := netip.ParseAddr(h); err != nil {
			out = append(out, h)
		}
	}
	return out
}
