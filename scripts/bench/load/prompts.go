package main

import (
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// source is the English that prompts are cut out of.
const source = "protocol/SPEC.md"

// prompts are pieces of one text, in a model's tokens, so that each server reads
// the same ones.
type prompts struct {
	text []int32
	head []int32 // what the model has before each text
	rng  *rand.Rand
}

func newPrompts(model string, seed uint64) (_ *prompts, err error) {
	f, err := gguf.Open(model)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	t, err := tokenizer.New(f)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(source)
	if err != nil {
		return nil, fmt.Errorf("%w; run it where the repository's files are", err)
	}
	p := &prompts{rng: rand.New(rand.NewPCG(seed, 0))}
	if p.text, err = t.Encode(string(text), tokenizer.Options{}); err != nil {
		return nil, err
	}
	if id, ok := t.BOS(); ok && t.AddBOS() {
		p.head = []int32{id}
	}
	return p, nil
}

// next is the next prompt, of n tokens.
func (p *prompts) next(n int) []int32 {
	n -= len(p.head)
	at := p.rng.IntN(len(p.text) - n)
	return append(append([]int32{}, p.head...), p.text[at:at+n]...)
}
