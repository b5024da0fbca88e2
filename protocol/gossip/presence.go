package gossip

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// Whether an identity is in use: a node that starts asks, under an identity that
// nobody knows, those to which it will be connected, and they ask whom they know
// under its own. Two processes of one identity break each other's streams, and
// neither is heard well.
//
// A node that runs asks on: its peers, a few at a time. A peer puts the question to
// the process that it is connected to, this one or another; who runs knows which
// nonces it signed itself, so that a signature of a nonce that it did not sign is
// another's, and shows that there is one.

const (
	// presenceTime bounds one question, the dial included: who does not answer is no
	// reason to wait. passTime bounds what a peer that is asked waits for another.
	presenceTime = 3 * time.Second
	passTime     = 2 * time.Second
	// presenceNonce is the length of what is signed, in bytes, presenceDomain what goes
	// before it.
	presenceNonce  = 32
	presenceDomain = "assay/1/presence\x00"
	// maxPresence bounds a question: a nonce and a peer id. maxProof bounds a
	// signature.
	maxPresence = presenceNonce + 128
	maxProof    = 128
	// maxKnown bounds whom a question goes to beside the bootstrap peers; askedAtOnce
	// is how many peers a running host asks each time, each in its turn.
	maxKnown    = 16
	askedAtOnce = 3
)

// presenceText is what an identity signs to show that it is in use.
func presenceText(chain string, nonce []byte) []byte {
	return append([]byte(presenceDomain+chain+"\x00"), nonce...)
}

// present answers a question, a nonce and then a peer id: with a signature, if the
// id is the host's own; with what the peer of that id answers, if one is connected;
// and else with nothing.
func (h *Host) present(ctx context.Context, _ string, request []byte) ([]byte, error) {
	if len(request) <= presenceNonce || len(request) > maxPresence {
		return nil, fmt.Errorf("a nonce and a peer id in %d bytes: %w", len(request), ErrRefused)
	}
	id, err := peer.IDFromBytes(request[presenceNonce:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if id == h.set.id {
		h.signing.note(request[:presenceNonce])
		return h.set.key.Sign(presenceText(h.set.ChainID, request[:presenceNonce]))
	}
	s := h.session.Load()
	if s == nil || s.net.Network().Connectedness(id) != network.Connected {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "who is away is not in use"), h.set.times.pass)
	defer cancel()
	proof, err := h.ask(ctx, s, id, StreamPresence, request)
	if err != nil || len(proof) > maxProof {
		return nil, nil // a connection of who is gone, or who cannot prove it
	}
	return proof, nil
}

// Present reports whether somebody runs under c's identity, where it can be asked:
// at c's own addresses (those of Listen and Announce that name a machine and a
// port, and those of Bootstrap and known that are its own), at the other bootstrap
// peers, and at the first 16 of known, the seats that a ledger knows. Who runs
// signs a nonce, so that a peer can keep silent, and cannot say that somebody is
// there. It takes 3 s at most; where nobody answers, it is false. Errors:
// [ErrConfig], and that of ctx.
func Present(ctx context.Context, c Config, known ...Addr) (bool, error) {
	own, err := c.check()
	if err != nil {
		return false, err
	}
	there, err := own.seen(ctx, known)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return there, err
}

// seen asks all who can be asked once, at the same time, as somebody new.
func (s *settings) seen(ctx context.Context, known []Addr) (bool, error) {
	asked := s.asked(known)
	if len(asked) == 0 {
		return false, nil
	}
	nobody, nonce := make([]byte, 32), newNonce()
	rand.Read(nobody) // it never fails
	h, err := New(Config{ChainID: s.ChainID, Identity: nobody})
	if err != nil {
		return false, err
	}
	net, err := h.newNetwork()
	if err != nil {
		return false, err
	}
	defer net.Close() //nolint:errcheck // nothing of it is kept
	ctx, cancel := context.WithTimeout(ctx, s.times.presence)
	defer cancel()
	question := append(slices.Clone(nonce), s.id...)
	said := make([]bool, len(asked))
	var wg sync.WaitGroup
	for i, b := range asked {
		wg.Go(func() {
			if net.Connect(ctx, *b) != nil {
				return
			}
			proof, err := h.ask(ctx, &session{net: net}, b.ID, StreamPresence, question)
			said[i] = err == nil && s.proves(nonce, proof)
		})
	}
	wg.Wait()
	return slices.Contains(said, true), nil
}

// asked returns whom a start asks: the bootstrap peers, the first of known, and the
// identity itself at all addresses that are said to be its own.
func (s *settings) asked(known []Addr) []*peer.AddrInfo {
	out := slices.Clone(s.boot)
	self := &peer.AddrInfo{ID: s.id, Addrs: slices.Clone(s.own)}
	for _, a := range slices.Concat(s.listen, s.announce) {
		if namesPlace(a) {
			self.Addrs = appendNew(self.Addrs, []ma.Multiaddr{a})
		}
	}
	for _, k := range known[:min(len(known), maxKnown)] {
		switch info, err := k.resolve(); {
		case err != nil: // it dials, and is not dialled
		case info.ID == s.id:
			self.Addrs = appendNew(self.Addrs, info.Addrs)
		default:
			out = append(out, info)
		}
	}
	if len(self.Addrs) > 0 {
		out = append(out, self)
	}
	return out
}

// namesPlace reports whether an address says of one machine and one port, and not
// of all that there are.
func namesPlace(a ma.Multiaddr) bool {
	if port, err := a.ValueForProtocol(ma.P_TCP); err != nil || port == "0" {
		return false
	}
	return !manet.IsIPUnspecified(a)
}

// newNonce returns what nobody has signed.
func newNonce() []byte {
	nonce := make([]byte, presenceNonce)
	rand.Read(nonce) // it never fails
	return nonce
}

// ownProofs knows which of the nonces of a host that are out it signed itself.
// Its methods may be used from any goroutine.
type ownProofs struct {
	mu  sync.Mutex
	out map[[presenceNonce]byte]bool // guarded by mu; by nonce, whether it was signed here
}

// note is told of a nonce before it is signed.
func (o *ownProofs) note(nonce []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, out := o.out[[presenceNonce]byte(nonce)]; out {
		o.out[[presenceNonce]byte(nonce)] = true
	}
}

// begin has a nonce watched until the function is called that it returns, which
// reports whether it was signed here.
func (o *ownProofs) begin(nonce []byte) (end func() bool) {
	k := [presenceNonce]byte(nonce)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.out == nil {
		o.out = map[[presenceNonce]byte]bool{}
	}
	o.out[k] = false
	return func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		defer delete(o.out, k)
		return o.out[k]
	}
}

