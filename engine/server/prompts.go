package server

import (
	"bytes"
	"encoding/json"

	"github.com/assaynet/assay/engine"
)

// takePrompts takes what is to be gone on from: one prompt, or a list of them,
// each of which read makes tokens of once the model is there.
func (a *asked) takePrompts(raw json.RawMessage, read func(json.RawMessage, *engine.Model) ([]engine.Token, error)) error {
	list, err := promptsOf(raw)
	if err != nil {
		return err
	}
	a.field, a.many = "prompt", len(list)
	if n := a.answers(); n > maxChoices {
		return refuse(a.field, "%d answers are asked for to %d prompts; at most %d at once", n, a.many, maxChoices)
	}
	a.write = func(m *engine.Model) ([]engine.Token, error) {
		for _, one := range list[1:] {
			ids, err := read(one, m)
			if err != nil {
				return nil, err
			}
			a.more = append(a.more, ids)
		}
		return read(list[0], m)
	}
	return nil
}

// promptsOf is the prompts of a field, of which there is one at least. A list that
// has a number holds token ids, beside texts or not, and is one prompt; any other
// is a list of prompts, of which no more are kept than may be asked for.
func promptsOf(raw json.RawMessage) ([]json.RawMessage, error) {
	one := []json.RawMessage{raw}
	if len(raw) == 0 || raw[0] != '[' {
		return one, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	_, _ = d.Token() // it was a list a moment ago
	var list []json.RawMessage
	more := false
	for d.More() {
		var p json.RawMessage
		if err := d.Decode(&p); err != nil {
			return nil, refuse("prompt", "prompt is not what it is to be: %v", err)
		}
		switch {
		case p[0] == '-' || '0' <= p[0] && p[0] <= '9':
			return one, nil
		case string(p) == "null":
			return nil, refuse("prompt", "a prompt of the list is null")
		case len(list) == maxChoices:
			more = true // unless a number comes
		default:
			list = append(list, p)
		}
	}
	switch {
	case more:
		return nil, refuse("prompt", "at most %d prompts can be given at once", maxChoices)
	case len(list) == 0:
		return one, nil
	}
	return list, nil
}
