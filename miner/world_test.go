package miner_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

const chain = "assay-test-01234567"

// signer signs with a key made from a name.
type signer struct{ key.Private }

func named(t *testing.T, name string) signer {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromBytes(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return signer{k}
}

func (s signer) PublicKey() protocol.PublicKey { return s.Public() }

func (s signer) Sign(domain string, msg []byte) (wire.Signature, error) {
	return s.Private.Sign(domain, msg)
}

// memory is a store in memory; after limit writes all others fail.
type memory struct {
	mu     sync.Mutex
	rows   map[string][]byte // table, zero byte, key
	writes int
	limit  int // 0: none
	// after is called with a copy after each write: a crash there would leave it.
	after func(*memory)
}

var errDisk = errors.New("disk is full")

func newMemory() *memory { return &memory{rows: map[string][]byte{}} }

func (s *memory) Get(table string, key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.rows[table+"\x00"+string(key)]), nil
}

func (s *memory) Write(fn func(put func(string, []byte, []byte))) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && s.writes >= s.limit {
		return errDisk
	}
	s.writes++
	fn(func(table string, key, value []byte) {
		if value == nil {
			delete(s.rows, table+"\x00"+string(key))
			return
		}
		s.rows[table+"\x00"+string(key)] = bytes.Clone(value)
	})
	if s.after != nil {
		s.after(&memory{rows: maps.Clone(s.rows)})
	}
	return nil
}

func (s *memory) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	start := table + "\x00"
	for _, k := range slices.Sorted(maps.Keys(s.rows)) {
		if strings.HasPrefix(k, start+string(prefix)) && !fn([]byte(k[len(start):]), s.rows[k]) {
			break
		}
	}
	return nil
}

// puppet is a model whose answers follow from the prompt.
type puppet struct {
	// hold, if set, is received from before each answer.
	hold chan struct{}
	fail error
}

func (puppet) ID() [32]byte { return params.SmolLM2().ID }

func (puppet) Chat(m []inference.Message) ([]int32, error) {
	return []int32{int32(len(m[0].Content)), int32(len(m[1].Content))}, nil
}

func (p puppet) Generate(ctx context.Context, r engine.Request, _ func(engine.Token)) (engine.Run, error) {
	if p.hold != nil {
		select {
		case <-ctx.Done():
			return engine.Run{}, context.Cause(ctx)
		case <-p.hold:
		}
	}
	if p.fail != nil {
		return engine.Run{}, p.fail
	}
	run := engine.Run{Prompt: r.Prompt, Settings: r.Settings, Binding: r.Binding, Finish: engine.FinishStop}
	for i := range int32(3) {
		run.Output = append(run.Output, r.Prompt[1]+i)
		run.States = append(run.States, sha256.Sum256(r.Settings.Seed[:]))
		run.Leaves = append(run.Leaves, fingerprint.Leaf(r.Binding, int(i), run.Output[i], run.States[i]))
	}
	run.Fingerprint = fingerprint.Root(run.Leaves)
	return run, nil
}

// world is a ledger that the test writes by hand, and what the miner sent.
type world struct {
	t         *testing.T
	p         params.Params
	tree      *ledger.MemTree
	hotkey    signer
	seat      protocol.SeatID
	submitted []wire.Body
	published [][]byte
	peers     int
	next      chan protocol.Height
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, p: params.Local(), tree: new(ledger.MemTree), hotkey: named(t, "miner"), seat: protocol.SeatID{UID: 5, Registered: 3}, peers: 4, next: make(chan protocol.Height)}
	// What is sent is counted: plants_test.go is about plants, trials_test.go about
	// verdicts.
	w.p.Schedule.OpenPlantsBlocks, w.p.Plants, w.p.Verdicts = 0, params.Plants{}, params.Verdicts{}
	w.put(ledger.HotkeyKey(w.hotkey.PublicKey()), w.seat.UID)
	w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Collateral: 10 * protocol.Unit})
	return w
}

func (w *world) put(key []byte, v any) {
	w.t.Helper()
	if err := w.tree.Set(key, wire.Encode(v)); err != nil {
		w.t.Fatal(err)
	}
}

// ask puts the seat on the roster of epoch e with a number of slots.
func (w *world) ask(e protocol.Epoch, slots uint16) {
	w.put(ledger.RosterSeatKey(e, w.seat.UID), &ledger.RosterSeat{
		ID: w.seat, Hotkey: w.hotkey.PublicKey(), Asked: asked(slots),
	})
}

