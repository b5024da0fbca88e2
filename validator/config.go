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
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// Topics on which a validator publishes.
const (
	TopicCard  = "card"
	TopicPairs = "pairs"
)

// Ledger is what the validator follows: heights that were agreed on, and the
// state at them, which may be read from several goroutines.
type Ledger interface {
	// WaitNext returns the newest height above after, when there is one.
	WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error)
	// At returns the state after the block at height.
	At(ctx context.Context, height protocol.Height) (ledger.Reader, error)
}

// Judge judges answers of one kind, as scoring.Inference does. It is safe for
// concurrent use: answers that wait together are judged by calls at the same
// time.
type Judge interface {
	// Kind is what it judges.
	Kind() protocol.Kind
	// Check returns what it lacks to judge all of its kind that a network pays
	// for, such as a model; nil if nothing.
	Check(p *params.Params) error
	// Judge judges the answer that a hotkey gave to a task. Both bodies passed
	// the checks of the kind's table. An error means that there is no judgement.
	Judge(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error)
	// Body returns what the judge with this hotkey must say on its card beside
	// the finding, of an outcome that Judge gave: any judge's, so that a false
	// card is known. It takes no run, nor what Check asks for.
	Body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error)
}

// Setter is what a validator sets pairs with.
type Setter struct {
	// Chain returns the anchor of the hash chain whose first link serves round
	// start, Link the link for round n of the chain that the ledger has: the same at
	// every call. Makes reports whether that one is the own hotkey's, and not a former
	// one's.
	Chain func(start protocol.Round) (protocol.Hash, error)
	Link  func(c ledger.Chain, n protocol.Round) (protocol.Hash, error)
	Makes func(c ledger.Chain) bool
	// Engine is the network's model.
	Engine pair.Engine
}

// Config assembles a validator. All fields are needed but those marked optional.
type Config struct {
	ChainID string
	Params  *params.Params
	// Hotkey signs cards; its public key finds the seat.
	Hotkey wire.Signer
	// Former is the hotkey in whose place it came: it signs the cards of the epoch in
	// which it judged last. Optional; without it they stay here.
	Former wire.Signer
	// Owner is the coldkey that the hotkey works for: a seat of another's is none.
	// Optional; without it whoever has the seat is the owner.
	Owner protocol.PublicKey
	// Salt is a secret of the hotkey from which the salts of sealed weights follow.
	Salt [32]byte
	// Kinds are those that the program has; they must hold all that the ledger asks.
	Kinds task.Table
	// Judges are one for each kind that the network pays for and whose answers are
	// judged.
	Judges []Judge
	// Reference are judges of another backend, the engine's own in plain Go: what
	// Judges find wrong is challenged, and voted for, only if these find the same.
	// Optional; without it the engine's word counts.
	Reference []Judge
	// Backend is what Judges compute with, as a vote names it. Optional; without it,
	// the kernels of the processor.
	Backend wire.Backends
	// Observe takes no seat: nothing is judged, sealed, set or sent, whatever the
	// ledger says of the hotkey, and Judges are not needed. What public bytes tell of
	// each seat is written down once an epoch, as a validator's scores are: an answer
	// passed where all judges who opened a finding of it say so.
	Observe bool
	// Setter sets pairs for people to rate, and checks those that others set.
	// Optional; without it the validator does neither.
	Setter *Setter

	Ledger Ledger
	Store  record.Store
	// Submit sends a transaction with this body. It may be called again with the
	// same body before the first is in a block, and must then send it once more,
	// not a second one.
	Submit func(ctx context.Context, body wire.Body) error
	// Publish sends signed bytes on a topic of gossip.
	Publish func(ctx context.Context, topic string, raw []byte) error
	// Evidence asks the validator with a hotkey, which attested an answer, for it:
	// its envelope, nil where it has none, an error where it could not be asked.
	// Optional; without it a validator that was away judges less.
	Evidence func(ctx context.Context, holder protocol.PublicKey, k wire.AnswerKey) ([]byte, error)

	// Presence says how well the node takes part now; it is asked at every step.
	// Optional; without it the node is taken to be present from its first step on.
	Presence func() Presence

	// Announce, ConsensusKey and Chain keep the seat's entry on the ledger
	// current; each is optional. The coldkey of what is announced is filled in. Chain
	// returns the anchor of the hash chain whose first link serves start, the same
	// at every call; Makes reports whether the seat's is one of these, and not that of
	// a hotkey before. Without it every chain is.
	Announce     func() wire.Serve
	ConsensusKey func() wire.SetConsensusKey
	Chain        func(start protocol.Height) (protocol.Hash, error)
	Makes        func(c ledger.Chain) bool

	// Unjail says to ask for it by itself where the seat was jailed for silence, once
	// the wait is over.
	Unjail bool

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
		{"Judges", len(c.Judges) == 0 && !c.Observe},
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
	for i := range c.Params.Kinds {
		name := c.Params.Kinds[i].Name
		if _, err := c.Kinds.Of(name); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
		if c.Params.Kinds[i].OnLedger() || c.Observe {
			continue // nobody judges it, or not here
		}
		j := judges(c.Judges).of(name)
		if j == nil {
			return fmt.Errorf("no judge of the kind %s: %w", name, ErrConfig)
		}
		if err := j.Check(c.Params); err != nil {
			return fmt.Errorf("judge of the kind %s: %w: %w", name, ErrConfig, err)
		}
	}
	return nil
}
