package main

import (
	"context"
	"errors"
	"sync"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
)

// alteredSeed picks which weights of the model are changed; any seed is caught.
const alteredSeed = 1

// altered runs another model and says that it was the honest one.
type altered struct {
	miner.TextModel
	claims protocol.ModelID
}

// ID returns the id of a model that is not run.
func (a altered) ID() [32]byte { return a.claims }

// copier answers with what others answered, bound to its own task as well as
// can be without running the model. It does so in all kinds that are runs.
type copier struct {
	claims protocol.ModelID
	chat   func([]inference.Message) ([]int32, error)
	text   func([]int32) string

	mu     sync.Mutex
	copied inference.Result // the newest that came by
}

// ID returns the id of a model that is not run.
func (c *copier) ID() [32]byte { return c.claims }

// Chat renders the prompt; a tokenizer costs nothing.
func (c *copier) Chat(m []inference.Message) ([]int32, error) { return c.chat(m) }

// Text says what the copied tokens are: the text of a record must be theirs.
func (c *copier) Text(output []int32) string { return c.text(output) }

// listen keeps the newest answer of anyone else.
func (c *copier) listen(_ context.Context, _ string, raw []byte) error {
	a, err := wire.ReadAnswer(raw)
	if err != nil {
		return err
	}
	r, err := inference.ReadResult(a.Answer.Body)
	if err != nil {
		record, err := synthetic.ReadRecord(a.Answer.Body)
		if err != nil {
			return err
		}
		r = &record.Run
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copied = *r
	return nil
}

// errNothing is what the copier meets until somebody answered.
var errNothing = errors.New("liar: nobody answered yet, nothing to copy")

// Generate returns the copied tokens with leaves that it computes for its own
// task from made-up states: the copied ones are bound to another hotkey.
func (c *copier) Generate(_ context.Context, r engine.Request, _ func(engine.Token)) (engine.Run, error) {
	c.mu.Lock()
	copied := c.copied
	c.mu.Unlock()
	if len(copied.Output) == 0 {
		return engine.Run{}, errNothing
	}
	run := engine.Run{Prompt: r.Prompt, Output: copied.Output, Settings: r.Settings, Binding: r.Binding, Finish: engine.Finish(copied.Finish)}
	for i, t := range copied.Output {
		position := len(r.Prompt) - 1 + i
		run.Leaves = append(run.Leaves, fingerprint.Leaf(r.Binding, position, t, copied.Leaves[i]))
		run.States = append(run.States, copied.Leaves[i]) // it plants as all do
	}
	run.Fingerprint = fingerprint.Root(run.Leaves)
	return run, nil
}