// asked is a number of slots of the one kind.
func asked(slots uint16) []task.Asked {
	return []task.Asked{{Kind: inference.Kind, Slots: slots, Models: []protocol.ModelID{params.SmolLM2().ID}}}
}

// draw puts a round's seed on the ledger.
func (w *world) draw(n protocol.Round) {
	w.put(ledger.RoundKey(n), &ledger.RoundRecord{Round: n, TaskSeed: wire.HashOf("seed", []byte{byte(n)}), TaskHeight: w.p.Schedule.RoundStart(n) + 3})
}

// include puts the newest commitment that was submitted on the ledger.
func (w *world) include(at protocol.Height) *wire.Commit {
	c := w.lastCommit()
	w.put(ledger.CommitKey(c.Round, w.seat.UID), &ledger.CommitRecord{Seat: w.seat, Root: c.Root, Height: at})
	return c
}

func (w *world) commits() (out []*wire.Commit) {
	for _, b := range w.submitted {
		if c, ok := b.(*wire.Commit); ok {
			out = append(out, c)
		}
	}
	return out
}

func (w *world) lastCommit() *wire.Commit {
	w.t.Helper()
	c := w.commits()
	if len(c) == 0 {
		w.t.Fatal("no commitment was submitted")
	}
	return c[len(c)-1]
}

func (w *world) WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	for {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case h := <-w.next:
			if h > after {
				return h, nil
			}
		}
	}
}

// At gives the state without Iterate, as a light reader would.
func (w *world) At(context.Context, protocol.Height) (ledger.Reader, error) {
	return points{w.tree.Clone()}, nil
}

type points struct{ *ledger.MemTree }

func (points) Iterate([]byte, func(_, _ []byte) bool) error {
	return errors.New("a light reader cannot iterate")
}

func (w *world) config(s *memory, m miner.Model) miner.Config {
	return miner.Config{
		ChainID: chain, Kinds: kinds.All(), Params: &w.p, Hotkey: w.hotkey, Salt: [32]byte{1}, Plants: [32]byte{2}, Workers: []miner.Worker{miner.NewInference(1, nil, m)},
		Ledger: w, Store: s,
		Submit: func(_ context.Context, b wire.Body) error { w.submitted = append(w.submitted, b); return nil },
		Publish: func(_ context.Context, topic string, raw []byte) error {
			if topic != miner.TopicAnswer {
				return fmt.Errorf("published on %q", topic)
			}
			w.published = append(w.published, raw)
			return nil
		},
		Peers:  func() int { return w.peers },
		Logger: zerolog.Nop(),
	}
}

func (w *world) miner(s *memory, m miner.Model) *miner.Miner {
	w.t.Helper()
	got, err := miner.New(w.config(s, m))
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) step(m *miner.Miner, h protocol.Height) {
	w.t.Helper()
	if err := m.Step(w.t.Context(), h); err != nil {
		w.t.Fatalf("step at %d: %v", h, err)
	}
}

func (w *world) work(m *miner.Miner) {
	w.t.Helper()
	if err := m.Work(w.t.Context()); err != nil {
		w.t.Fatalf("work: %v", err)
	}
}

// answers opens and checks what was published against the ledger.
func (w *world) answers(n protocol.Round, slots uint16) map[uint16]*wire.Answer {
	w.t.Helper()
	out := map[uint16]*wire.Answer{}
	for _, raw := range w.published {
		s, err := wire.OpenAnswer(raw, chain)
		if err != nil {
			w.t.Fatal(err)
		}
		a := s.Answer
		commit, ok, err := ledger.ReadCommit(w.tree, n, w.seat.UID)
		if err != nil || !ok {
			w.t.Fatalf("no commitment on the ledger: %v", err)
		}
		seeds, _, _ := ledger.ReadRound(w.tree, n)
		asked, err := kinds.All().Derive(&task.Round{
			Chain: chain, Params: &w.p, Number: n, Seat: w.seat, Due: []task.Due{{Asked: asked(slots)[0], Seed: seeds.TaskSeed}},
		}, a.Slot)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := task.CheckOpening(kinds.All(), chain, commit.Root, slots, w.hotkey.PublicKey(), asked, &a); err != nil {
			w.t.Fatal(err)
		}
		out[a.Slot] = &a
	}
	return out
}
