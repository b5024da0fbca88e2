package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/validator/record"
)

// stateSpace is where consensus keeps the ledger's state in a node's database.
const stateSpace = "state"

// Open opens the database of a stopped validator for reading; Close the result.
// Errors are those of the store, [store.ErrOtherChain] among them.
func Open(dir string, g *ledger.Genesis) (*Stopped, error) {
	db, err := store.Open(dir, store.Options{ReadOnly: true, Logger: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	s := &Stopped{db: db, chain: g.ChainID(), genesis: g}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Stopped is a validator that does not run, as its database has it.
type Stopped struct {
	db      *store.DB
	chain   string
	genesis *ledger.Genesis
	state   *state.State
	archive *consensus.Archive
	work    api.Work
	totals  *node.Totals
	epochs  *node.EpochLog
}

func (s *Stopped) open() error {
	err := s.db.CheckChain(protocol.ShortChainID(s.chain))
	if err != nil {
		return err
	}
	if s.state, err = state.Open(s.db.Space(stateSpace)); err != nil {
		return err
	}
	s.archive = consensus.OpenArchive(s.db)
	if s.totals, err = node.OpenTotals(s.db, &s.genesis.Params); err != nil {
		return err
	}
	if s.epochs, err = node.OpenEpochs(s.db, &s.genesis.Params); err != nil {
		return err
	}
	s.work = Work(&s.genesis.Params, record.NewReader(node.RecordsOf(s.db), s.chain), s)
	return nil
}

// Close closes the database.
func (s *Stopped) Close() error { return s.db.Close() }

// Config returns what a handler that shows the database is made from.
func (s *Stopped) Config(version string) api.Config {
	return api.Config{
		ChainID: s.chain, Params: &s.genesis.Params, Version: version,
		Source: api.Source{Node: s, State: s, Work: s.work},
	}
}

// Status implements [api.Node].
func (s *Stopped) Status(context.Context) (api.Status, error) {
	return api.Status{
		Role: "stopped", Height: s.state.Version(), AppHash: s.state.Hash(),
		Reasons: []string{"the node is not running; this is what its database has"},
	}, nil
}

// State implements [api.State].
func (s *Stopped) State(context.Context) (ledger.Reader, protocol.Height, error) {
	latest := s.state.Latest()
	return latest, latest.Height(), nil
}

// Total implements [api.Totaler].
func (s *Stopped) Total(id protocol.SeatID) (protocol.Amount, protocol.Epoch, bool) {
	sum, since, ok := s.totals.Of(id)
	return sum.Miner, since, ok
}

// StateHash implements [api.State].
func (s *Stopped) StateHash(_ context.Context, h protocol.Height) (protocol.Hash, error) {
	snap, err := s.state.At(h)
	if errors.Is(err, state.ErrVersion) {
		return protocol.Hash{}, fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	if err != nil {
		return protocol.Hash{}, err
	}
	return snap.Hash(), nil
}

// Prove implements [api.Prover].
func (s *Stopped) Prove(_ context.Context, key []byte) (api.Proven, error) {
	return proven(s.archive.Prove(s.state, key))
}

// Origin implements [api.History].
func (s *Stopped) Origin() *ledger.Genesis { return s.genesis }

// Record implements [api.History].
func (s *Stopped) Record(_ context.Context, h protocol.Height) (*audit.Record, error) {
	return recorded(s.archive.Record(h))
}

// BlockTime implements [api.Clock].
func (s *Stopped) BlockTime(_ context.Context, h protocol.Height) (time.Time, error) {
	return timed(s.archive.BlockTime(h))
}

// PastEpochs implements [api.Past].
func (s *Stopped) PastEpochs() (oldest, next protocol.Epoch) { return s.epochs.Range() }

// PastPaid implements [api.Past].
func (s *Stopped) PastPaid(e protocol.Epoch) (ledger.Reader, error) { return s.epochs.Paid(e) }

// PastWeights implements [api.Past].
func (s *Stopped) PastWeights(e protocol.Epoch) (ledger.Reader, error) {
	return s.epochs.Weights(e)
}

// PastBonds implements [api.Past].
func (s *Stopped) PastBonds(e protocol.Epoch) (ledger.Reader, error) { return s.epochs.Bonds(e) }
