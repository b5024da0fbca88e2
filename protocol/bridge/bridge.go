package bridge

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/inference"
)

// Model is an open model as the network's roles see it.
type Model struct{ *engine.Model }

// Vocab is the number of the model's tokens.
func (m Model) Vocab() int { return m.Tokenizer().VocabSize() }

// StopTokens returns the tokens that end an answer.
func (m Model) StopTokens() []int32 { return m.Tokenizer().StopTokens() }

// Chat renders a conversation, with the beginning of the model's turn.
func (m Model) Chat(messages []inference.Message) ([]int32, error) {
	return m.Tokenizer().Chat(Conversation(messages))
}

// Text returns what tokens stand for, without control tokens; each byte that is no
// part of UTF-8 is U+FFFD.
func (m Model) Text(output []int32) string {
	return string([]rune(string(m.Tokenizer().Decode(output))))
}

// Conversation returns the messages of a task in the tokenizer's words.
func Conversation(messages []inference.Message) []tokenizer.Message {
	list := make([]tokenizer.Message, len(messages))
	for i, m := range messages {
		list[i] = tokenizer.Message{Role: m.Role, Content: m.Content}
	}
	return list
}

// Renderer writes a conversation as a model's tokens: [Model.Chat].
type Renderer interface {
	Chat(messages []inference.Message) ([]int32, error)
}

// Request returns what the engine is asked for the task with this id, in the
// name of a hotkey. An error says that the model cannot be asked the task.
func Request(m Renderer, id protocol.TaskID, t *inference.Task, hotkey protocol.PublicKey) (engine.Request, error) {
	prompt, err := m.Chat(inference.Messages(t))
	if err != nil {
		return engine.Request{}, fmt.Errorf("render task %s: %w", id.Short(), err)
	}
	return engine.Request{
		Prompt: prompt,
		Settings: engine.Settings{
			Temperature: math.Float32frombits(t.TemperatureBits),
			TopK:        t.TopK, TopP: t.TopP, Seed: t.Seed, MaxTokens: int(t.MaxTokens),
		},
		Binding: engine.Binding{Hotkey: hotkey, Task: id},
	}, nil
}

// Result returns the answer that a run is, which took so long.
func Result(run engine.Run, took time.Duration) *inference.Result {
	r := &inference.Result{
		Output: run.Output, Finish: string(run.Finish), Fingerprint: run.Fingerprint,
		Leaves: make([]protocol.Hash, len(run.Leaves)), Millis: uint64(max(0, took.Milliseconds())),
	}
	for i, l := range run.Leaves {
		r.Leaves[i] = l
	}
	return r
}

// Run returns the run that an answer to a request says it is: what [Result]
// was made from.
func Run(r engine.Request, answer *inference.Result) engine.Run {
	leaves := make([][32]byte, len(answer.Leaves))
	for i, l := range answer.Leaves {
		leaves[i] = l
	}
	return engine.Run{
		Prompt: r.Prompt, Output: answer.Output, Settings: r.Settings, Binding: r.Binding,
		Finish: engine.Finish(answer.Finish), Leaves: leaves, Fingerprint: answer.Fingerprint,
	}
}

// For returns a context whose runs count as a hotkey's: those who share an
// engine take turns, however much each asks for.
func For(ctx context.Context, hotkey protocol.PublicKey) context.Context {
	return engine.WithCaller(ctx, hotkey.String())
}

// Code returns what the engine found of a run in the words of cards. Of a run
// whose form was checked before (inference.CheckResult), the engine can say
// nothing else: an error says that it did.
func Code(r engine.Report) (inference.Code, error) {
	switch {
	case r.Equal:
		return inference.CodeExact, nil
	case r.Kind == engine.KindToken:
		return inference.CodeToken, nil
	case r.Kind == engine.KindState:
		return inference.CodeState, nil
	case r.Kind == engine.KindFailed:
		return inference.CodeFailed, nil
	}
	return "", fmt.Errorf("the engine reports %q of a run that has the right form", r.Kind)
}
