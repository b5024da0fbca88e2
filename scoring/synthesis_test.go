package scoring_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// synth is a tiny model with a judge of its records, and what its runner says.
type synth struct {
	*bench
	judge    *scoring.Synthetic
	programs int
	broken   error
}

func setUpSynthetic(t *testing.T) *synth {
	t.Helper()
	s := &synth{bench: setUp(t, enginetest.Options{})}
	s.params.Kind(synthetic.Kind).Models = s.params.Kinds[0].Models
	s.params.Synthetic.MaxTokens = 12
	s.judge = scoring.NewSynthetic(func(context.Context, string) (string, bool, error) {
		s.programs++
		return "", false, s.broken
	}, s.model)
	if err := s.judge.Check(&s.params); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *synth) task(t *testing.T, round protocol.Round) (*wire.Task, *synthetic.Task) {
	t.Helper()
	asked := task.Asked{Kind: synthetic.Kind, Slots: 1, Models: []protocol.ModelID{s.engine.ID()}}
	w, err := kinds.All().Derive(&task.Round{
		Chain: "chain", Params: &s.params, Number: round, Seat: seat, Due: []task.Due{{Asked: asked, Seed: protocol.Hash{7}}},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	body, err := synthetic.ReadTask(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w, body
}

// record runs a task with a model, as the miner with this hotkey.
func (s *synth) record(t *testing.T, m *engine.Model, w *wire.Task, of *synthetic.Task, by protocol.PublicKey) *synthetic.Record {
	t.Helper()
	request, err := bridge.Request(s.model, w.ID, &of.Run, by)
	if err != nil {
		t.Fatal(err)
	}
	run, err := m.Generate(t.Context(), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &synthetic.Record{Text: s.model.Text(run.Output), Run: *bridge.Result(run, 0)}
}

func (s *synth) judgeIt(t *testing.T, w *wire.Task, by protocol.PublicKey, r *synthetic.Record) (*scoring.Outcome, *synthetic.Card) {
	t.Helper()
	o, err := s.judge.Judge(t.Context(), w, by, wire.Encode(r))
	if err != nil {
		t.Fatal(err)
	}
	body, err := s.judge.Body(&o, hotkey(9))
	if err != nil {
		t.Fatal(err)
	}
	c, err := synthetic.ReadCard(body)
	if err != nil {
		t.Fatal(err)
	}
	card := o.Card(seat, seat, wire.AnswerKey{}, protocol.Hash{1}, body)
	if err := kinds.All().CheckCard(&card); err != nil {
		t.Error(err)
	}
	return &o, c
}

// TestAnHonestRunPassesWhateverTheGatesSay: the babble of a tiny model is no data,
// and every judge says so.
func TestAnHonestRunPassesWhateverTheGatesSay(t *testing.T) {
	s := setUpSynthetic(t)
	families := map[synthetic.Family]bool{}
	for round := range protocol.Round(24) {
		w, of := s.task(t, round)
		families[of.Family] = true
		o, c := s.judgeIt(t, w, hotkey(1), s.record(t, s.engine, w, of, hotkey(1)))
		if !o.Passed() || c.Run.Code != inference.CodeExact || c.Run.Root.IsZero() {
			t.Errorf("round %d: found %s, card %+v", round, o.Finding, c.Run)
		}
		if !slices.Contains(c.Gates, "checks") || len(c.Checks) == 0 {
			t.Errorf("round %d, %s: babble passes, but for %v %v", round, of.Family, c.Gates, c.Checks)
		}
	}
	if len(families) != 5 || s.programs == 0 {
		t.Errorf("saw %v, and %d programs", families, s.programs)
	}
}

func TestARecordThatIsNotItsRunIsNotPaid(t *testing.T) {
	s := setUpSynthetic(t)
	w, of := s.task(t, 1)
	honest := func() *synthetic.Record { return s.record(t, s.engine, w, of, hotkey(1)) }
	other := t.TempDir() + "/other.gguf"
	if err := enginetest.Write(other, enginetest.Options{Seed: 99}); err != nil {
		t.Fatal(err)
	}
	canned := honest()
	canned.Text = "Answer: 42"
	short := honest()
	short.Run.Output, short.Run.Leaves = short.Run.Output[:1], short.Run.Leaves[:1]
	short.Run.Fingerprint, short.Text = wire.MerkleRoot(short.Run.Leaves), s.model.Text(short.Run.Output)
	for name, c := range map[string]struct {
		r     *synthetic.Record
		find  wire.Finding
		codes []inference.Code
	}{
		"a canned text":              {canned, wire.FindingMalformed, []inference.Code{synthetic.CodeText}},
		"one token":                  {short, wire.FindingMalformed, []inference.Code{inference.CodeEnd}},
		"another model":              {s.record(t, open(t, other), w, of, hotkey(1)), wire.FindingFalse, []inference.Code{inference.CodeToken, inference.CodeState}},
		"a run for another hotkey":   {s.record(t, s.engine, w, of, hotkey(2)), wire.FindingFalse, []inference.Code{inference.CodeState}},
		"a run for another question": {second(t, s), wire.FindingFalse, []inference.Code{inference.CodeToken, inference.CodeState}},
	} {
		o, card := s.judgeIt(t, w, hotkey(1), c.r)
		if o.Finding != c.find || !slices.Contains(c.codes, card.Run.Code) || len(card.Gates)+len(card.Checks) > 0 || card.Run.Tokens != uint32(len(c.r.Run.Output)) {
			t.Errorf("%s: found %s, card %+v", name, o.Finding, card)
		}
	}
}

func second(t *testing.T, s *synth) *synthetic.Record {
	w, of := s.task(t, 2)
	return s.record(t, s.engine, w, of, hotkey(1))
}

// TestTwoJudgesDifferByTheirHotkeysAlone: what one found gives the other's card.
func TestTwoJudgesDifferByTheirHotkeysAlone(t *testing.T) {
	s := setUpSynthetic(t)
	w, of := s.task(t, 3)
	r := s.record(t, s.engine, w, of, hotkey(1))
	a, card := s.judgeIt(t, w, hotkey(1), r)
	b, same := s.judgeIt(t, w, hotkey(1), r)
	if !bytes.Equal(wire.Encode(a), wire.Encode(b)) || !bytes.Equal(wire.Encode(card), wire.Encode(same)) {
		t.Error("two judgements of one record differ")
	}
	body, err := s.judge.Body(a, hotkey(8))
	if err != nil {
		t.Fatal(err)
	}
	other, err := synthetic.ReadCard(body)
	if err != nil || other.Run.Root == card.Run.Root {
		t.Errorf("two judges have one root, %v", err)
	}
	other.Run.Root = card.Run.Root
	if !bytes.Equal(wire.Encode(other), wire.Encode(card)) {
		t.Error("two judges differ by more than the root")
	}
}

// TestASandboxThatBreaksIsNoJudgement and never a card.
func TestASandboxThatBreaksIsNoJudgement(t *testing.T) {
	s := setUpSynthetic(t)
	s.broken = errors.New("no memory")
	for round := protocol.Round(0); ; round++ {
		w, of := s.task(t, round)
		if of.Family != synthetic.Code {
			continue
		}
		_, err := s.judge.Judge(t.Context(), w, hotkey(1), wire.Encode(s.record(t, s.engine, w, of, hotkey(1))))
		if !errors.Is(err, s.broken) || !strings.Contains(err.Error(), "gates of task") {
			t.Errorf("got %v", err)
		}
		return
	}
}

func TestAJudgeOfRecordsNeedsTheModels(t *testing.T) {
	s := setUpSynthetic(t)
	none := scoring.NewSynthetic(nil)
	if err := none.Check(&s.params); !errors.Is(err, scoring.ErrModel) {
		t.Errorf("got %v", err)
	}
	w, of := s.task(t, 1)
	if _, err := none.Judge(t.Context(), w, hotkey(1), wire.Encode(s.record(t, s.engine, w, of, hotkey(1)))); !errors.Is(err, scoring.ErrModel) {
		t.Errorf("got %v", err)
	}
}
