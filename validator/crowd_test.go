package validator_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
)

// second judges the second kind of a crowd, of which nothing is answered.
type second struct{ echo }

func (second) Kind() protocol.Kind { return judgement.Kind }

// newCrowd is a world of so many miners beside the two judges, each asked an answer
// of each of two kinds, who are on the rosters of epochs 2 to 6.
func newCrowd(t testing.TB, seats int) *world {
	w := newWorld(t)
	w.p.Kinds = params.Local().Kinds[:2]
	w.p.Kinds[0].Share, w.p.Kinds[1].Share = params.One/2, params.One/2
	w.p.Seats.Max = 4096
	w.makers = nil
	for e := epoch; e <= epoch+4; e++ {
		w.rosters(e)
		w.drawTasks(protocol.Round(e))
	}
	for i := range seats {
		w.sits(protocol.SeatID{UID: protocol.UID(10 + i), Registered: 1}, epoch, epoch+4)
	}
	return w
}

// sits writes a seat, and that it is on the rosters of some epochs.
func (w *world) sits(id protocol.SeatID, first, last protocol.Epoch) {
	w.t.Helper()
	model := []protocol.ModelID{params.SmolLM2().ID}
	kinds := []task.Asked{{Kind: inference.Kind, Slots: 1, Models: model}, {Kind: judgement.Kind, Slots: 1, Models: model}}
	hotkey := protocol.PublicKey{2, byte(id.UID), byte(id.UID >> 8), byte(id.Registered)}
	w.put(ledger.SeatKey(id.UID), &ledger.Seat{ID: id, Hotkey: hotkey, Coldkey: hotkey})
	for e := first; e <= last; e++ {
		w.put(ledger.RosterSeatKey(e, id.UID), &ledger.RosterSeat{ID: id, Hotkey: hotkey, Asked: kinds})
	}
}

// weigher is a validator that judges both kinds.
func (w *world) weigher(s record.Store, l validator.Ledger) *validator.Validator {
	w.t.Helper()
	cfg := w.config(nil)
	cfg.Store, cfg.Ledger, cfg.Judges = s, l, []validator.Judge{w.judge, second{}}
	v, err := validator.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// leave takes a seat, and its place on the rosters from an epoch on.
func (w *world) leave(uid protocol.UID, from protocol.Epoch) {
	w.t.Helper()
	keys := [][]byte{ledger.SeatKey(uid)}
	for ; from <= epoch+4; from++ {
		keys = append(keys, ledger.RosterSeatKey(from, uid))
	}
	for _, k := range keys {
		if err := w.tree.Remove(k); err != nil {
			w.t.Fatal(err)
		}
	}
}

// What is read ahead of a seal changes no byte of what is written and sent: of
// seats that stay, that another bought, that left and were paid, and that left
// with nothing; of rows that were sealed one epoch before, and two.
// The hashes are over all that a validator kept and the seals that it sent when
// every hotkey was looked up for itself, and nothing was read before it was
// needed; which steps there are decides when an epoch is closed.
func TestReadingAheadOfASealChangesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		ahead protocol.Height
		wrote string
	}{
		"nothing": {0, "a109de5f718fe792a0c684957597eb1e0053f0d2d5e2ca437618323efdc98201"},
		"a block": {1, "220ee19f49e03934870c67503571289acc847441688aa6bf66e30ede4f64f080"},
		"all":     {19, "67ed656c1eced86d4be1c4e74fc14c71e75f1da29a6dae925547c05e00e449fc"},
	} {
		t.Run(name, func(t *testing.T) {
			w, store := newCrowd(t, 40), newMemory()
			v := w.weigher(store, w)
			steps := func(to protocol.Height) {
				for h := to - test.ahead; h <= to; h++ {
					w.step(v, h)
				}
			}
			steps(sealFrom)
			w.sits(protocol.SeatID{UID: 12, Registered: 70}, weighed+1, weighed+1)
			w.sits(protocol.SeatID{UID: 13, Registered: 70}, 1, 0)
			w.leave(14, weighed+1)
			w.put(ledger.PaymentKey(weighed+1, 14), &ledger.Payment{Seat: protocol.SeatID{UID: 14, Registered: 1}, Hotkey: protocol.PublicKey{3, 14}})
			w.leave(15, weighed+1)
			steps(sealFrom + 20)
			steps(sealFrom + 60)
			h := sha256.New()
			for _, k := range slices.Sorted(maps.Keys(store.rows)) {
				_, _ = fmt.Fprintf(h, "%d %s %d %s ", len(k), k, len(store.rows[k]), store.rows[k])
			}
			for _, b := range sent[*wire.CommitWeights](w) {
				_, _ = h.Write(wire.Encode(b))
			}
			if got := hex.EncodeToString(h.Sum(nil)); got != test.wrote {
				t.Errorf("%d rows and %d transactions have the hash %s, want %s", len(store.rows), len(w.submitted), got, test.wrote)
			}
		})
	}
}

