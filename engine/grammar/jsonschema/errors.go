package jsonschema

import "errors"

// What can be wrong with a schema.
var (
	// ErrSchema means bytes that are no JSON schema.
	ErrSchema = errors.New("jsonschema: it is no JSON schema")
	// ErrUnsupported means a schema that asks for what is not done here, an
	// unknown keyword among it; the text says what.
	ErrUnsupported = errors.New("jsonschema: not supported")
	// ErrReference means a reference that leads nowhere, out of the schema, or
	// back to itself without a value between.
	ErrReference = errors.New("jsonschema: a reference")
	// ErrLimit means a schema above the limits.
	ErrLimit = errors.New("jsonschema: above the limits")
)

// Units of work, as those of package runes: what a schema may cost is one
// runes.MaxWork, whatever it is made of.
const (
	wayUnits   = 128 // a schema that is looked at for arrays or objects
	claimUnits = 64  // a claim that is copied
	lookUnits  = 4   // a name or claim that is looked at
	writeUnits = 8   // a transition that is written as bytes
	pairUnits  = 128 // a property or item that is written
)
