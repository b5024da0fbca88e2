// Package gbnf turns grammars in the language of llama.cpp's .gbnf files into
// automata: rules "name ::= …" of texts in quotes, classes of characters, names of
// rules, parentheses, bars, and *, +, ?, {m,n} behind a symbol; the text is that
// of the rule root. What tokens are named by their ids is refused, and so is a
// rule that begins with itself. # begins a comment.
package gbnf
