package simtest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

var seed = flag.Uint64("seed", 1, "of everything that is left to chance")

// The model that the networks pay for, and the same with altered weights.
var honest, altered *engine.Model

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withModels(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// tiny is as small as a model can be: a run takes a millisecond or two. With
// this seed it hardly ever stops by itself, so that all answers are of one
// length and equal work can be compared.
var tiny = enginetest.Options{Seed: 2, Width: 32, Layers: 1, Heads: 2, KVHeads: 1, FFN: 32, Context: 512}

func withModels(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "simtest")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path, other := filepath.Join(dir, "tiny.gguf"), filepath.Join(dir, "altered.gguf")
	if err := enginetest.Write(path, tiny); err != nil {
		return 1, err
	}
	if err := enginetest.Alter(path, other, 0); err != nil {
		return 1, err
	}
	ctx := context.Background()
	if honest, err = engine.Open(ctx, path, engine.Config{Threads: 1}); err != nil {
		return 1, err
	}
	defer func() { _ = honest.Close() }()
	if altered, err = engine.Open(ctx, other, engine.Config{Threads: 1}); err != nil {
		return 1, err
	}
	defer func() { _ = altered.Close() }()
	return m.Run(), nil
}

// stage is a network with the nodes of a story.
type stage struct {
	*testing.T
	*protocoltest.Network
	model      *engine.Model
	stores     map[string]*protocoltest.Store
	validators map[string]*validator.Validator
	miners     map[string]*miner.Miner
	ports      map[string]*protocoltest.Port
	kinds      task.Table
	judges     []validator.Judge // of the kinds that do not ship
	deaf       bool              // miners are handed no messages
	// refused counts why validators did not take messages, forged those cards that
	// are not what their judge opened.
	mu      sync.Mutex
	refused map[validator.Reason]int
	forged  int
}

// The usual cast: four validators of equal stake, and three miners that can
// give one answer a round. Stories add to it.
var (
	judges = []string{"vera", "viktor", "violet", "vincent"}
	miners = []string{"ada", "bob", "cleo"}
)

const stake = 100 * protocol.Unit

func cast(more ...protocoltest.Actor) []protocoltest.Actor {
	var list []protocoltest.Actor
	for _, name := range judges {
		list = append(list, protocoltest.Actor{Name: name, Stake: stake})
	}
	for _, name := range miners {
		list = append(list, protocoltest.Actor{Name: name, Capacity: 1})
	}
	return append(list, more...)
}

// network opens a stage with honest nodes for all who have a seat.
func network(t *testing.T, more ...protocoltest.Actor) *stage {
	t.Helper()
	return open(t, honest, protocoltest.Config{Cast: cast(more...)})
}

func open(t *testing.T, model *engine.Model, cfg protocoltest.Config) *stage {
	t.Helper()
	return openSeed(t, model, *seed, cfg)
}

func openSeed(t *testing.T, model *engine.Model, seed uint64, cfg protocoltest.Config) *stage {
	t.Helper()
	return openKinds(t, model, seed, cfg, kinds.All())
}

// openKinds opens a stage whose programs have these kinds, with judges of those
// that do not ship.
func openKinds(t *testing.T, model *engine.Model, seed uint64, cfg protocoltest.Config, table task.Table, judges ...validator.Judge) *stage {
	t.Helper()
	cfg.Seed = seed
	t.Logf("seed %d", cfg.Seed)
	if cfg.Params.Name == "" {
		cfg.Params = protocoltest.Params(model.ID())
	}
	n, err := protocoltest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{
		T: t, Network: n, model: model, kinds: table, judges: judges, stores: map[string]*protocoltest.Store{},
		validators: map[string]*validator.Validator{}, miners: map[string]*miner.Miner{}, ports: map[string]*protocoltest.Port{}, refused: map[validator.Reason]int{},
	}
	for _, a := range cfg.Cast {
		switch {
		case a.Stake > 0:
			s.validator(a.Name)
		case a.Capacity > 0:
			s.miner(a.Name)
		}
	}
	return s
}

func (s *stage) store(name string) *protocoltest.Store {
	if s.stores[name] == nil {
		s.stores[name] = protocoltest.NewStore()
	}
	return s.stores[name]
}

// miner gives an actor the shipped miner, with its config changed by tweaks.
func (s *stage) miner(name string, tweaks ...func(*miner.Config)) {
	s.Helper()
	s.minerAt(name, s.LightPort(name), tweaks...)
}

