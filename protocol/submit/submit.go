// Package submit gives a daemon's transactions their nonces: once for each wish,
// however often it is said. The nodes that ship send by it, and so do those of
// protocoltest.
package submit

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Patience is after how many blocks a transaction that is in none of them is
// given up: its nonce, and those behind it, are used again. A block takes
// whatever is valid, so what waits longer was lost or will never be valid.
const Patience = 4

// MaxPending bounds the own transactions that wait at a time; a role sends at
// most a handful an epoch.
const MaxPending = 16

// ErrPending is returned while [MaxPending] own transactions wait.
var ErrPending = errors.New("submit: too many own transactions wait for a block")

// Submitter signs a daemon's transactions with consecutive nonces. Roles look
// at the ledger and say again what is not there yet; the submitter sees to it
// that saying it again does not make a second transaction. Its methods are safe
// for concurrent use.
type Submitter struct {
	signer wire.Signer
	chain  string
	fees   *params.Fees
	next   func(context.Context) (uint64, protocol.Height, error)
	send   func(ctx context.Context, raw []byte, again bool) error

	mu      sync.Mutex
	pending []pendingTx            // ascending nonces, without gaps
	sent    map[protocol.Hash]bool // bytes that were sent, the newest of them
}

// maxSent bounds the memory of what was sent: what falls out of it is sent as
// if it were new.
const maxSent = 4 * MaxPending

type pendingTx struct {
	body  protocol.Hash
	nonce uint64
	sent  protocol.Height
	raw   []byte
}

// New returns a Submitter of a signer's transactions for a chain, of the least
// fees. next returns the signer's next nonce, and the height that it holds at;
// send hands signed bytes to the network, again says that they were sent before.
func New(signer wire.Signer, chain string, fees *params.Fees, next func(context.Context) (uint64, protocol.Height, error),
	send func(ctx context.Context, raw []byte, again bool) error,
) *Submitter {
	return &Submitter{signer: signer, chain: chain, fees: fees, next: next, send: send}
}

// Submit sends body unless the same body waits already; then it is sent again as
// it is. One of a lane takes no nonce, and waits for no other. Errors:
// [ErrPending], and those of next and send.
func (s *Submitter) Submit(ctx context.Context, body wire.Body) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if body.Type().Lane() { // the same bytes, however often it is said
		tx, err := wire.NewTx(s.signer, s.chain, 0, 0, body)
		if err != nil {
			return err
		}
		return s.sendLocked(ctx, wire.Encode(tx))
	}
	next, height, err := s.next(ctx)
	if err != nil {
		return fmt.Errorf("read own nonce: %w", err)
	}
	s.settleLocked(next, height)
	name := wire.HashOf("assay/1/pending", []byte{byte(body.Type())}, wire.Encode(body))
	for _, p := range s.pending {
		if p.body == name {
			return s.sendLocked(ctx, p.raw)
		}
	}
	if len(s.pending) >= MaxPending {
		return ErrPending
	}
	nonce := next + uint64(len(s.pending))
	tx, err := ledger.NewTx(s.signer, s.chain, s.fees, nonce, body)
	if err != nil {
		return err
	}
	raw := wire.Encode(tx)
	if err := s.sendLocked(ctx, raw); err != nil {
		return err
	}
	s.pending = append(s.pending, pendingTx{body: name, nonce: nonce, sent: height, raw: raw})
	return nil
}

// sendLocked sends raw. A body that was given up and said again has the same
// bytes, for signatures are deterministic.
func (s *Submitter) sendLocked(ctx context.Context, raw []byte) error {
	name := wire.HashOf("assay/1/sent", raw)
	if err := s.send(ctx, raw, s.sent[name]); err != nil {
		return err
	}
	if s.sent == nil || len(s.sent) >= maxSent {
		s.sent = map[protocol.Hash]bool{}
	}
	s.sent[name] = true
	return nil
}

// settleLocked forgets what blocks hold, and everything when the oldest has
// waited too long.
func (s *Submitter) settleLocked(next uint64, height protocol.Height) {
	for len(s.pending) > 0 && s.pending[0].nonce < next {
		s.pending = s.pending[1:]
	}
	if len(s.pending) > 0 && (s.pending[0].nonce > next || height > s.pending[0].sent+Patience) {
		s.pending = nil
	}
}
