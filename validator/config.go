package validator

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// TopicCard is the topic on which cards are published.
const TopicCard = "card"

// Ledger is what the validator follows: heights that were agreed on, and the
// state at them, which may be read from several goroutines.
type Ledger interface {
	// WaitNext returns the newest height above after, when there is one.
	WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error)
	// At returns the state after the block at height.
	At(ctx context.Context, height protocol.Height) (ledger.Reader, error)
}

// Store keeps the validator's records: named tables.
type Store interface {
	// Get returns a value, nil when there is none.
	Get(table string, key []byte) ([]byte, error)
	// Write applies all puts made by fn at once, and returns when they are
	// durable. A nil value deletes the key.
	Write(fn func(put func(table string, key, value []byte))) error
	// Scan calls fn for every key of table that begins with prefix, in the order
	// of the bytes, until fn returns false. The store must not be called meanwhile.
	Scan(table string, prefix []byte, fn func(key, value []byte) bool) error
}

// Judge judges answers: scoring.Judge. Answers that wait together are judged by
// calls at the same time, so that the engine computes them as one batch; each
// call's context names the answer's hotkey as the engine's caller.
type Judge interface {
	Has(id protocol.ModelID) bool
	Judge(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error)
}

// Config assembles a validator. All fields are needed but those marked optional.
type Config struct {
	ChainID string
	Params  *params.Params
	// Hotkey signs cards; its public key finds the seat.
	Hotkey wire.Signer
	// Salt is a secret of the hotkey from which the salts of sealed weights follow.
	Salt [32]byte
	// Kinds are those that the program has; they must hold all that the ledger asks.
	Kinds task.Table
	Judge Judge

	Ledger Ledger
	Store  Store
	// Submit sends a transaction with this body. It may be called again with the
	// same body before the first is in a block, and must then send it once more,
	// not a second one.
	Submit func(ctx context.Context, body wire.Body) error
	// Publish sends signed bytes on a topic of gossip.
	Publish func(ctx context.Context, topic string, raw []byte) error
	// Evidence asks peers for an opened answer that did not arrive: its envelope,
	// nil when those that were asked have none, an error when none could be
	// asked. Optional; without it a validator that was away judges less.
	Evidence func(ctx context.Context, k wire.AnswerKey) ([]byte, error)

	// Presence says how well the node takes part now; it is asked at every step.
	// Optional; without it the node is taken to be present from its first step on.
	Presence func() Presence

	// Announce, ConsensusKey and Chain keep the seat's entry on the ledger
	// current; each is optional. Chain returns the anchor of the hash chain
	// whose first link serves start, the same at every call.
	Announce     func() wire.Serve
	ConsensusKey func() wire.SetConsensusKey
	Chain        func(start protocol.Height) (protocol.Hash, error)

	Logger  zerolog.Logger
	Metrics prometheus.Registerer // optional
}

func (c *Config) check() error {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"ChainID", c.ChainID == ""},
		{"Params", c.Params == nil},
		{"Hotkey", c.Hotkey == nil},
		{"Salt", c.Salt == [32]byte{}},
		{"Kinds", len(c.Kinds) == 0},
		{"Judge", c.Judge == nil},
		{"Ledger", c.Ledger == nil},
		{"Store", c.Store == nil},
		{"Submit", c.Submit == nil},
		{"Publish", c.Publish == nil},
	} {
		if f.missing {
			return fmt.Errorf("%s is not set: %w", f.name, ErrConfig)
		}
	}
	if err := c.Params.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for _, m := range c.Params.Tasks.Models {
		if !c.Judge.Has(m.ID) {
			return fmt.Errorf("model %s (%s), which the network pays for, is not loaded: %w", m.Name, m.ID.Short(), ErrConfig)
		}
	}
	return nil
}
