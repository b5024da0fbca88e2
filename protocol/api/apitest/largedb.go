package apitest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// Names of what the large network's database has.
const (
	largeState  = "state"
	largeBlocks = "history"
)

// EachLarge is a benchmark of the time that each question takes which a node of the
// large network is asked first of all: its database was opened a moment ago. ready
// makes from such a node what asks it the question called name, and what is to be
// done afterwards; the time of neither counts. Joined is a node that has no blocks.
func EachLarge(b *testing.B, joined bool, names []string, ready func(n *Large, name string) (ask func() error, end func(), err error)) {
	b.Helper()
	n, err := New()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := n.writeLarge(dir, joined); err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				if err := n.askLarge(b, dir, name, ready); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// askLarge opens the database in dir, asks one question, for which alone the timer
// runs, and closes it.
func (n *Network) askLarge(b *testing.B, dir, name string, ready func(*Large, string) (func() error, func(), error)) (err error) {
	db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	st, err := state.Open(db.Space(largeState))
	if err != nil {
		return err
	}
	epochs, err := node.OpenEpochs(db, n.largeParams())
	if err != nil {
		return err
	}
	ask, end, err := ready(&Large{Network: n, Reader: st.Latest(), Blocks: db.Space(largeBlocks), Epochs: epochs}, name)
	if err != nil {
		return err
	}
	defer end()
	b.StartTimer()
	err = ask()
	b.StopTimer()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// writeLarge writes the state of the large network into a new database in dir, and,
// unless the node joined by a snapshot, the records of the blocks that closed
// epochs.
func (n *Network) writeLarge(dir string, joined bool) error {
	db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	err = n.growIn(db, joined)
	return errors.Join(err, db.Close())
}

func (n *Network) growIn(db *store.DB, joined bool) error {
	st, err := state.Open(db.Space(largeState))
	if err != nil {
		return err
	}
	st.Begin(LargeHeight)
	if _, err := ledger.Init(st, n.Genesis); err != nil {
		return err
	}
	if err := n.Grow(st); err != nil {
		return err
	}
	if _, _, err := st.Commit(); err != nil {
		return err
	}
	l, err := node.OpenEpochs(db, n.largeParams())
	if err != nil {
		return err
	}
	if err := l.Add(st.Latest(), LargeHeight); err != nil || joined {
		return err
	}
	return n.closeEpochs(db.Space(largeBlocks))
}

// closeEpochs writes the records of the blocks that closed the epochs of which the
// large network's state has payments.
func (n *Network) closeEpochs(blocks *store.Space) error {
	sched := n.Genesis.Params.Schedule
	now := sched.EpochOf(LargeHeight)
	for e := now - LargeEpochs; e < now; e++ {
		h := sched.EpochEnd(e)
		r := audit.Record{Height: h, Time: int64(h) * 1e9, Proposer: Public("consensus"), StateHash: StateHash(h), Outcome: n.largeOutcome(e)}
		if err := blocks.Set(store.Key(uint64(h)), wire.Encode(&r)); err != nil {
			return err
		}
	}
	return nil
}
