package miner_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
)

// writer is a puppet that says what its tokens are.
type writer struct{ puppet }

func (writer) Text(output []int32) string { return string(rune('a' + len(output))) }

// Chat renders what has no system prompt.
func (writer) Chat(m []inference.Message) ([]int32, error) {
	return []int32{1, int32(len(m[0].Content))}, nil
}

func TestARecordIsItsRunAndItsText(t *testing.T) {
	p := params.Local()
	p.Kinds[p.KindIndex(synthetic.Kind)].Models[0].ID = writer{}.ID()
	w := miner.NewSynthetic(3, nil, writer{})
	if o := w.Offer(); o.Kind != synthetic.Kind || o.Capacity != 3 || len(o.Models) != 1 || o.Models[0] != (writer{}).ID() {
		t.Errorf("it offers %+v", o)
	}
	asked := synthetic.Draw(&p, protocol.TaskID{1}, []protocol.ModelID{writer{}.ID()})
	task := &wire.Task{ID: protocol.TaskID{1}, Kind: synthetic.Kind, Body: wire.Encode(asked)}
	body, err := w.Answer(t.Context(), task, protocol.PublicKey{2})
	if err != nil {
		t.Fatal(err)
	}
	r, err := synthetic.ReadRecord(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := bridge.Request(writer{}, task.ID, &asked.Run, protocol.PublicKey{2})
	if err != nil {
		t.Fatal(err)
	}
	run, err := writer{}.Generate(t.Context(), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Run.Millis = 0
	want := synthetic.Record{Text: writer{}.Text(run.Output), Run: *bridge.Result(run, 0)}
	if !bytes.Equal(wire.Encode(r), wire.Encode(&want)) {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

// closed is a model that was closed.
type closed struct{ writer }

func (closed) Generate(context.Context, engine.Request, func(engine.Token)) (engine.Run, error) {
	return engine.Run{}, engine.ErrClosed
}

func TestAMakerOfRecordsSaysWhyThereIsNone(t *testing.T) {
	p := params.Local()
	task := &wire.Task{Body: wire.Encode(synthetic.Draw(&p, protocol.TaskID{1}, nil))}
	if _, err := miner.NewSynthetic(1, nil, writer{}).Answer(t.Context(), task, protocol.PublicKey{2}); err == nil {
		t.Error("a model that is not loaded answers")
	}
	p.Kinds[p.KindIndex(synthetic.Kind)].Models[0].ID = writer{}.ID()
	task.Body = wire.Encode(synthetic.Draw(&p, protocol.TaskID{1}, []protocol.ModelID{writer{}.ID()}))
	if _, err := miner.NewSynthetic(1, nil, closed{}).Answer(t.Context(), task, protocol.PublicKey{2}); !errors.Is(err, miner.ErrStopped) {
		t.Errorf("got %v, want ErrStopped", err)
	}
	if _, err := miner.NewSynthetic(1, nil, writer{}).Answer(t.Context(), &wire.Task{Body: []byte{0xff}}, protocol.PublicKey{2}); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}
