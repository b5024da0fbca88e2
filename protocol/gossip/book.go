package gossip

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// A source is where an address came from. A higher one is trusted more: it
// replaces the addresses of a lower one.
type source uint8

const (
	sourceLocal     source = iota + 1 // found by a discovery
	sourceLedger                      // announced by Serve
	sourceBootstrap                   // from the config: always dialled
)

// Limits of a book.
const (
	// maxLedgerPeers is the most seats of any network.
	maxLedgerPeers = 4096
	// maxLocalPeers bounds what a discovery may add: anyone on the local
	// network can shout.
	maxLocalPeers = 64
	// maxDoublings ends the growth of the pause: 64 s with the default second.
	maxDoublings = 6
	// settled is how long a connection must last until its failures are
	// forgotten; one that ends sooner is a failure itself.
	settled = 30 * time.Second
)

// book knows whom to dial, and when.
//
// Invariant: a peer with failures > 0 is not dialled before next.
type book struct {
	self   peer.ID
	redial time.Duration

	mu    sync.Mutex
	peers map[peer.ID]*entry // guarded by mu
}

type entry struct {
	info     peer.AddrInfo
	source   source
	failures int       // dials since the last connection that lasted
	next     time.Time // not dialled before
	since    time.Time // first seen connected; zero when not connected
	dialing  bool
	lastErr  string
	chain    string // that it was of when it was reached last, "" for ours
}

func newBook(self peer.ID, redial time.Duration) *book {
	return &book{self: self, redial: redial, peers: map[peer.ID]*entry{}}
}

// add notes the addresses of a peer.
func (b *book) add(src source, info *peer.AddrInfo) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addLocked(src, info)
}

func (b *book) addLocked(src source, info *peer.AddrInfo) {
	if info.ID == b.self {
		return
	}
	e, known := b.peers[info.ID]
	switch {
	case known && e.source > src:
		return
	case known && e.source == sourceBootstrap:
		// One peer may stand in the config with several addresses.
		e.info.Addrs = appendNew(e.info.Addrs, info.Addrs)
		return
	case known && e.source == src && slices.EqualFunc(e.info.Addrs, info.Addrs, ma.Multiaddr.Equal):
		return
	case known: // moved: worth a try at once
		e.source, e.info, e.failures, e.next = src, *info, 0, time.Time{}
		return
	}
	if b.countLocked(src) < limitOf(src) {
		b.peers[info.ID] = &entry{source: src, info: *info}
	}
}

// setLedger makes infos the only peers that the ledger announces.
func (b *book) setLedger(infos []*peer.AddrInfo) {
	b.mu.Lock()
	defer b.mu.Unlock()
	keep := map[peer.ID]bool{}
	for _, i := range infos {
		keep[i.ID] = true
	}
	maps.DeleteFunc(b.peers, func(id peer.ID, e *entry) bool { return e.source == sourceLedger && !keep[id] })
	for _, i := range infos {
		b.addLocked(sourceLedger, i)
	}
}

// due returns the peers to dial now and marks them as being dialled: every
// bootstrap peer that is away, and others while fewer than degree were dialled:
// who dials us is not chosen by us, and counts for nothing. Which others is left
// to chance: nodes that all choose the same ones would overrun them.
func (b *book) due(now time.Time, connected func(peer.ID) bool, dialled, degree, atMost int) []peer.AddrInfo {
	b.mu.Lock()
	defer b.mu.Unlock()
	var boot, rest []*entry
	room := degree - dialled // less those on their way
	for id, e := range b.peers {
		switch {
		case connected(id):
			b.settleLocked(e, now)
		case e.dialing:
			room--
		case now.Before(e.next):
			e.since = time.Time{}
		case e.source == sourceBootstrap:
			boot = append(boot, e)
		default:
			rest = append(rest, e)
		}
	}
	rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	chosen := append(boot, rest[:min(len(rest), max(0, room-len(boot)))]...)
	var out []peer.AddrInfo
	for _, e := range chosen[:min(len(chosen), atMost)] {
		e.since, e.dialing = time.Time{}, true
		out = append(out, e.info)
	}
	return out
}

func (b *book) settleLocked(e *entry, now time.Time) {
	if e.since.IsZero() {
		e.since = now
	}
	if now.Sub(e.since) >= settled { // none of another chain stays so long
		e.failures, e.next, e.chain = 0, time.Time{}, ""
	}
	e.lastErr = ""
}

// dialled notes how a dial ended; it reports whether it is the first of a row
// that failed, and so worth a line in the log.
func (b *book) dialled(id peer.ID, now time.Time, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.peers[id]
	if e == nil {
		return false
	}
	e.dialing = false
	pause := b.redial << min(e.failures, maxDoublings)
	e.next = now.Add(pause*3/4 + rand.N(pause/2+1)) // spread: a restarted peer is not dialled by all at once
	e.failures++
	first := err != nil && e.lastErr == ""
	e.lastErr = ""
	if err != nil {
		e.lastErr = err.Error()
	}
	var foreign *foreignError
	switch {
	case err == nil:
		e.chain = ""
	case errors.As(err, &foreign): // one that is away may still be of it
		e.chain = foreign.chain
	}
	return first
}

// bootstrap returns the entries of the config.
func (b *book) bootstrap() []Bootstrap {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Bootstrap
	for id, e := range b.peers {
		if e.source == sourceBootstrap {
			out = append(out, Bootstrap{ID: id.String(), Addrs: texts(e.info.Addrs), LastError: e.lastErr, OtherChain: e.chain})
		}
	}
	slices.SortFunc(out, func(x, y Bootstrap) int { return compareText(x.ID, y.ID) })
	return out
}

// of returns what is known of a peer.
func (b *book) of(id peer.ID) (peer.AddrInfo, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.peers[id]
	if !ok {
		return peer.AddrInfo{}, false
	}
	return e.info, true
}

func (b *book) countLocked(src source) int {
	n := 0
	for _, e := range b.peers {
		if e.source == src {
			n++
		}
	}
	return n
}

func limitOf(src source) int {
	if src == sourceLocal {
		return maxLocalPeers
	}
	return maxLedgerPeers
}

func appendNew(have, more []ma.Multiaddr) []ma.Multiaddr {
	for _, m := range more {
		if !slices.ContainsFunc(have, m.Equal) {
			have = append(have, m)
		}
	}
	return have
}
