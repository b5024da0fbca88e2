package grammar

import (
	"fmt"
	"slices"
)

// Program is a grammar over a vocabulary: what it allows after tokens. It is safe
// for concurrent use.
type Program struct {
	a *Automaton
	v *Vocabulary
}

// NewProgram puts a grammar and a vocabulary together. A vocabulary without an
// end of an answer is [ErrNoToken], for no answer could end.
func NewProgram(a *Automaton, v *Vocabulary) (*Program, error) {
	if len(v.ends) == 0 {
		return nil, fmt.Errorf("%w: no token ends an answer", ErrNoToken)
	}
	return &Program{a: a, v: v}, nil
}

// Position is how far an answer is. It does not change.
type Position struct {
	at    *place
	begun bool // some text came
	ended bool
}

// Start is the position of an empty answer.
func (p *Program) Start() Position {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	return Position{at: p.a.start}
}

// Allowed returns the tokens that can come next: those with which the answer is
// still the beginning of a text of the grammar, and ends where it is one. The
// caller does not change the mask. Errors: [ErrNoToken], where there is none;
// [ErrLimit].
func (p *Program) Allowed(at Position) (*Mask, error) {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	if at.ended {
		return nil, fmt.Errorf("%w: the answer has ended", ErrNoToken)
	}
	here := p.a.current(at.at)
	mask, err := p.a.maskOf(p.v, here)
	if err != nil {
		return nil, err
	}
	if p.v.space && !at.begun {
		if mask, err = p.first(here, mask); err != nil {
			return nil, err
		}
	}
	if here.complete {
		mask = mask.clone()
		for _, id := range p.v.ends {
			mask.set(id)
		}
	}
	if mask.Count() == 0 {
		return nil, ErrNoToken
	}
	return mask, nil
}

// first is the mask of an answer's first token, whose space is not shown: that
// of what is behind the space.
func (p *Program) first(here *place, mask *Mask) (*Mask, error) {
	mask = mask.clone()
	for id, text := range p.v.texts {
		if text != "" && text[0] == ' ' {
			mask.words[id>>6] &^= 1 << (id & 63)
		}
	}
	if t := &p.v.all; t.spaces >= 0 {
		w := p.a.walker(p.v)
		w.mask = *mask
		for _, id := range t.at(t.spaces) {
			w.mask.set(id)
		}
		w.walk(t, here, t.spaces+1, t.skip[t.spaces], func(n int32) {
			for _, id := range t.at(n) {
				w.mask.set(id)
			}
		})
		return mask, w.failed()
	}
	return mask, nil
}

// Advance is the position after one more token; ok is false where the token is
// none that [Program.Allowed] has, but for tokens after the limits.
func (p *Program) Advance(at Position, id int32) (next Position, ok bool) {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	if at.ended || id < 0 || int(id) >= p.v.size {
		return at, false
	}
	here := p.a.current(at.at)
	if slices.Contains(p.v.ends, id) {
		at.ended = true
		return at, here.complete
	}
	text := p.v.texts[id]
	if text == "" {
		return at, false
	}
	if p.v.space && !at.begun && text[0] == ' ' {
		text = text[1:]
	}
	for i := range len(text) {
		here = p.a.step(here, text[i])
	}
	return Position{at: here, begun: true}, here != nowhere
}

// Complete reports whether the answer so far is a text of the grammar.
func (at Position) Complete() bool { return at.at.complete }
