package validator_test

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// echo is a kind of tasks, and its judge: a task is its own id, a right answer is
// the task, and what a judge says beside the finding is its own hotkey and the
// answer. It needs no model.
type echo struct{}

const echoes protocol.Kind = "echo"

func (echo) Name() protocol.Kind { return echoes }

func (echo) Derive(_ *params.Params, id protocol.TaskID, _ []protocol.ModelID) []byte { return id[:] }

func (echo) CheckTask(*wire.Task) error { return nil }

func (echo) CheckAnswer(*wire.Task, []byte) error { return nil }

func (echo) CheckCard(*wire.Card) error { return nil }

func (echo) Sum(body []byte) (wire.Sum, error) { return wire.SumOf(body), nil }

func (echo) Work(_ *params.Params, opened []task.Opened) []task.Worth {
	return make([]task.Worth, len(opened))
}

func (echo) Kind() protocol.Kind { return echoes }

func (echo) Check(*params.Params) error { return nil }

func (echo) Judge(_ context.Context, t *wire.Task, _ protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	o := scoring.Outcome{Task: t.ID, Kind: t.Kind, Finding: wire.FindingPassed, Found: answer}
	if string(answer) != string(t.Body) {
		o.Finding = wire.FindingFalse
	}
	return o, nil
}

func (echo) Body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	return append(hotkey[:], o.Found...), nil
}

// TestAKindIsJudgedByItsOwnJudge through answers, duties and cards, with no model
// in sight.
func TestAKindIsJudgedByItsOwnJudge(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(newMemory())
	cfg.Kinds, cfg.Judges = task.Table{echo{}}, []validator.Judge{echo{}}
	w.metrics = prometheus.NewRegistry()
	cfg.Metrics = w.metrics
	w.p.Kinds[0].Name, w.p.Kinds[0].Models = echoes, nil
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	asked := []task.Asked{{Kind: echoes, Slots: 1}}
	w.rosters(epoch)
	for _, m := range w.makers {
		w.put(ledger.RosterSeatKey(epoch, m.id.UID), &ledger.RosterSeat{ID: m.id, Hotkey: m.PublicKey(), Asked: asked})
	}
	w.drawTasks(round)
	w.step(v, start+4)
	for i, m := range w.makers {
		tasks, err := cfg.Kinds.DeriveAll(due(&w.p, round, wire.HashOf("seed", []byte{byte(round)}), m.id, asked))
		if err != nil {
			t.Fatal(err)
		}
		m.sealed = &task.Sealed{Tasks: tasks, Salts: [][32]byte{{1}}, Answers: [][]byte{tasks[0].Body}}
		if i == 1 {
			m.sealed.Answers[0] = []byte("something else")
		}
		root, err := m.sealed.Commitment(cfg.Kinds, chain, m.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		w.put(ledger.CommitKey(round, m.id.UID), &ledger.CommitRecord{Seat: m.id, Root: root, Height: start + 6})
		w.give(m, round)
	}
	w.step(v, deadline)
	w.judgeAll(v)
	w.settle(v)
	cards := w.cards()
	if len(cards) != 2 {
		t.Fatalf("%d cards, want 2", len(cards))
	}
	self := w.self.PublicKey()
	for i, want := range []wire.Finding{wire.FindingPassed, wire.FindingFalse} {
		body := append(self[:], w.makers[i].sealed.Answers[0]...)
		if c := cards[i]; c.Kind != echoes || c.Finding != want || string(c.Body) != string(body) {
			t.Errorf("card %d: got %+v, want %s", i, c, want)
		}
	}
	if got := w.judgements(); len(got) != 2 || got["false echo"] != 1 || got["passed echo"] != 1 {
		t.Errorf("counted %v", got)
	}
}

// judgements returns what the validator counted of its judgements, by finding and
// kind.
func (w *world) judgements() map[string]int {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range families {
		if f.GetName() == "assay_validator_judgements_total" {
			for _, m := range f.GetMetric() {
				l := m.GetLabel() // finding, kind
				out[l[0].GetValue()+" "+l[1].GetValue()] = int(m.GetCounter().GetValue())
			}
		}
	}
	return out
}

func TestEveryKindNeedsAJudgeThatHasWhatItNeeds(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(newMemory())
	cfg.Judges = []validator.Judge{echo{}}
	if _, err := validator.New(cfg); !errors.Is(err, validator.ErrConfig) {
		t.Errorf("no judge of inference: got %v", err)
	}
	cfg.Judges = []validator.Judge{scoring.NewInference()}
	if _, err := validator.New(cfg); !errors.Is(err, validator.ErrConfig) || !errors.Is(err, scoring.ErrModel) {
		t.Errorf("a judge without the model: got %v", err)
	}
}
