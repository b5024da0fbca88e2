package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// taskKind is what a person sees of one kind of tasks, and how an answer to one
// is checked again. The bodies are those of a node's JSON.
type taskKind struct {
	name protocol.Kind
	// task prints what is asked, answer what was answered, card why a judge found
	// what it did.
	task   func(body json.RawMessage) ([]pair, error)
	answer func(body json.RawMessage) (string, error)
	card   func(body json.RawMessage) (string, error)
	// check finds out anew what the judges found. An error means that nothing was
	// found out.
	check func(c *cli.Context, r *receipt) (*checked, error)
}

// judge is one of package scoring.
type judge interface {
	Judge(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error)
	Body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error)
}

// checked is what came of checking an answer again.
type checked struct {
	judge judge
	found scoring.Outcome
	body  any    // what was found beside the finding, as --json shows it
	words string // all of it, for a person
}

// check judges the answer of a receipt with the model of --model, which must be
// the one that the task asks.
func check(c *cli.Context, r *receipt, asked protocol.ModelID, by func(m bridge.Model) judge) (*checked, error) {
	v := &checked{}
	err := withModel(c, engineConfig(c, 0), func(m *engine.Model) (err error) {
		if id := protocol.ModelID(m.ID()); id != asked {
			return withHint(fmt.Errorf("the receipt is of model %s, this file is model %s", asked, id), "give --model the file that the network names")
		}
		v.judge = by(bridge.Model{Model: m})
		v.found, err = v.judge.Judge(c.Context, &r.Task, r.answer.Sender, r.answer.Answer.Body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// isTrue reports whether the card of the judge with this hotkey says what was
// found.
func (v *checked) isTrue(c *wire.Card, hotkey protocol.PublicKey) bool {
	body, err := v.judge.Body(&v.found, hotkey)
	return err == nil && v.found.CheckCard(c, body) == nil
}

// codeWords says how an answer compares with a judge's own run: table has the words
// of the codes that come with a place.
func codeWords[C ~string](table map[C]string, code C, place string) string {
	how, ok := table[code]
	switch {
	case code == C(inference.CodeExact):
		return "equal, bit for bit"
	case ok:
		return fmt.Sprintf("%s %s (%s)", how, place, code)
	}
	return printable(string(code))
}

// taskKinds has all kinds that are judged, in the order of package kinds.
func taskKinds() []taskKind { return []taskKind{inferenceKind(), judgementKind(), syntheticKind()} }

// taskKindOf returns a kind; for one that the program does not have, it prints
// bodies as they came, and checks nothing.
func taskKindOf(name protocol.Kind) taskKind {
	for _, k := range taskKinds() {
		if k.name == name {
			return k
		}
	}
	asIs := func(body json.RawMessage) (string, error) { return printable(string(body)), nil }
	return taskKind{
		name: name,
		task: func(body json.RawMessage) ([]pair, error) {
			return []pair{
				{"body", printable(string(body))},
				{"", fmt.Sprintf("this program does not have the kind %s: what is asked, answered and found is shown as it came", printable(string(name)))},
			}, nil
		},
		answer: asIs,
		card:   asIs,
		check: func(*cli.Context, *receipt) (*checked, error) {
			return nil, withHint(fmt.Errorf("the signatures hold, but this program does not have the kind %q and cannot check its answers", name), "take a newer one")
		},
	}
}

// cardWords says what is on a card: its finding, and why.
func (k *taskKind) cardWords(f wire.Finding, body json.RawMessage) (string, error) {
	why, err := k.card(body)
	return string(f) + ": " + why, err
}

// bodyOf makes a printer of one that takes the body as a T.
func bodyOf[T, R any](fn func(*T) R) func(json.RawMessage) (R, error) {
	return func(body json.RawMessage) (R, error) {
		var v T
		if err := json.Unmarshal(body, &v); err != nil {
			var none R
			return none, fmt.Errorf("a body that is none: %w", err)
		}
		return fn(&v), nil
	}
}
