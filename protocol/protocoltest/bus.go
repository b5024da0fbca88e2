package protocoltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// topicTx is the topic of ledger transactions, topicAnswer that of answers.
const (
	topicTx     = "tx"
	topicAnswer = "answer"
)

// copied is one copy of a message on its way to one place; to the pool of
// transactions where there is none.
type copied struct {
	due   protocol.Height
	to    *place
	topic string
	raw   []byte
}

// spread makes copies of what the nodes sent, in the order of the nodes.
func (n *Network) spread() {
	for _, from := range n.places {
		if from.port == nil {
			continue
		}
		for _, m := range from.port.sent() {
			if from.cut {
				continue
			}
			if m.topic == topicTx {
				for range n.ways(from) {
					n.send(nil, m)
				}
				continue
			}
			for _, to := range n.places {
				if to != from {
					n.send(to, m)
				}
			}
		}
	}
}

// send puts a copy on its way, or loses it.
func (n *Network) send(to *place, m message) {
	lost := n.rng.IntN(1000) < n.cfg.Loss
	due := n.height + protocol.Height(n.rng.IntN(n.cfg.Delay+1))
	if !lost {
		n.under = append(n.under, copied{due: due, to: to, topic: m.topic, raw: m.raw})
	}
}

// ways returns how many copies of a transaction go to those who make blocks: one,
// or where messages are relayed one for each of them but the sender, whose own pool
// stands for no other. One that arrives is enough.
func (n *Network) ways(from *place) int {
	if !n.cfg.Relay {
		return 1
	}
	ways := 0
	for i := range n.cfg.Cast {
		for _, p := range n.places {
			if p.name == n.cfg.Cast[i].Name && n.cfg.Cast[i].Stake > 0 && p != from && p.running() {
				ways++
			}
		}
	}
	return ways
}

// deliver hands every node the copies that have arrived, and, where messages are
// relayed, what these make others pass on: hops take no time beside a block.
func (n *Network) deliver(ctx context.Context) {
	for n.handOver(ctx) {
		for _, from := range n.places {
			for _, m := range from.passOn {
				for _, to := range n.places {
					if to != from && !to.knows(m, n.height) {
						n.send(to, m)
					}
				}
			}
			from.passOn = nil
		}
	}
}

// seenFor is for how many blocks a node remembers what came.
const seenFor = 64

// knows reports whether a message came to the place already.
func (p *place) knows(m message, now protocol.Height) bool {
	at, ok := p.seen[sha256.Sum256(m.raw)]
	return ok && at+seenFor >= now
}

// remember notes that a message came, and reports whether it is new. Now and then
// it forgets what is too old: to look at all of it for each message took more time
// than the nodes did.
func (p *place) remember(m message, now protocol.Height) bool {
	if p.knows(m, now) {
		return false
	}
	if now >= p.swept+seenFor {
		maps.DeleteFunc(p.seen, func(_ [sha256.Size]byte, at protocol.Height) bool { return at+seenFor < now })
		p.swept = now
	}
	p.seen[sha256.Sum256(m.raw)] = now
	return true
}

// handOver hands every node the copies that have arrived, and reports whether there
// is something to pass on.
func (n *Network) handOver(ctx context.Context) (more bool) {
	inbox := map[*place][]copied{}
	var rest []copied
	for _, c := range n.under {
		switch {
		case c.to == nil || c.due > n.height:
			rest = append(rest, c)
		case c.to.running():
			inbox[c.to] = append(inbox[c.to], c)
		}
	}
	n.under = rest
	_ = n.all(func(p *place) error { // a message that a node does not take is no error of the network
		for _, c := range inbox[p] {
			m := message{c.topic, c.raw}
			if n.cfg.Relay && !p.remember(m, n.height) {
				continue
			}
			if p.node.Message(ctx, c.topic, c.raw) != nil {
				continue
			}
			if c.topic == topicAnswer {
				p.keep(c.raw)
			}
			if n.cfg.Relay {
				p.passOn = append(p.passOn, m)
			}
		}
		return nil
	})
	for _, p := range n.places {
		more = more || len(p.passOn) > 0
	}
	return more
}

