package gossip

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/assaynet/assay/protocol"
)

// An identity costs nothing, so that a limit for each peer alone bounds nobody who
// makes many. What costs is a seat. So the identities that seats are bound to are
// one class, all others another, and each stream has places of its own for each
// class: whatever strangers do, on whatever stream, the places of the seated are
// for the seated.

// class is one of the two kinds of peers that requests are served for.
type class uint8

const (
	seated  class = iota // its identity is bound to a seat
	unknown              // anybody
	classes              // how many there are
)

// quota bounds what is served side by side: of one peer, and of all of a class.
type quota struct{ peer, all int }

// quotas are those of each class, on one stream. A request in work can hold a
// response of up to [MaxResponse]; one that waits holds nothing but its stream, so
// that there are more places for those, and outside of the others.
type quotas [classes]quota

var (
	workQuotas = quotas{seated: {peer: 8, all: 128}, unknown: {peer: 4, all: 32}}
	pollQuotas = quotas{seated: {peer: 4, all: 1024}, unknown: {peer: 4, all: 256}}
)

// budgets are how many bytes of requests and responses one peer is served, on all
// streams together. A light reader uses some 100 KiB a block, also that of a miner
// without a seat yet; a judge that was away fetches answers of up to 1 MiB.
var budgets = [classes]allowance{
	seated:  {burst: 64 << 20, perSecond: 8 << 20},
	unknown: {burst: 2 << 20, perSecond: 256 << 10},
}

// crowds are how many bytes all peers of a class are served together: a proof costs
// work, too, and who is unknown can be many. Proofs of 64 keys, some 70 KiB, took
// all processors for seconds where strangers had 32 MiB at once, and miners showed
// their answers too late. Those who have seats pay for them, and are bounded by
// their number.
var crowds = [classes]allowance{
	seated:  {burst: 1 << 40, perSecond: 1 << 40},
	unknown: {burst: 4 << 20, perSecond: 512 << 10},
}

// service is a stream that is served, and its places.
type service struct {
	name  string
	fn    serve
	waits func(request []byte) bool // nil: none does
	reads readings
	work  places
	polls places
	// seldom holds what each peer may still ask; nil: it may ask at any rate.
	seldom *meter[peer.ID]
}

// places counts the requests that are being served.
type places struct {
	limits *quotas

	mu  sync.Mutex
	by  map[peer.ID]int // guarded by mu; no entry for zero
	all [classes]int    // guarded by mu
}

// take returns what gives a place back, to be called once; nil where there is none
// for one more request of id.
func (p *places) take(id peer.ID, c class) (give func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.limits[c]; p.all[c] >= q.all || p.by[id] >= q.peer {
		return nil
	}
	if p.by == nil {
		p.by = map[peer.ID]int{}
	}
	p.all[c]++
	p.by[id]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all[c]--
		if p.by[id]--; p.by[id] == 0 {
			delete(p.by, id)
		}
	}
}

// classOf returns the class of a connected peer.
func (h *Host) classOf(id peer.ID) class {
	if h.set.Seated == nil {
		return unknown
	}
	if k, ok := identityOf(id); ok && h.set.Seated(k) {
		return seated
	}
	return unknown
}

// identityOf returns the identity key that a peer id is made of; false where it is
// of another kind of key, which no seat has.
func identityOf(id peer.ID) (protocol.PublicKey, bool) {
	pub, err := id.ExtractPublicKey()
	if err != nil {
		return protocol.PublicKey{}, false
	}
	if _, ok := pub.(*crypto.Secp256k1PublicKey); !ok {
		return protocol.PublicKey{}, false
	}
	raw, err := pub.Raw()
	if err != nil || len(raw) != len(protocol.PublicKey{}) {
		return protocol.PublicKey{}, false
	}
	return protocol.PublicKey(raw), true
}
