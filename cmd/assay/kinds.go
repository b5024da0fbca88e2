package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
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

// checked is what came of checking an answer again.
type checked struct {
	finding wire.Finding
	body    any    // the rest of it, as --json shows it
	words   string // all of it, for a person
	// isTrue reports whether the card of the judge with this hotkey says the same.
	isTrue func(c *wire.Card, hotkey protocol.PublicKey) bool
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
	if f == wire.FindingUnopened {
		return "unopened: sealed, and not opened in time", nil
	}
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
