// Package grammar tells which tokens a model can say next so that its answer comes
// out as a text of a grammar.
//
// A grammar is rules over bytes that may enter each other and themselves
// ([Builder], [Automaton]). Packages jsonschema, regex, gbnf and marked write
// them; package runes holds the sets of strings that they are made of. A
// [Vocabulary] is the bytes of a model's tokens in a trie, and a [Program] both
// together:
//
//	p, err := grammar.NewProgram(automaton, vocabulary)
//	at := p.Start()
//	mask, err := p.Allowed(at) // choose one of them
//	at, ok = p.Advance(at, token)
//
// The contract: a mask is a function of the grammar, the version of the rules
// ([Rules]), the vocabulary and the tokens so far, and of nothing else. It has
// every token after whose bytes the text is still the beginning of a text of the
// grammar, and the tokens that end an answer where the text is one. A mask without
// any is [ErrNoToken]. All bounds are counted, in states, threads and steps, so a
// machine refuses what every other one refuses.
//
// Start reading at automaton.go, which says how a text is read, then mask.go.
package grammar

// Rules is the version of the rules by which a schema, an expression or a grammar
// becomes a set of texts, and that a mask. Whoever runs an answer again needs the
// same.
const Rules = 1