func (s *stage) minerAt(name string, port *protocoltest.Port, tweaks ...func(*miner.Config)) {
	s.Helper()
	cfg := miner.Config{
		ChainID: s.ChainID(), Kinds: s.kinds, Params: s.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1}, Plants: protocoltest.PlantSecret(name),
		Workers: []miner.Worker{miner.NewInference(1, nil, bridge.Model{Model: s.model})},
		Ledger:  port, Store: s.store(name), Submit: port.Submit, Publish: port.Publish, Logger: zerolog.Nop(),
	}
	for _, tweak := range tweaks {
		tweak(&cfg)
	}
	m, err := miner.New(cfg)
	if err != nil {
		s.Fatal(err)
	}
	s.miners[name], s.ports[name] = m, port
	if s.deaf {
		s.Attach(name, port, deafNode{m})
		return
	}
	s.Attach(name, port, minerNode{m})
}

// validator gives an actor the shipped validator, with its config changed by
// tweaks.
func (s *stage) validator(name string, tweaks ...func(*validator.Config)) {
	s.Helper()
	s.validatorAt(name, s.Port(name), tweaks...)
}

func (s *stage) validatorAt(name string, port *protocoltest.Port, tweaks ...func(*validator.Config)) {
	s.Helper()
	cfg := validator.Config{
		ChainID: s.ChainID(), Kinds: s.kinds, Params: s.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1},
		Judges: append([]validator.Judge{scoring.NewInference(bridge.Model{Model: s.model})}, s.judges...),
		Ledger: port, Store: s.store(name), Submit: port.Submit, Publish: port.Publish, Evidence: port.Evidence,
		Chain: func(start protocol.Height) (protocol.Hash, error) {
			return protocoltest.Chain(name, start).Anchor(), nil
		},
		Logger: zerolog.Nop(),
	}
	for _, tweak := range tweaks {
		tweak(&cfg)
	}
	v, err := validator.New(cfg)
	if err != nil {
		s.Fatal(err)
	}
	s.validators[name], s.ports[name] = v, port
	s.Attach(name, port, validatorNode{v, s})
}

// play makes blocks up to the end of an epoch.
func (s *stage) play(e protocol.Epoch) {
	s.Helper()
	if err := s.Epochs(s.Context(), e); err != nil {
		s.Fatal(err)
	}
}

// until makes blocks up to a height.
func (s *stage) until(h protocol.Height) {
	s.Helper()
	if err := s.Until(s.Context(), h); err != nil {
		s.Fatal(err)
	}
}

// join registers a seat for an actor, and attaches a miner that announces it.
func (s *stage) join(name, owner string, capacity uint16, tweaks ...func(*miner.Config)) {
	s.Helper()
	tweaks = append(tweaks, func(c *miner.Config) {
		c.Announce = func() wire.Serve { return *s.serve(name, capacity) }
	})
	s.miner(name, tweaks...)
	s.buy(name, owner)
}

// buy buys a seat for an actor, and puts up collateral.
func (s *stage) buy(name, owner string) {
	s.Helper()
	body, err := s.Register(name, owner)
	if err != nil {
		s.Fatal(err)
	}
	s.tx(protocoltest.Cold(owner), body)
	if each := s.Params().Seats.Collateral; each > 0 {
		s.tx(protocoltest.Cold(owner), &wire.AddCollateral{Hotkey: protocoltest.Named(name).PublicKey(), Amount: 4 * each})
	}
}

// block makes one block.
func (s *stage) block() {
	s.Helper()
	if _, err := s.Block(s.Context()); err != nil {
		s.Fatal(err)
	}
}

type minerNode struct{ *miner.Miner }

func (m minerNode) Message(_ context.Context, topic string, raw []byte) error {
	switch topic {
	case validator.TopicCard:
		return m.OnCard(raw)
	case validator.TopicPairs:
		return m.OnPairs(raw)
	}
	return nil
}

// deafNode is a miner that is handed no message.
type deafNode struct{ *miner.Miner }

func (deafNode) Message(context.Context, string, []byte) error { return nil }

type validatorNode struct {
	*validator.Validator
	stage *stage
}

func (v validatorNode) Message(ctx context.Context, topic string, raw []byte) (err error) {
	switch topic {
	case validator.TopicCard:
		err = v.OnCard(ctx, raw)
	case validator.TopicPairs:
		err = v.OnPairs(ctx, raw)
	default:
		err = v.OnAnswer(ctx, raw)
	}
	v.stage.mu.Lock()
	defer v.stage.mu.Unlock()
	if kind, ok := errors.AsType[validator.Reason](err); ok {
		v.stage.refused[kind]++
	}
	if errors.Is(err, wire.ErrOtherCard) {
		v.stage.forged++
	}
	return err
}

