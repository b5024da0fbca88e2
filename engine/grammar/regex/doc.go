// Package regex turns regular expressions into automata. [Compile] is for a text
// that is to match as a whole, in the language of Go's package regexp, less what
// looks at words and lines. [Search] is for the pattern of a JSON schema: an
// expression of ECMA-262 that matches anywhere, less what is not regular (groups
// that look ahead or behind, references back) or reads otherwise in both
// languages, which is refused by name.
package regex