// counting counts how often a ledger is asked for seats on rosters.
type counting struct {
	*world
	asked *int
}

func (c counting) At(context.Context, protocol.Height) (ledger.Reader, error) {
	return counter{c.tree.Clone(), c.asked}, nil
}

type counter struct {
	ledger.Reader
	asked *int
}

func (c counter) count(key []byte) {
	if bytes.HasPrefix(key, ledger.RosterSeatPrefix(0)[:1]) {
		*c.asked++
	}
}

func (c counter) Get(key []byte) ([]byte, error) {
	c.count(key)
	return c.Reader.Get(key)
}

func (c counter) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	c.count(prefix)
	return c.Reader.Iterate(prefix, fn)
}

// Two rosters are read, each in one walk: three blocks before the seal, or with it
// where the step there was left out, or read for an epoch that was never sealed.
func TestRostersAreReadAheadOfASeal(t *testing.T) {
	for name, test := range map[string]struct {
		before       []protocol.Height
		ahead, after int // how often they are read
	}{
		"three blocks before":     {[]protocol.Height{sealFrom + 17, sealFrom + 18}, 2, 0},
		"with the seal":           {[]protocol.Height{sealFrom + 16}, 0, 2},
		"of the epoch before":     {[]protocol.Height{sealFrom - 3}, 2, 2},
		"and sealed in the epoch": {[]protocol.Height{sealFrom - 3, sealFrom}, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w, asked := newCrowd(t, 40), 0
			v := w.weigher(newMemory(), counting{w, &asked})
			for _, h := range test.before {
				w.step(v, h)
			}
			if asked != test.ahead {
				t.Errorf("rosters are read %d times before, want %d", asked, test.ahead)
			}
			asked, w.submitted = 0, nil
			w.step(v, sealFrom+20)
			if asked != test.after {
				t.Errorf("rosters are read %d times with the seal, want %d", asked, test.after)
			}
			if got := sent[*wire.CommitWeights](w); len(got) != 1 || got[0].Epoch != weighed+1 {
				t.Errorf("sealed %+v", got)
			}
		})
	}
}

// frozen is a ledger that stays.
type frozen struct {
	*world
	reader ledger.Reader
}

func (f frozen) At(context.Context, protocol.Height) (ledger.Reader, error) { return f.reader, nil }

// BenchmarkSealOfAFull is the step in which a validator makes its weights and seals
// them, of 4,086 miners who are asked two answers each and give none, and who were
// there in the epoch before: over the Merkle tree as a node has it, and a database
// without a disk. The step before it has been made.
func BenchmarkSealOfAFull(b *testing.B) {
	w := newCrowd(b, 4086)
	r := stateOf(b, w.tree)
	for b.Loop() {
		b.StopTimer()
		db, err := store.Open("db", store.Options{FS: storetest.Memory()})
		if err != nil {
			b.Fatal(err)
		}
		v := w.weigher(node.RecordsOf(db), frozen{w, r})
		w.step(v, sealFrom)
		w.step(v, sealFrom+19)
		w.submitted = nil
		b.StartTimer()
		w.step(v, sealFrom+20)
		b.StopTimer()
		if got := sent[*wire.CommitWeights](w); len(got) != 1 {
			b.Fatalf("sealed %d times", len(got))
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// stateOf returns what is in a tree in memory as a node has it.
func stateOf(t testing.TB, from *ledger.MemTree) ledger.Reader {
	t.Helper()
	db := storetest.Open(t, storetest.Memory(), "ledger")
	s, err := state.Open(db.Space("state"))
	if err != nil {
		t.Fatal(err)
	}
	if err := from.Iterate(nil, func(key, value []byte) bool {
		err = s.Set(key, value)
		return err == nil
	}); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	return s.Latest()
}
