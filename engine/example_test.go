package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/tokenizer"
)

// One machine answers, and another checks the answer by a single pass over it:
// what is not the model's own, to the last bit, shows where it begins.
func Example() {
	withModel(func(ctx context.Context, m *engine.Model) error {
		run, err := answer(ctx, m, "Why is the sky blue?")
		if err != nil {
			return err
		}
		fmt.Printf("%d tokens, then %s\n", len(run.Output), run.Finish)

		report, err := m.Verify(ctx, run)
		if err != nil {
			return err
		}
		fmt.Println("equal:", report.Equal)

		forged := run
		forged.Output = append([]engine.Token{}, run.Output...)
		forged.Output[2]++
		if report, err = m.Verify(ctx, forged); err != nil {
			return err
		}
		fmt.Printf("another token: %s at %d\n", report.Kind, report.Position)

		copied := run
		copied.Binding.Hotkey[1]++
		if report, err = m.Verify(ctx, copied); err != nil {
			return err
		}
		fmt.Printf("another miner: %s at %d\n", report.Kind, report.Position)
		return nil
	})
	// Output:
	// 5 tokens, then length
	// equal: true
	// another token: token at 2
	// another miner: hidden state at 0
}

// Many answers are checked together, as one batch.
func ExampleModel_VerifyMany() {
	withModel(func(ctx context.Context, m *engine.Model) error {
		var runs []engine.Run
		for _, question := range []string{"One?", "Two?", "Three?"} {
			run, err := answer(ctx, m, question)
			if err != nil {
				return err
			}
			runs = append(runs, run)
		}
		runs[1].Output[0]++
		reports, err := m.VerifyMany(ctx, runs)
		for _, r := range reports {
			fmt.Println(r.Equal)
		}
		return err
	})
	// Output:
	// true
	// false
	// true
}

// What the model thinks of a text is told without an answer: the states of its
// tokens, and how likely it is as a continuation.
func ExampleModel_Embed() {
	withModel(func(ctx context.Context, m *engine.Model) error {
		text, err := m.Tokenizer().Encode("the sky", tokenizer.Options{})
		if err != nil {
			return err
		}
		states, err := m.Embed(ctx, [][]engine.Token{text})
		if err != nil {
			return err
		}
		fmt.Println(len(states[0]) == len(text), len(states[0][0]) == m.Info().Width)
		scores, err := m.Score(ctx, []engine.ScoreRequest{{Prompt: text[:1], Continuation: text[1:]}})
		if err != nil {
			return err
		}
		fmt.Println(len(scores[0].LogProbs) == len(text)-1, scores[0].Sum() < 0)
		return nil
	})
	// Output:
	// true true
	// true true
}

// answer lets the model answer a question greedily, as one miner to one task.
func answer(ctx context.Context, m *engine.Model, question string) (engine.Run, error) {
	prompt, err := m.Tokenizer().Chat([]tokenizer.Message{{Role: "user", Content: question}})
	if err != nil {
		return engine.Run{}, err
	}
	return m.Generate(ctx, engine.Request{
		Prompt: prompt, Settings: engine.Settings{MaxTokens: 5},
		Binding: engine.Binding{Hotkey: [33]byte{2, 1}, Task: [32]byte{7}},
	}, nil)
}

// withModel opens a tiny model, in place of one that was fetched.
func withModel(use func(context.Context, *engine.Model) error) {
	if err := tryModel(context.Background(), use); err != nil {
		fmt.Println(err)
	}
}

func tryModel(ctx context.Context, use func(context.Context, *engine.Model) error) (err error) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "tiny.gguf")
	if err := enginetest.Write(path, enginetest.Options{}); err != nil {
		return err
	}
	m, err := engine.Open(ctx, path, engine.Config{Threads: 1})
	if err != nil {
		return err
	}
	return errors.Join(use(ctx, m), m.Close())
}
