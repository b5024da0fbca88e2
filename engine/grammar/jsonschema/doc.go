// Package jsonschema turns JSON schemas (draft 2020-12) into automata of the texts
// of their values: [Compile].
//
// # How a value is written
//
// Properties that a schema names come in the order in which it names them, then
// those that it only requires, then all others. Between two marks there is nothing,
// a space, or a line feed with up to 32 spaces or 8 tabs; there is none before and
// after the value. An integer has no fraction, no number but an unconstrained one
// an exponent, and at most 40 digits are before and behind the point. A string has
// its characters as they are where JSON lets it; where any character can follow,
// every escape that JSON has, too.
//
// # What is done
//
// type, enum, const; minimum, maximum, exclusiveMinimum, exclusiveMaximum,
// multipleOf; minLength, maxLength, pattern, format; prefixItems, items, contains,
// minContains, maxContains, minItems, maxItems, unevaluatedItems; properties,
// patternProperties, additionalProperties, required, minProperties, maxProperties,
// propertyNames, dependentRequired, dependentSchemas, unevaluatedProperties; allOf,
// anyOf, oneOf, not, if, then, else; $ref, $defs, $id, $anchor, and $dynamicRef
// where one schema alone has its name. References may lead back. format is
// asserted. Annotations are passed over.
//
// Everything else is refused with [ErrUnsupported] before the first token: unknown
// keywords, formats that are not known, references out of the schema (nothing is
// ever fetched), uniqueItems of items that can have more than ten values, and
// minProperties above what the schema names and one. Nothing is ever accepted that
// the schema forbids.
//
// # How
//
// A value's kind is a set of literals: schemas that hold, and schemas that do not.
// Of the simple types the sets of values are computed exactly (simple.go,
// numbers.go, package runes). What is asked of arrays and objects becomes a
// disjunction of conjunctions of claims (claims.go, parts.go), each of which
// becomes states (arrays.go, objects.go), with the literals of items and of values
// as rules of their own. There are finitely many, so schemas that lead back to
// themselves end.
package jsonschema
