package chattemplate

import (
	"errors"
	"fmt"
	"maps"

	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

// Template is a compiled chat template. It does not change; its methods are
// safe for concurrent use.
type Template struct {
	body  stmt
	known map[string]value
}

// Parse compiles a template of at most [MaxSource] bytes. Errors: [ErrSyntax],
// [ErrLimit].
func Parse(source string) (*Template, error) {
	if len(source) > MaxSource {
		return nil, fmt.Errorf("%w: a template of %d bytes, at most %d are read", ErrLimit, len(source), MaxSource)
	}
	nodes, err := syntax.Parse(source)
	switch {
	case errors.Is(err, syntax.ErrLimit):
		return nil, fmt.Errorf("%w: %w", ErrLimit, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	c := &compiler{literals: map[string]Text{}}
	return &Template{c.body(nodes), functions()}, nil
}

// Render writes the conversation and opens the assistant's turn
// (add_generation_prompt). Errors: [ErrInput], [ErrRun], [ErrLimit],
// [ErrRefused].
func (t *Template) Render(in Input) (Text, error) {
	r := &run{steps: maxSteps, bytes: minBytes + bytesPerInput*in.size(), out: &builder{}, known: maps.Clone(t.known)}
	err := r.variables(in)
	if err == nil {
		_, err = t.body(r, &scope{})
	}
	if err == nil && r.steps < 0 {
		err = r.spend(0, 0)
	}
	if err != nil {
		return Text{}, fmt.Errorf("render the chat template: %w", err)
	}
	return r.out.text(), nil
}
