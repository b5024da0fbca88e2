package miner

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
)

// TopicAnswer is the topic on which openings are published.
const TopicAnswer = "answer"

// Ledger is what the miner follows: heights that were verified, and the state
// at them. A reader need not support Iterate.
type Ledger interface {
	// WaitNext returns the newest height above after, when there is one.
	WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error)
	// At returns the state after the block at height.
	At(ctx context.Context, height protocol.Height) (ledger.Reader, error)
}

// Store keeps the miner's records: named tables of keys that begin with an
// epoch or round, eight bytes big-endian.
type Store interface {
	// Get returns a value, nil when there is none.
	Get(table string, key []byte) ([]byte, error)
	// Write applies all puts made by fn at once, and returns when they are
	// durable. A nil value deletes the key.
	Write(fn func(put func(table string, key, value []byte))) error
	// Scan calls fn for every key of table that begins with prefix, in the order
	// of the bytes, until fn returns false.
	Scan(table string, prefix []byte, fn func(key, value []byte) bool) error
}

// Worker answers tasks of one kind, as [Inference] does.
type Worker interface {
	// Offer is what the seat announces of the kind: its name, how many answers
	// it can give in a round, and with which models, none where it needs none. It
	// is the same at every call.
	Offer() wire.Offer
	// Answer returns the body of the answer to a task of the kind, in the name
	// of a hotkey. It is called in the round in which the task falls due, also
	// where the kind's tasks are set some rounds before. It returns soon after
	// ctx ends. [ErrStopped] says that the worker answers nothing any more,
	// [ErrLater] that there is no answer yet; any other error leaves this one slot
	// empty.
	Answer(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey) ([]byte, error)
}

// Follower is a [Worker] that is shown the ledger, at every height and before it is
// asked for answers, because its tasks do not say all. The reader proves single
// keys only.
type Follower interface {
	Worker
	Follow(ctx context.Context, r ledger.Reader, head protocol.Height, seat protocol.SeatID) error
	// OnPairs takes what a setter published for people to rate.
	OnPairs(raw []byte) error
}

// SealMargin is how many blocks before the deadline a round is sealed with the
// answers that there are: one for the way, one for a full block, one for a reader
// that lags. Who answers with [ErrLater] must answer before.
const SealMargin = 3

// Config assembles a miner. All fields are needed but those marked optional.
type Config struct {
	ChainID string
	Params  *params.Params
	// Hotkey signs answers; its public key finds the seat.
	Hotkey wire.Signer
	// Owner is the coldkey that the hotkey works for: a seat of another's is none.
	// Optional; without it whoever has the seat is the owner.
	Owner protocol.PublicKey
	// Salt is a secret of the hotkey from which the salts of sealed answers
	// follow: who knows it can guess sealed answers.
	Salt [32]byte
	// Plants is a secret of the hotkey from which the links of planted answers follow.
	// Needed where the network plants.
	Plants [32]byte
	// Kinds are those that the program has; they must hold all that the ledger
	// asks.
	Kinds task.Table
	// Workers are one for each kind that the seat offers.
	Workers []Worker
	// Announce returns what the ledger shall say of the seat: models, capacity,
	// addresses, identity with its signature; the coldkey is filled in. Asked at
	// every height; optional.
	Announce func() wire.Serve

	Ledger Ledger
	Store  Store
	// Submit sends a transaction with this body. It may be called again with the
	// same body before the first is in a block, and must then send it once more,
	// not a second one.
	Submit func(ctx context.Context, body wire.Body) error
	// Publish sends signed bytes on a topic of gossip.
	Publish func(ctx context.Context, topic string, raw []byte) error
	// Peers returns how many peers are connected; optional.
	Peers func() int

	Logger  zerolog.Logger
	Metrics prometheus.Registerer // optional
}

func (c *Config) check() error {
	missing := map[string]bool{
		"ChainID": c.ChainID == "", "Params": c.Params == nil, "Hotkey": c.Hotkey == nil, "Salt": c.Salt == [32]byte{},
		"Kinds": len(c.Kinds) == 0, "Workers": len(c.Workers) == 0, "Ledger": c.Ledger == nil, "Store": c.Store == nil,
		"Submit": c.Submit == nil, "Publish": c.Publish == nil,
		"Plants": c.Params != nil && c.Params.Plants.Rate > 0 && c.Plants == [32]byte{},
	}
	for _, field := range []string{"ChainID", "Params", "Hotkey", "Salt", "Kinds", "Workers", "Ledger", "Store", "Submit", "Publish", "Plants"} {
		if missing[field] {
			return fmt.Errorf("%s is not set: %w", field, ErrConfig)
		}
	}
	if err := c.Params.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := c.Kinds.CheckParams(c.Params); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for _, w := range c.Workers {
		if err := c.checkOffer(w.Offer()); err != nil {
			return err
		}
	}
	if c.Peers == nil {
		c.Peers = func() int { return 1 }
	}
	return nil
}

// checkOffer refuses an offer that the network has no use for.
func (c *Config) checkOffer(o wire.Offer) error {
	if _, err := c.Kinds.Of(o.Kind); err != nil {
		return fmt.Errorf("%w: worker: %w", ErrConfig, err)
	}
	k := c.Params.Kind(o.Kind)
	if k == nil {
		return fmt.Errorf("kind %s: this network does not have it: %w", o.Kind, ErrConfig)
	}
	for _, id := range o.Models {
		if _, paid := k.Class(id); !paid {
			return fmt.Errorf("model %s: this network does not pay for it: %w", id.Short(), ErrConfig)
		}
	}
	return nil
}
