package validator_test

import (
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// openModel opens a tiny model until the test ends.
func openModel(t *testing.T, seed uint64) *engine.Model {
	t.Helper()
	m, err := engine.Open(t.Context(), enginetest.Tiny(t, enginetest.Options{Seed: seed}), engine.Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// deed is how an answer comes about; the zero value is honest.
type deed struct {
	name  string
	model int // 0: the honest one
	by    int // whose hotkey the run is bound to; 0: the miner's own
	twist func(r *inference.Result)
}

// modelWorld is a world whose miners and judge run tiny models, all of whose
// answers are opened: those of each miner, a slot each, come about as the
// deeds say.
func modelWorld(t *testing.T, store *memory, deeds ...[]deed) (*world, *validator.Validator) {
	t.Helper()
	w := newWorld(t)
	models := []*engine.Model{openModel(t, 1), openModel(t, 2)}
	id := models[0].ID()
	w.p.Inference.MaxTokens = 6
	w.p.Kinds[0].Models = []params.Model{{ID: id, Name: "tiny", Class: params.One}}
	cfg := w.config(store)
	cfg.Judges = []validator.Judge{scoring.NewInference(bridge.Model{Model: models[0]})}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.rosters(epoch)
	for i, m := range w.makers {
		m.slots = uint16(len(deeds[i]))
		w.put(ledger.RosterSeatKey(epoch, m.id.UID), &ledger.RosterSeat{ID: m.id, Hotkey: m.PublicKey(), Asked: asked(m.slots, id)})
	}
	w.drawTasks(round)
	w.step(v, start+4)
	for i, m := range w.makers {
		w.generate(m, models, deeds[i])
	}
	w.step(v, deadline)
	w.openAll(v)
	return w, v
}

// generate commits what models answer to miner m's tasks, which the honest one
// renders.
func (w *world) generate(m *maker, models []*engine.Model, deeds []deed) {
	w.t.Helper()
	tasks, err := kinds.All().DeriveAll(due(&w.p, round, wire.HashOf("seed", []byte{byte(round)}), m.id, asked(m.slots, models[0].ID())))
	if err != nil {
		w.t.Fatal(err)
	}
	m.sealed = &task.Sealed{Tasks: tasks}
	for i, d := range deeds {
		body, err := inference.ReadTask(tasks[i].Body)
		if err != nil {
			w.t.Fatal(err)
		}
		by := m.PublicKey()
		if d.by != 0 {
			by = named("somebody else").PublicKey()
		}
		request, err := bridge.Request(bridge.Model{Model: models[0]}, tasks[i].ID, body, by)
		if err != nil {
			w.t.Fatal(err)
		}
		run, err := models[d.model].Generate(w.t.Context(), request, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		r := bridge.Result(run, 0)
		if d.twist != nil {
			d.twist(r)
		}
		m.sealed.Salts, m.sealed.Answers = append(m.sealed.Salts, [32]byte{byte(i)}), append(m.sealed.Answers, wire.Encode(r))
	}
	root, err := m.sealed.Commitment(kinds.All(), chain, m.PublicKey())
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(ledger.CommitKey(round, m.id.UID), &ledger.CommitRecord{Seat: m.id, Root: root, Height: start + 6})
	w.give(m, round)
}
