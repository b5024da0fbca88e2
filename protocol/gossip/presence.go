package gossip

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Whether an identity is in use: a node that starts asks, under an identity that
// nobody knows, those to which it will be connected, and they ask whom they know
// under its own. Two processes of one identity break each other's streams, and
// neither is heard well.

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
		return h.set.key.Sign(presenceText(h.set.ChainID, request[:presenceNonce]))
	}
	s := h.session.Load()
	if s == nil || s.net.Network().Connectedness(id) != network.Connected {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "who is away is not in use"), passTime)
	defer cancel()
	proof, err := h.ask(ctx, s, id, StreamPresence, request)
	if err != nil || len(proof) > maxProof {
		return nil, nil // a connection of who is gone, or who cannot prove it
	}
	return proof, nil
}

// Present reports whether somebody runs under c's identity, whom a bootstrap peer
// of c can ask: who runs signs a nonce, so that a peer can keep silent, and cannot
// say that somebody is there. It takes 3 s at most; where nobody answers, it is
// false. Errors: [ErrConfig], and that of ctx.
func Present(ctx context.Context, c Config) (bool, error) {
	own, err := c.check()
	if err != nil {
		return false, err
	}
	there, err := own.seen(ctx)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return there, err
}

// seen asks all bootstrap peers once, at the same time, as somebody new.
func (s *settings) seen(ctx context.Context) (bool, error) {
	nobody, nonce := make([]byte, 32), make([]byte, presenceNonce)
	rand.Read(nobody) // it never fails
	rand.Read(nonce)
	h, err := New(Config{ChainID: s.ChainID, Identity: nobody})
	if err != nil {
		return false, err
	}
	net, err := h.newNetwork()
	if err != nil {
		return false, err
	}
	defer net.Close() //nolint:errcheck // nothing of it is kept
	ctx, cancel := context.WithTimeout(ctx, presenceTime)
	defer cancel()
	question := append(slices.Clone(nonce), s.id...)
	said := make([]bool, len(s.boot))
	var wg sync.WaitGroup
	for i, b := range s.boot {
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

// proves reports whether proof is the identity's own signature of a nonce.
func (s *settings) proves(nonce, proof []byte) bool {
	if len(proof) == 0 || len(proof) > maxProof {
		return false
	}
	ok, err := s.key.GetPublic().Verify(presenceText(s.ChainID, nonce), proof)
	return err == nil && ok
}
