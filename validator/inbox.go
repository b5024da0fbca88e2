package validator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// inbox checks what comes from peers, answers and cards, and writes what it takes.
// It may be used from many goroutines and has no lock of its own: each message is
// checked and written under the view that was the newest when it came (views), and
// of two copies that come at one moment one has the claim to its slot.
type inbox struct {
	*base
	views  *views
	draws  *draws
	early  *early
	queue  *queue
	board  *board
	claims claims
	// holding is that of the round of which an answer was fetched last, complete. It
	// is the worker's own.
	holding *ledger.Holding
}

// onAnswer takes an answer from gossip, or holds it where it is early.
func (i *inbox) onAnswer(raw []byte) error {
	err := i.takeAnswer(raw, false)
	i.metrics.message("answer", err)
	if errors.Is(err, ErrEarly) {
		return i.early.hold(raw, wire.DomainAnswer, err)
	}
	return err
}

// onCard takes a card from gossip, or holds it where it is early.
func (i *inbox) onCard(raw []byte) error {
	err := i.takeCard(raw)
	i.metrics.message("card", err)
	if errors.Is(err, ErrEarly) {
		return i.early.hold(raw, wire.DomainCard, err)
	}
	return err
}

// retryEarly looks again at what came early.
func (i *inbox) retryEarly() error {
	var errs []error
	for _, m := range i.early.takeAll() {
		var err error
		topic := "card"
		if m.domain == wire.DomainAnswer {
			topic, err = "answer", i.takeAnswer(m.raw, false)
		} else {
			err = i.takeCard(m.raw)
		}
		i.metrics.message(topic, err)
		switch {
		case errors.Is(err, record.ErrStore):
			errs = append(errs, err)
		case errors.Is(err, ErrEarly):
			i.early.again(m)
		}
	}
	return errors.Join(errs...)
}

// askFor bounds how long one holder is asked: one that hangs must not keep an
// answer from who asks the next.
const askFor = 2 * time.Second

// fetch asks those who attested an answer for it, in random order, until one gives
// what opens the commitment: what a liar gives is not taken, and the next is asked.
// Where nobody gives it now, the next step asks again.
func (i *inbox) fetch(ctx context.Context, k wire.AnswerKey) error {
	now := i.views.newest()
	if i.holding == nil || i.holding.Round != k.Round {
		h, err := ledger.ReadHolding(now, i.cfg.ChainID, i.cfg.Params, k.Round)
		if err != nil {
			return err
		}
		i.holding = h
	}
	holders := i.holding.Of(k)
	rand.Shuffle(len(holders), func(a, b int) { holders[a], holders[b] = holders[b], holders[a] })
	var failed error
	for _, h := range holders {
		if h == i.self {
			continue // an older copy of the database has less than was attested
		}
		raw, err := i.askHolder(ctx, h, k)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if raw != nil {
			err = i.takeAnswer(raw, true)
			i.metrics.message("evidence", err)
		}
		if errors.Is(err, record.ErrStore) {
			return err
		}
		if known, err := i.book.Answer(k); err != nil || known != nil {
			return err
		}
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("ask for slot %d of seat %d in round %d: %w", k.Slot, k.UID, k.Round, failed)
	}
	return nil
}

// askHolder asks one holder, for a short time.
func (i *inbox) askHolder(ctx context.Context, hotkey protocol.PublicKey, k wire.AnswerKey) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	return i.cfg.Evidence(ctx, hotkey, k)
}

// inWindow refuses an envelope whose height is too far from ours.
func (i *inbox) inWindow(head, signed protocol.Height, evidence bool) error {
	w := protocol.Height(i.cfg.Params.Gossip.ReplayWindow)
	if signed > head+w || (head > signed+w && !evidence) {
		return fmt.Errorf("signed at height %d, now %d: %w", signed, head, ErrWindow)
	}
	return nil
}
