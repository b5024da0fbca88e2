package miner

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
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

// Model is what the miner needs of an engine with one model.
type Model interface {
	ID() [32]byte
	// Chat renders a conversation, with the beginning of the model's turn.
	Chat(messages []inference.Message) ([]int32, error)
	// Generate answers a prompt; it stops within one token when ctx ends.
	Generate(ctx context.Context, r engine.Request, onToken func(engine.Token)) (engine.Run, error)
}

// FromEngine returns the miner's view of an open model.
func FromEngine(m *engine.Model) Model { return opened{m} }

type opened struct{ *engine.Model }

func (o opened) Chat(messages []inference.Message) ([]int32, error) {
	list := make([]tokenizer.Message, len(messages))
	for i, m := range messages {
		list[i] = tokenizer.Message{Role: m.Role, Content: m.Content}
	}
	return o.Tokenizer().Chat(list)
}

// Config assembles a miner. All fields are needed but those marked optional.
type Config struct {
	ChainID string
	Params  *params.Params
	// Hotkey signs answers; its public key finds the seat.
	Hotkey wire.Signer
	// Salt is a secret of the hotkey from which the salts of sealed answers
	// follow: who knows it can guess sealed answers.
	Salt [32]byte
	// Kinds are those that the program has; they must hold all that the ledger asks.
	Kinds task.Table
	// Models that the seat serves.
	Models []Model
	// Announce returns what the ledger shall say of the seat: models, capacity,
	// addresses, identity with its signature. Asked at every height; optional.
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
		"Kinds": len(c.Kinds) == 0, "Models": len(c.Models) == 0, "Ledger": c.Ledger == nil, "Store": c.Store == nil,
		"Submit": c.Submit == nil, "Publish": c.Publish == nil,
	}
	for _, field := range []string{"ChainID", "Params", "Hotkey", "Salt", "Kinds", "Models", "Ledger", "Store", "Submit", "Publish"} {
		if missing[field] {
			return fmt.Errorf("%s is not set: %w", field, ErrConfig)
		}
	}
	if err := c.Params.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	for _, m := range c.Models {
		if id := protocol.ModelID(m.ID()); !paid(c.Params, id) {
			return fmt.Errorf("model %s: this network does not pay for it: %w", id.Short(), ErrConfig)
		}
	}
	if c.Peers == nil {
		c.Peers = func() int { return 1 }
	}
	return nil
}

func paid(p *params.Params, id protocol.ModelID) bool { _, ok := p.Class(id); return ok }
