package bridge_test

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

var (
	id     = protocol.TaskID{1}
	hotkey = protocol.PublicKey{2, 3}
	asked  = inference.Task{
		System: "Be brief.", Prompt: "Hello.", TemperatureBits: math.Float32bits(0.5), TopK: 4, TopP: 5, Seed: [32]byte{6}, MaxTokens: 7,
	}
)

func open(t *testing.T) bridge.Model {
	t.Helper()
	m, err := engine.Open(t.Context(), enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return bridge.Model{Model: m}
}

func TestATaskDecidesAllThatTheEngineIsAsked(t *testing.T) {
	m := open(t)
	got, err := bridge.Request(m, id, &asked, hotkey)
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := m.Chat([]inference.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Hello."}})
	if err != nil {
		t.Fatal(err)
	}
	want := engine.Request{
		Prompt:   prompt,
		Settings: engine.Settings{Temperature: 0.5, TopK: 4, TopP: 5, Seed: [32]byte{6}, MaxTokens: 7},
		Binding:  engine.Binding{Hotkey: hotkey, Task: id},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestTheJudgeVerifiesTheRunThatTheMinerMade though all that passes between them
// is the bytes of an answer.
func TestTheJudgeVerifiesTheRunThatTheMinerMade(t *testing.T) {
	m := open(t)
	request, err := bridge.Request(m, id, &asked, hotkey)
	if err != nil {
		t.Fatal(err)
	}
	made, err := m.Generate(t.Context(), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := bridge.Result(made, 1500*time.Millisecond)
	if answer.Millis != 1500 {
		t.Errorf("it took %d ms", answer.Millis)
	}
	came, err := inference.ReadResult(wire.Encode(answer))
	if err != nil {
		t.Fatal(err)
	}
	if code, at := inference.CheckResult(&asked, came, m.Vocab(), m.StopTokens()); code != inference.CodeExact {
		t.Errorf("its form: %s at %d", code, at)
	}
	run := bridge.Run(request, came)
	made.States = nil // who made the answer keeps them; leaves hold their hashes
	if !reflect.DeepEqual(run, made) {
		t.Errorf("got %+v, want %+v", run, made)
	}
	if !bytes.Equal(wire.Encode(bridge.Result(run, 1500*time.Millisecond)), wire.Encode(answer)) {
		t.Error("the run is another answer")
	}
	report, err := m.Verify(bridge.For(t.Context(), hotkey), run)
	if err != nil {
		t.Fatal(err)
	}
	if code, err := bridge.Code(report); code != inference.CodeExact || err != nil {
		t.Errorf("got %s, %v", code, err)
	}
}

func TestAReportIsSaidInTheWordsOfCards(t *testing.T) {
	for report, want := range map[engine.Kind]inference.Code{
		engine.KindToken: inference.CodeToken, engine.KindState: inference.CodeState, engine.KindFailed: inference.CodeFailed,
	} {
		if got, err := bridge.Code(engine.Report{Kind: report}); got != want || err != nil {
			t.Errorf("%s: got %s, %v", report, got, err)
		}
	}
	// What is checked before a run is not the run's to say.
	for _, kind := range []engine.Kind{engine.KindRange, engine.KindEmpty, engine.KindEarly, engine.KindLate, engine.KindLeaves, engine.KindFingerprint, ""} {
		if got, err := bridge.Code(engine.Report{Kind: kind}); err == nil {
			t.Errorf("%q: got %s", kind, got)
		}
	}
}
