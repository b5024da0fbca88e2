package gossip

import (
	"errors"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/assaynet/assay/protocol/door"
)

// A source is where an address came from. A higher one is trusted more: it
// replaces the addresses of a lower one.
type source uint8

const (
	sourceTable     source = iota + 1 // named by a peer of the hash table
	sourceLocal                       // found on the local network
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
	// maxFound bounds what peers may name, maxFoundOfNetwork what they may of one
	// network (a /24, a /48 of IPv6) that is no local one.
	maxFound, maxFoundOfNetwork = 64, 4
	// foundTries is how often one that was named is dialled in vain.
	foundTries = 3
	// maxDoublings ends the growth of the pause: 64 s with the default second.
	maxDoublings = 6
	// settled is how long a connection must last until its failures are
	// forgotten; one that ends sooner is a failure itself.
	settled = 30 * time.Second
)

// foundDials are the dials of those that peers named: ten at once, and twenty a
// minute. Who names addresses may want others to be dialled.
var foundDials = allowance{burst: 10, perSecond: 20.0 / 60}

// book knows whom to dial, and when.
//
// Invariant: a peer with failures > 0 is not dialled before next.
type book struct {
	self   peer.ID
	redial time.Duration

	mu    sync.Mutex
	peers map[peer.ID]*entry // guarded by mu
	found meter[source]      // dials of those that peers named
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
	if src == sourceTable {
		b.addFoundLocked(e, info)
		return
	}
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

// addFoundLocked notes one that a peer named. What is known of it already is
// believed before that, unless it has failed. One that has failed makes room.
func (b *book) addFoundLocked(e *entry, info *peer.AddrInfo) {
	if e != nil {
		if e.source == sourceTable && e.lastErr != "" {
			e.info = *info // its failures stay, and its pause
		}
		return
	}
	of, local := networkOfAddrs(info)
	all, same, failed := 0, 0, peer.ID("")
	for id, other := range b.peers {
		if other.source != sourceTable {
			continue
		}
		all++
		if n, _ := networkOfAddrs(&other.info); n == of {
			same++
		}
		if other.lastErr != "" && !other.dialing {
			failed = id
		}
	}
	switch {
	case !local && same >= maxFoundOfNetwork, all >= maxFound && failed == "":
		return
	case all >= maxFound:
		delete(b.peers, failed)
	}
	b.peers[info.ID] = &entry{source: sourceTable, info: *info}
}

// networkOfAddrs returns the network of a peer's first address, and whether it is a
// local one.
func networkOfAddrs(info *peer.AddrInfo) (n netip.Prefix, local bool) {
	end, ok := endOf(info.Addrs[0])
	if !ok {
		return netip.Prefix{}, false
	}
	return door.Network(end.Addr()), slices.ContainsFunc(localNetworks, func(p netip.Prefix) bool { return p.Contains(end.Addr()) })
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
// who dials us is not chosen by us, and counts for nothing; nor is who was found by
// what peers say, so that it takes nobody's place. Which others is left to chance:
// nodes that all choose the same ones would overrun them. Where too few are known,
// those that were found fill up to degree.
func (b *book) due(now time.Time, connected func(peer.ID) bool, dialled, degree, atMost int) []peer.AddrInfo {
	b.mu.Lock()
	defer b.mu.Unlock()
	var boot, rest, found []*entry
	room := degree - dialled // less those on their way
	strangers := 0           // of those that were found, here or on their way
	for id, e := range b.peers {
		switch here := connected(id); {
		case here || e.dialing && e.source == sourceTable:
			if here {
				b.settleLocked(e, now)
			}
			if e.source == sourceTable {
				strangers++
			}
		case e.dialing:
			room--
		case now.Before(e.next):
			e.since = time.Time{}
		case e.source == sourceBootstrap:
			boot = append(boot, e)
		case e.source == sourceTable:
			found = append(found, e)
		default:
			rest = append(rest, e)
		}
	}
	rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	chosen := append(boot, rest[:min(len(rest), max(0, room-len(boot)))]...)
	for _, e := range found { // in the order of a map, which is by chance
		if len(chosen) >= min(room-strangers, atMost) || !b.found.take(sourceTable, foundDials, 1, now) {
			break
		}
		chosen = append(chosen, e)
	}
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
	if e.source == sourceTable { // whose failure says nothing to the operator
		if err != nil && (e.failures >= foundTries || foreign != nil) {
			delete(b.peers, id)
		}
		return false
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

// chosen returns how many of some peers were not found by what others say.
func (b *book) chosen(of map[peer.ID]bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(of)
	for id := range of {
		if e := b.peers[id]; e != nil && e.source == sourceTable {
			n--
		}
	}
	return n
}

// named reports whether the config, the ledger or the local network names a peer.
func (b *book) named(id peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.peers[id]
	return e != nil && e.source != sourceTable
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
