package plant

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Links is how many epochs a chain serves: to make it takes a millisecond.
const Links = 4096

// Chain is what the ledger knows of a seat's chain: Link is the newest link that it
// saw, or the anchor, and serves the epoch before Next.
type Chain struct {
	_     struct{}       `cbor:",toarray"`
	Start protocol.Epoch // that the first link serves
	Next  protocol.Epoch // the first whose link was not seen
	Link  protocol.Hash  // zero where there is no chain
}

// linkHash returns H(x) = SHA-256("assay/1/plant/link" ‖ 0 ‖ x).
func linkHash(x protocol.Hash) protocol.Hash { return wire.HashOf("assay/1/plant/link", x[:]) }

// NewChain returns the chain with an anchor, the hash of the link of epoch start.
func NewChain(start protocol.Epoch, anchor protocol.Hash) Chain {
	return Chain{Start: start, Next: start, Link: anchor}
}

// Serves reports whether the chain has a link for epoch e that was not seen.
func (c Chain) Serves(e protocol.Epoch) bool {
	return !c.Link.IsZero() && e >= c.Next && e < c.Start+Links
}

// Open returns the chain after link was shown for epoch e, and whether it serves
// that. It costs at most [Links] hashes.
func (c Chain) Open(e protocol.Epoch, link protocol.Hash) (Chain, bool) {
	if !c.Serves(e) || link.IsZero() {
		return c, false
	}
	x := link
	for range e + 1 - c.Next {
		x = linkHash(x)
	}
	if x != c.Link {
		return c, false
	}
	c.Next, c.Link = e+1, link
	return c, true
}

// Maker holds a seat's own chain. Its seed is a secret until the last link is
// opened. It is safe for concurrent use.
type Maker struct {
	start protocol.Epoch
	links []protocol.Hash // the first is the anchor: link i is links[i+1]
}

// NewMaker computes the chain whose last link is seed and whose first serves epoch
// start.
func NewMaker(seed [32]byte, start protocol.Epoch) *Maker {
	m := &Maker{start: start, links: make([]protocol.Hash, Links+1)}
	x := protocol.Hash(seed)
	for i := Links; i >= 0; i-- {
		m.links[i] = x
		x = linkHash(x)
	}
	return m
}

// Anchor returns what the ledger is told: the hash of the first link.
func (m *Maker) Anchor() protocol.Hash { return m.links[0] }

// Start returns the epoch that the first link serves.
func (m *Maker) Start() protocol.Epoch { return m.start }

// Link returns the link that serves epoch e, false if the chain has none.
func (m *Maker) Link(e protocol.Epoch) (protocol.Hash, bool) {
	if e < m.start || e >= m.start+Links {
		return protocol.Hash{}, false
	}
	return m.links[e-m.start+1], true
}

// Makes reports whether the chain is the one that the ledger has as c.
func (m *Maker) Makes(c Chain) bool {
	if c.Start != m.start || c.Next < m.start || c.Next > m.start+Links {
		return false
	}
	return m.links[c.Next-m.start] == c.Link
}

// Seed returns the last link of the chain that serves from an epoch on, which
// follows from a secret: HMAC-SHA256(secret, "assay/1/plant/seed" ‖ 0 ‖ epoch), the
// epoch in eight bytes, big-endian.
func Seed(secret [32]byte, start protocol.Epoch) (seed [32]byte) {
	h := hmac.New(sha256.New, secret[:])
	_, _ = h.Write(binary.BigEndian.AppendUint64([]byte("assay/1/plant/seed\x00"), uint64(start)))
	copy(seed[:], h.Sum(nil))
	return seed
}