// keep notes that the node has an answer.
func (p *place) keep(raw []byte) {
	var e wire.Envelope
	var a wire.Answer
	if wire.Decode(raw, wire.MaxAnswerBytes, &e) == nil && wire.Decode(e.Payload, wire.MaxAnswerBytes, &a) == nil {
		p.kept[a.Key()] = true
	}
}

// evidence asks a node for an answer, if it runs. Loss applies to none: requests
// are repeated until they are answered.
func (n *Network) evidence(holder protocol.PublicKey, k wire.AnswerKey) ([]byte, error) {
	for _, p := range n.places {
		w, ok := p.node.(Witness)
		if ok && p.port.signer.PublicKey() == holder && p.running() && p.kept[k] {
			return w.Evidence(k)
		}
	}
	return nil, nil
}

// pool holds the transactions that wait for a block.
type pool struct {
	waiting []waiting
}

type waiting struct {
	raw    []byte
	hash   protocol.Hash
	signer protocol.PublicKey
	nonce  uint64
	lane   bool // it has no nonce, and stays until a block has it
	since  protocol.Height
}

// poolBlocks is for how many blocks a transaction may wait.
const poolBlocks = 10

// collect takes the transactions that have arrived, of which ledger.CheckTx
// has nothing to say.
func (p *pool) collect(n *Network) {
	var rest []copied
	for _, c := range n.under {
		if c.to != nil || c.due > n.height {
			rest = append(rest, c)
			continue
		}
		if p.has(c.raw) { // another copy
			continue
		}
		if tx, err := ledger.CheckTx(n.tree, n.chain, n.Params(), c.raw); err == nil {
			p.add(waiting{raw: c.raw, hash: tx.Hash(), signer: tx.Signer, nonce: tx.Nonce, lane: tx.Type.Lane(), since: n.height})
		}
	}
	n.under = rest
}

func (p *pool) has(raw []byte) bool {
	return slices.ContainsFunc(p.waiting, func(w waiting) bool { return bytes.Equal(w.raw, raw) })
}

func (p *pool) add(w waiting) {
	for i := range p.waiting {
		if p.waiting[i].hash == w.hash {
			return
		}
	}
	p.waiting = append(p.waiting, w)
}

func (p *pool) raw() [][]byte {
	out := make([][]byte, len(p.waiting))
	for i := range p.waiting {
		out[i] = p.waiting[i].raw
	}
	return out
}

// settle drops what blocks hold, and what waited too long.
func (p *pool) settle(n *Network) {
	var rest []waiting
	for _, w := range p.waiting {
		if w.lane {
			if ledger.RecheckTx(n.tree, n.chain, n.Params(), w.raw) == nil {
				rest = append(rest, w)
			}
			continue
		}
		a, _, err := ledger.ReadAccount(n.tree, w.signer)
		if err == nil && w.nonce >= a.Nonce && w.since+poolBlocks > n.height {
			rest = append(rest, w)
		}
	}
	p.waiting = rest
}

// Tx signs a transaction with an actor's key and puts it into the pool, behind
// the signer's others. The error is why it may not wait there.
func (n *Network) Tx(s Signer, body wire.Body) error {
	a, _, err := ledger.ReadAccount(n.tree, s.PublicKey())
	if err != nil {
		return err
	}
	nonce := a.Nonce
	for i := range n.pool.waiting {
		if w := &n.pool.waiting[i]; w.signer == s.PublicKey() && !w.lane {
			nonce = max(nonce, w.nonce+1)
		}
	}
	tx, err := ledger.NewTx(s, n.chain, &n.Params().Fees, nonce, body)
	if err != nil {
		return err
	}
	raw := wire.Encode(tx)
	if _, err := ledger.CheckTx(n.tree, n.chain, n.Params(), raw); err != nil {
		return err
	}
	n.pool.add(waiting{raw: raw, hash: tx.Hash(), signer: tx.Signer, nonce: nonce, lane: tx.Type.Lane(), since: n.height})
	return nil
}
