package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
	"github.com/assaynet/assay/validator/source"
)

// TestProofScripts runs testdata/proof/*.txt against the node of vera, one of two
// validators of a network in memory, which has come to the end of epoch 6; ada is
// an honest miner, and bob runs other weights. The node answers at NODE, a node of
// a network with another seed at OTHER, and at LIAR one of NODE's network that
// says other states. HASH is of the state after the last block. The command
//
//	forge DIR TABLE OLD NEW
//
// writes a table anew, in both forms and with manifests that fit, as it is but for
// the first row whose JSON has OLD, which then has NEW; with "-" for NEW the row is
// left out.
func TestProofScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/proof", Cmds: map[string]func(*testscript.TestScript, bool, []string){"forge": forge, "gap": gap},
		Setup: func(e *testscript.Env) error {
			e.Setenv(envNode, "")
			for name, seed := range map[string]uint64{"NODE": 1, "OTHER": 2} {
				m, err := newMemory(t, e, seed)
				if err == nil {
					err = serveMemory(e, name, m.config())
				}
				if err == nil && name == "NODE" {
					e.Setenv("HASH", m.records[len(m.records)-1].StateHash.String())
					liar := m.config()
					liar.Source.State = lying{m}
					err = serveMemory(e, "LIAR", liar)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func serveMemory(e *testscript.Env, name string, cfg api.Config) error {
	h, err := api.NewHandler(cfg)
	if err != nil {
		return err
	}
	web := httptest.NewServer(h)
	e.Defer(web.Close)
	e.Setenv(name, web.URL)
	return nil
}

// lying says that each state has the hash of the one before.
type lying struct{ *memory }

// StateHash implements [api.State].
func (l lying) StateHash(ctx context.Context, h protocol.Height) (protocol.Hash, error) {
	return l.memory.StateHash(ctx, h-1)
}

// memory is a network in memory whose blocks a node keeps as one does on a disk.
type memory struct {
	*protocoltest.Network
	tree    *state.State
	records []*audit.Record // by height, from block 1 on
	vera    *protocoltest.Store
	failed  error
}

// memoryEpochs is the last epoch that has ended.
const memoryEpochs protocol.Epoch = 6

func newMemory(t *testing.T, e *testscript.Env, seed uint64) (*memory, error) {
	t.Helper()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "tiny.gguf"), filepath.Join(dir, "altered.gguf")
	err := enginetest.Write(path, enginetest.Options{Seed: 2, Width: 32, Layers: 1, Heads: 2, KVHeads: 1, FFN: 32, Context: 512})
	if err == nil {
		err = enginetest.Alter(path, other, 0)
	}
	if err != nil {
		return nil, err
	}
	open := func(path string) *engine.Model {
		var m *engine.Model
		if err == nil {
			m, err = engine.Open(t.Context(), path, engine.Config{Threads: 1})
		}
		if err == nil {
			e.Defer(func() { _ = m.Close() })
		}
		return m
	}
	model, altered := open(path), open(other)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(filepath.Join(dir, "state"), store.Options{Logger: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	e.Defer(func() { _ = db.Close() })
	m := &memory{}
	if m.tree, err = state.Open(db.Space("state")); err != nil {
		return nil, err
	}
	judges, miners := []string{"vera", "viktor"}, map[string]miner.Model{"ada": bridge.Model{Model: model}, "bob": crooked{bridge.Model{Model: model}, altered}}
	var cast []protocoltest.Actor
	for _, name := range judges {
		cast = append(cast, protocoltest.Actor{Name: name, Stake: 100 * protocol.Unit})
	}
	for _, name := range []string{"ada", "bob"} {
		cast = append(cast, protocoltest.Actor{Name: name, Capacity: 2})
	}
	m.Network, err = protocoltest.New(protocoltest.Config{Seed: seed, Params: protocoltest.Params(model.ID()), Cast: cast, Ordered: m.keep})
	if err != nil {
		return nil, err
	}
	if _, err := ledger.Init(m.tree, m.Genesis()); err != nil {
		return nil, err
	}
	for _, name := range judges {
		err = errors.Join(err, m.judge(name, model))
	}
	for _, name := range []string{"ada", "bob"} {
		err = errors.Join(err, m.mine(name, miners[name]))
	}
	if err == nil {
		err = m.Epochs(t.Context(), memoryEpochs)
	}
	return m, errors.Join(err, m.failed)
}

// keep carries out a block on the tree with hashes, and keeps its record.
func (m *memory) keep(b *ledger.Block) {
	if m.failed != nil {
		return
	}
	own := *b
	p := m.Params()
	_, err := ledger.Apply(m.tree, m.ChainID(), p, &own)
	if err == nil {
		var r *audit.Record
		r, err = audit.RecordOf(&own, p.Schedule, m.tree, m.tree.WorkingHash())
		m.records = append(m.records, r)
	}
	if err == nil {
		_, _, err = m.tree.Commit()
	}
	m.failed = err
}

// crooked is a model that answers with other weights than its id says.
type crooked struct {
	miner.Model
	other *engine.Model
}

func (c crooked) Generate(ctx context.Context, r engine.Request, _ func(engine.Token)) (engine.Run, error) {
	return c.other.Generate(ctx, r, nil)
}

func (m *memory) mine(name string, model miner.Model) error {
	port := m.LightPort(name)
	w, err := miner.New(miner.Config{
		ChainID: m.ChainID(), Kinds: kinds.All(), Params: m.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1}, Plants: protocoltest.PlantSecret(name),
		Workers: []miner.Worker{miner.NewInference(1, nil, model)},
		Ledger:  port, Store: protocoltest.NewStore(), Submit: port.Submit, Publish: port.Publish, Logger: zerolog.Nop(),
	})
	if err == nil {
		m.Attach(name, port, mining{w})
	}
	return err
}

type mining struct{ *miner.Miner }

func (m mining) Message(_ context.Context, topic string, raw []byte) error {
	if topic == validator.TopicCard {
		return m.OnCard(raw)
	}
	return nil
}

func (m *memory) judge(name string, model *engine.Model) error {
	port, rows := m.Port(name), protocoltest.NewStore()
	v, err := validator.New(validator.Config{
		ChainID: m.ChainID(), Kinds: kinds.All(), Params: m.Params(), Hotkey: protocoltest.Named(name), Salt: [32]byte{1},
		Judges: []validator.Judge{scoring.NewInference(bridge.Model{Model: model})},
		Ledger: port, Store: rows, Submit: port.Submit, Publish: port.Publish, Evidence: port.Evidence,
		Chain: func(start protocol.Height) (protocol.Hash, error) {
			return protocoltest.Chain(name, start).Anchor(), nil
		},
		Logger: zerolog.Nop(),
	})
	if err != nil {
		return err
	}
	if name == "vera" {
		m.vera = rows
	}
	m.Attach(name, port, judging{v})
	return nil
}

type judging struct{ *validator.Validator }

func (v judging) Message(ctx context.Context, topic string, raw []byte) error {
	if topic == validator.TopicCard {
		return v.OnCard(ctx, raw)
	}
	return v.OnAnswer(ctx, raw)
}

// config is what vera's node serves.
func (m *memory) config() api.Config {
	return api.Config{
		Listen: "127.0.0.1:0", ChainID: m.ChainID(), Params: m.Params(),
		Source: api.Source{Node: m, State: m, Work: source.Work(m.Params(), record.NewReader(m.vera, m.ChainID()), m)},
	}
}

// Status implements [api.Node].
func (m *memory) Status(context.Context) (api.Status, error) {
	last := m.records[len(m.records)-1]
	return api.Status{Role: "validator", Height: last.Height, AppHash: last.StateHash, BlockTime: time.Unix(0, last.Time)}, nil
}

// State implements [api.State].
func (m *memory) State(context.Context) (ledger.Reader, protocol.Height, error) {
	latest := m.tree.Latest()
	return latest, latest.Height(), nil
}

// StateHash implements [api.State].
func (m *memory) StateHash(ctx context.Context, h protocol.Height) (protocol.Hash, error) {
	r, err := m.Record(ctx, h)
	if err != nil {
		return protocol.Hash{}, err
	}
	return r.StateHash, nil
}

// Origin implements [api.History].
func (m *memory) Origin() *ledger.Genesis { return m.Genesis() }

// Record implements [api.History].
func (m *memory) Record(_ context.Context, h protocol.Height) (*audit.Record, error) {
	if h == 0 || int(h) > len(m.records) {
		return nil, api.ErrNotFound
	}
	return m.records[h-1], nil
}

// BlockTime implements [api.Clock].
func (m *memory) BlockTime(ctx context.Context, h protocol.Height) (time.Time, error) {
	r, err := m.Record(ctx, h)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(0, r.Time), nil
}

// gap takes the third epoch out of a table's manifest: gap DIR TABLE.
func gap(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gap DIR TABLE")
	}
	dir := ts.MkAbs(args[0])
	all, err := history.ReadManifest(dir)
	ts.Check(err)
	m, err := export.ReadManifest(filepath.Join(dir, args[1]))
	ts.Check(err)
	m.Epochs = slices.Delete(m.Epochs, 2, 3)
	b, err := json.MarshalIndent(m, "", "  ")
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, args[1], "manifest.json"), append(b, '\n'), 0o600))
	ts.Check(history.WriteManifest(dir, all))
}

func forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: forge DIR TABLE OLD NEW")
	}
	dir := ts.MkAbs(args[0])
	var err error
	switch name := args[1]; name {
	case "payments":
		err = forgeRows[history.Payment](dir, name, args[2], args[3])
	case "weights":
		err = forgeRows[history.Weight](dir, name, args[2], args[3])
	case "scores":
		err = forgeRows[history.Score](dir, name, args[2], args[3])
	case "tasks":
		err = forgeRows[history.Task](dir, name, args[2], args[3])
	case "answers":
		err = forgeRows[history.Answer](dir, name, args[2], args[3])
	case "cards":
		err = forgeRows[history.Card](dir, name, args[2], args[3])
	default:
		err = errors.New("no such table")
	}
	if err != nil {
		ts.Fatalf("forge: %v", err)
	}
}

func forgeRows[T any](dir, name, old, with string) error {
	all, err := history.ReadManifest(dir)
	if err != nil {
		return err
	}
	own := filepath.Join(dir, name)
	m, err := export.ReadManifest(own)
	if err != nil {
		return err
	}
	rows, done := map[protocol.Epoch][]T{}, false
	for i := range m.Epochs {
		e := m.Epochs[i].Epoch
		err := export.Read(context.Background(), own, &export.Manifest{Epochs: m.Epochs[i : i+1]}, nil, func(row *T) error {
			b, err := export.Line(row)
			if err != nil {
				return err
			}
			if !done && bytes.Contains(b, []byte(old)) {
				if done = true; with == "-" {
					return nil
				}
				*row = *new(T)
				if err := json.Unmarshal(bytes.Replace(b, []byte(old), []byte(with), 1), row); err != nil {
					return err
				}
			}
			rows[e] = append(rows[e], *row)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !done {
		return fmt.Errorf("no row of %s has %q", name, old)
	}
	if err := os.RemoveAll(own); err != nil {
		return err
	}
	c := export.Config{
		Dir: own, ChainID: m.ChainID, Kind: name, From: m.Epochs[0].Epoch, To: m.Epochs[len(m.Epochs)-1].Epoch, Card: func(*export.Manifest) []byte { return nil },
	}
	_, err = export.Write(context.Background(), c, func(_ context.Context, e protocol.Epoch, yield func(*T) error) (int64, error) {
		for i := range rows[e] {
			if err := yield(&rows[e][i]); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	if err != nil {
		return err
	}
	return history.WriteManifest(dir, all)
}
