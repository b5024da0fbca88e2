package miner_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

// chooser is a puppet that prefers the response with letter A, wherever it stands,
// by the length of its prompt.
type chooser struct{ writer }

func (chooser) Letter(text string) (int32, error) { return int32(text[0]), nil }

func (chooser) Logits(_ context.Context, requests []engine.LogitsRequest) ([]engine.Logits, error) {
	out := make([]engine.Logits, len(requests))
	for i, r := range requests {
		for _, id := range r.Of {
			out[i].Values = append(out[i].Values, float32(id))
		}
		out[i].Likeliest, out[i].State = int32(len(r.Prompt)), [32]byte{byte(i)}
	}
	return out, nil
}

func judgementTask(model protocol.ModelID) *wire.Task {
	return &wire.Task{ID: protocol.TaskID{1}, Kind: judgement.Kind, Body: wire.Encode(&judgement.Task{Model: model, Prompt: "Why?", A: "Since.", B: "No."})}
}

func TestAJudgementIsTwoRunsOfOnePair(t *testing.T) {
	w := miner.NewJudgement(3, nil, chooser{})
	if o := w.Offer(); o.Kind != judgement.Kind || o.Capacity != 3 || len(o.Models) != 1 || o.Models[0] != (chooser{}).ID() {
		t.Errorf("it offers %+v", o)
	}
	hotkey := protocol.PublicKey{2}
	body, err := w.Answer(t.Context(), judgementTask(chooser{}.ID()), hotkey)
	if err != nil {
		t.Fatal(err)
	}
	r, err := judgement.ReadResult(body)
	if err != nil {
		t.Fatal(err)
	}
	// A's letter comes first in the first order and second in the other.
	a, b := math.Float32bits('A'), math.Float32bits('B')
	if r.Logits != [2][2]uint32{{a, b}, {b, a}} || r.Side() != pair.Neither {
		t.Errorf("logits %x, side %d", r.Logits, r.Side())
	}
	for i, leaf := range r.Leaves {
		l := engine.Logits{Likeliest: 2, State: [32]byte{byte(i)}}
		if leaf != l.Leaf(engine.Binding{Hotkey: hotkey, Task: protocol.TaskID{1}}, 1) {
			t.Errorf("leaf %d is another", i)
		}
	}
}

// shut is a model that was closed, spent one whose run fails.
type (
	shut  struct{ chooser }
	spent struct{ chooser }
)

func (shut) Logits(context.Context, []engine.LogitsRequest) ([]engine.Logits, error) {
	return nil, engine.ErrClosed
}

func (spent) Logits(_ context.Context, requests []engine.LogitsRequest) ([]engine.Logits, error) {
	out := make([]engine.Logits, len(requests))
	out[1].Failed = &engine.FailedError{Position: 3}
	out[0].Values = []float32{1, 2}
	return out, nil
}

func TestAJudgeOfPairsSaysWhyThereIsNoAnswer(t *testing.T) {
	hotkey := protocol.PublicKey{2}
	if _, err := miner.NewJudgement(1, nil, chooser{}).Answer(t.Context(), judgementTask(protocol.ModelID{9}), hotkey); err == nil {
		t.Error("a model that is not loaded answers")
	}
	if _, err := miner.NewJudgement(1, nil, shut{}).Answer(t.Context(), judgementTask(chooser{}.ID()), hotkey); !errors.Is(err, miner.ErrStopped) {
		t.Errorf("got %v, want ErrStopped", err)
	}
	var failed *engine.FailedError
	if _, err := miner.NewJudgement(1, nil, spent{}).Answer(t.Context(), judgementTask(chooser{}.ID()), hotkey); !errors.As(err, &failed) {
		t.Errorf("got %v, want a failed run", err)
	}
	if _, err := miner.NewJudgement(1, nil, chooser{}).Answer(t.Context(), &wire.Task{Body: []byte{0xff}}, hotkey); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}
