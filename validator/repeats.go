package validator

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Own cards are published when their root is open, and again every other block for
// peers that missed them, a few times: each time by a new envelope, which gossip
// does not take for the old one.
const (
	repeatEvery = 2
	repeatMost  = 4
)

type repetition struct {
	times int
	last  protocol.Height
}

// repeats publishes own cards that are in the store, and knows how often each was.
type repeats struct {
	*base
	mu   sync.Mutex
	sent map[wire.AnswerKey]repetition // guarded by mu
}

// publish sends an own card, signed by the hotkey that judged, unless it was sent
// lately.
func (p *repeats) publish(ctx context.Context, by wire.Signer, head protocol.Height, c *wire.Card) error {
	if !p.due(c.Key(), head) {
		return nil
	}
	raw, err := p.seal(by, c, head)
	if err != nil {
		return err
	}
	if err := p.cfg.Publish(ctx, TopicCard, raw); err != nil {
		return fmt.Errorf("publish a card of round %d: %w", c.Round, err)
	}
	return nil
}

// due reports whether a card is to be sent, and counts that it is.
func (p *repeats) due(k wire.AnswerKey, head protocol.Height) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.sent[k]
	due := r.times == 0 || (r.times < repeatMost && head >= r.last+repeatEvery)
	if due {
		p.sent[k] = repetition{r.times + 1, head}
	}
	return due
}

// seal signs a card at a height.
func (p *repeats) seal(by wire.Signer, c *wire.Card, head protocol.Height) ([]byte, error) {
	e, err := wire.Seal(by, wire.DomainCard, p.cfg.ChainID, head, wire.Encode(c))
	if err != nil {
		return nil, err
	}
	return wire.Encode(e), nil
}

// forget drops what is remembered of rounds before first.
func (p *repeats) forget(first protocol.Round) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.sent, func(k wire.AnswerKey, _ repetition) bool { return k.Round < first })
}
