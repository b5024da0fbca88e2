// Package schema checks records against the JSON Schema (draft 2020-12) of a
// request, and refuses schemas that would cost more than they are worth: what
// references repeat is counted before anything runs, a schema that refers to
// itself or beyond itself is refused, and patterns are bounded by the size of
// the automaton that they become. What a schema is worth times what a record is
// bounds the work of a record. It is the only home of the library. SPEC.md,
// section 21, says all of it in words.
//
// The language is the draft's without: references that are no JSON Pointer
// into the schema itself, anchors, identifiers and dynamic scope;
// unevaluatedProperties and unevaluatedItems; and patterns are of a small language
// of their own (pattern.go), without what changes with Unicode's tables. format and
// content… say nothing about validity, as in the draft.
package schema
