package ledger

import (
	"crypto/sha256"

	"github.com/assaynet/assay/protocol"
)

// ChainLength is how many links a beacon chain has: at one block a second they
// last twelve days, and to make them costs a fraction of a second.
const ChainLength = 1 << 20

// checkpointEvery is the distance of the links that a [ChainMaker] keeps: one
// link costs at most as many hashes, and all checkpoints take 32 KiB.
const checkpointEvery = 1 << 10

// linkHash returns H(x) = SHA-256("assay/1/beacon/link" ‖ 0 ‖ x). It does not
// allocate, for a chain is a million of them.
func linkHash(x protocol.Hash) protocol.Hash {
	const domain = "assay/1/beacon/link\x00"
	var b [len(domain) + len(x)]byte
	copy(b[:], domain)
	copy(b[len(domain):], x[:])
	return sha256.Sum256(b[:])
}

// End returns the first height after the chain's last link.
func (c Chain) End() protocol.Height { return c.Start + ChainLength }

// Serves reports whether the chain has a link for height h that was not yet seen.
// Where it has none, a block of its seat has zeros in the place of the link.
func (c Chain) Serves(h protocol.Height) bool {
	return !c.Link.IsZero() && h >= c.Start+protocol.Height(c.Seen) && h < c.End()
}

// hashed returns how many bytes [Chain.open] hashes at height h.
func (c Chain) hashed(h protocol.Height) uint64 {
	if !c.Serves(h) {
		return 0
	}
	return (uint64(h-c.Start) + 1 - c.Seen) * uint64(len(c.Link))
}

// open returns the chain after link was shown at height h, and whether link
// serves h: so many hashes of it as there are links from the last one seen
// give that one. It costs at most ChainLength hashes.
func (c Chain) open(h protocol.Height, link protocol.Hash) (Chain, bool) {
	if !c.Serves(h) || link.IsZero() {
		return c, false
	}
	seen := uint64(h-c.Start) + 1
	x := link
	for range seen - c.Seen {
		x = linkHash(x)
	}
	if x != c.Link {
		return c, false
	}
	c.Seen, c.Link = seen, link
	return c, true
}

// ChainMaker holds a validator's own beacon chain. Its seed is a secret until
// the last link is opened. Methods may run at the same time.
type ChainMaker struct {
	start  protocol.Height
	anchor protocol.Hash
	// kept[k] is link (k+1)·checkpointEvery − 1.
	kept [ChainLength / checkpointEvery]protocol.Hash
}

// NewChainMaker computes the chain whose last link is seed and whose first
// serves height start. It takes a fraction of a second.
func NewChainMaker(seed [32]byte, start protocol.Height) *ChainMaker {
	m := &ChainMaker{start: start}
	x := protocol.Hash(seed)
	for i := ChainLength - 1; i >= 0; i-- {
		if (i+1)%checkpointEvery == 0 {
			m.kept[i/checkpointEvery] = x
		}
		x = linkHash(x)
	}
	m.anchor = x
	return m
}

// Makes reports whether the chain is the one that the ledger has as c.
func (m *ChainMaker) Makes(c Chain) bool {
	if c.Start != m.start || c.Link.IsZero() {
		return false
	}
	if c.Seen == 0 {
		return c.Link == m.anchor
	}
	link, ok := m.Link(c.Start + protocol.Height(c.Seen) - 1)
	return ok && link == c.Link
}

// Anchor returns what the ledger is told: the hash of the first link.
func (m *ChainMaker) Anchor() protocol.Hash { return m.anchor }

// Start returns the height that the first link serves.
func (m *ChainMaker) Start() protocol.Height { return m.start }

// Link returns the link that serves height h, false if the chain has none.
// Whoever learns it can foretell what its maker adds to the beacon at h.
func (m *ChainMaker) Link(h protocol.Height) (protocol.Hash, bool) {
	if h < m.start || h >= m.start+ChainLength {
		return protocol.Hash{}, false
	}
	i := int(h - m.start)
	x := m.kept[i/checkpointEvery]
	for range checkpointEvery - 1 - i%checkpointEvery {
		x = linkHash(x)
	}
	return x, true
}
