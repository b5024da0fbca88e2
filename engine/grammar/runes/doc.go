// Package runes holds finite automata over Unicode characters and the sets of
// texts that they stand for: what the strings, property names and numbers of a
// grammar are made of before they become bytes. A [DFA] is deterministic, so
// sets can be intersected, joined and complemented exactly; that is what makes
// "a name that is none of these" or "a string of this pattern and not of that
// one" a set like any other.
//
// The alphabet is the Unicode scalar values, so surrogates are in no text. All
// bounds are counted in states and transitions ([MaxStates], [MaxCells]), never
// in time: what is refused is refused on every machine.
package runes
