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
	if err := answerAndVerify(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 5 tokens, then length
	// equal: true
	// another token: token at 2
	// another miner: hidden state at 0
}

func answerAndVerify(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "tiny.gguf") // in place of a model that was fetched
	if err := enginetest.Write(path, enginetest.Options{}); err != nil {
		return err
	}
	m, err := engine.Open(ctx, path, engine.Config{Threads: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()

	prompt, err := m.Tokenizer().Chat([]tokenizer.Message{{Role: "user", Content: "Why is the sky blue?"}})
	if err != nil {
		return err
	}
	run, err := m.Generate(ctx, engine.Request{
		Prompt: prompt, Settings: engine.Settings{MaxTokens: 5}, // greedy
		Binding: engine.Binding{Hotkey: [33]byte{2, 1}, Task: [32]byte{7}}, // whose answer it is, to what
	}, nil)
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
}