// findings counts what the judges' cards say of an actor's answers, as the
// first validator knows them, over all rounds before the newest.
func (s *stage) findings(name string) map[wire.Finding]int {
	s.Helper()
	seat := s.Payment(name, s.lastEpoch()).Seat
	out := map[wire.Finding]int{}
	for n := range s.Params().Schedule.RoundOf(s.Height()) {
		cards, err := s.validators[judges[0]].CardsOf(n)
		if err != nil {
			s.Fatal(err)
		}
		for i := range cards {
			if c := &cards[i].Said; c.Seat == seat {
				out[c.Finding]++
			}
		}
	}
	return out
}

// lastEpoch is the newest epoch that was paid.
func (s *stage) lastEpoch() protocol.Epoch {
	return s.Params().Schedule.EpochOf(s.Height()+1) - 1
}

// half is half of what there was to pay in some epochs, the pot of the first ones,
// which paid nobody, among it.
func (s *stage) half(from, to protocol.Epoch) (sum protocol.Amount) {
	s.Helper()
	for e := from; e <= to; e++ {
		rec, _, err := ledger.ReadEpoch(s.State(), e)
		if err != nil {
			s.Fatal(err)
		}
		sum += rec.Emission / 2
	}
	return sum
}

// near complains unless got is within percent of want.
func (s *stage) near(name string, got, want protocol.Amount, percent uint64) {
	s.Helper()
	if band := want * protocol.Amount(percent) / 100; got+band < want || got > want+band {
		s.Errorf("%s got %s, want %s within %d percent", name, got, want, percent)
	}
}

// least returns the least that one of the honest miners mined in the epochs
// from … to, and complains where it is nothing.
func (s *stage) least(from, to protocol.Epoch) protocol.Amount {
	s.Helper()
	least := s.Mined(miners[0], from, to)
	for _, name := range miners[1:] {
		least = min(least, s.Mined(name, from, to))
	}
	if least == 0 {
		s.Fatal("an honest miner was paid nothing")
	}
	return least
}

// minedNothing complains unless the honest miners were paid in all epochs so
// far, and the named seats never.
func (s *stage) minedNothing(names ...string) {
	s.Helper()
	s.least(0, s.lastEpoch())
	for _, name := range names {
		if got := s.Mined(name, 0, s.lastEpoch()); got != 0 {
			s.Errorf("%s was paid %s", name, got)
		}
	}
}

// found complains unless judges found each of these, and nothing else, of an
// actor's answers.
func (s *stage) found(name string, want ...wire.Finding) {
	s.Helper()
	got := s.findings(name)
	for _, f := range want {
		if got[f] == 0 {
			s.Errorf("no judge found %q of %s: %v", f, name, got)
		}
		delete(got, f)
	}
	if len(got) > 0 {
		s.Errorf("judges found of %s, beside %v: %v", name, want, got)
	}
}

// refusedFor complains unless validators refused messages for each reason.
func (s *stage) refusedFor(kinds ...validator.Reason) {
	s.Helper()
	for _, k := range kinds {
		if s.refused[k] == 0 {
			s.Errorf("no message was refused as %q: %v", k.Word(), s.refused)
		}
	}
}

// seat returns an actor's seat.
func (s *stage) seat(name string) ledger.Seat {
	s.Helper()
	seat, ok, err := ledger.ReadSeatByHotkey(s.State(), protocoltest.Named(name).PublicKey())
	if err != nil || !ok {
		s.Fatalf("seat of %s: %v, %v", name, ok, err)
	}
	return seat
}

// balance returns what an owner's coldkey has.
func (s *stage) balance(owner string) protocol.Amount {
	s.Helper()
	a, _, err := ledger.ReadAccount(s.State(), protocoltest.Cold(owner).PublicKey())
	if err != nil {
		s.Fatal(err)
	}
	return a.Balance
}

// serve returns what a seat announces.
func (s *stage) serve(name string, capacity uint16) *wire.Serve {
	s.Helper()
	body, err := s.Serve(name, capacity)
	if err != nil {
		s.Fatal(err)
	}
	return body
}

// sum is what of an answer enters the leaf of its slot.
func (s *stage) sum(t *wire.Task, body []byte) wire.Sum {
	s.Helper()
	kind, err := s.kinds.Of(t.Kind)
	if err != nil {
		s.Fatal(err)
	}
	sum, err := kind.Sum(body)
	if err != nil {
		s.Fatal(err)
	}
	return sum
}