// twinLoop asks peers until ctx is done whether another process has the identity.
// It returns [ErrElsewhere] if so and [Config.Alone] is set.
func (h *Host) twinLoop(ctx context.Context, s *session) error {
	t := time.NewTicker(h.set.watch.twin)
	defer t.Stop()
	for turn := 0; ; turn++ {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if !h.twin(ctx, s, turn) {
			continue
		}
		if h.set.Alone {
			return ErrElsewhere
		}
		h.tellTwin(s)
	}
}

// twin asks the peers whose turn it is, and reports whether one of them showed a
// signature of the own identity that this host did not make.
func (h *Host) twin(ctx context.Context, s *session, turn int) bool {
	peers := slices.Sorted(maps.Keys(h.chainPeers(s)))
	for i := range min(askedAtOnce, len(peers)) {
		if h.showsTwin(ctx, s, peers[(turn*askedAtOnce+i)%len(peers)]) {
			return true
		}
	}
	return false
}

// showsTwin puts the question to one peer.
func (h *Host) showsTwin(ctx context.Context, s *session, id peer.ID) bool {
	nonce := newNonce()
	end := h.signing.begin(nonce)
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "who is away is not asked"), presenceTime)
	defer cancel()
	proof, err := h.ask(ctx, s, id, StreamPresence, append(slices.Clone(nonce), h.set.id...))
	mine := end()
	return err == nil && !mine && h.set.proves(nonce, proof)
}

// tellTwin has [Host.Elsewhere] say so for some minutes, and the log once.
func (h *Host) tellTwin(s *session) {
	w := s.watch
	w.mu.Lock()
	was := w.elsewhere
	w.shown, w.elsewhere = time.Now(), true
	w.mu.Unlock()
	if !was {
		h.set.Logger.Warn().Str("peer_id", h.ID()).Msg(elsewhereText)
	}
}

// proves reports whether proof is the identity's own signature of a nonce.
func (s *settings) proves(nonce, proof []byte) bool {
	if len(proof) == 0 || len(proof) > maxProof {
		return false
	}
	ok, err := s.key.GetPublic().Verify(presenceText(s.ChainID, nonce), proof)
	return err == nil && ok
}
