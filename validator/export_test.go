package validator

import "context"

// ReasonOf is the word under which a test expects an error to be counted.
var ReasonOf = reasonOf

// FindingsOf says where findings stand.
var FindingsOf = findingsOf

// Tolerate is what Run does with an error of a step.
func Tolerate(v *Validator, err error) error { return v.tolerate(context.Background(), err) }

// SpreadOf says how much before its end a chain is followed by another.
var SpreadOf = spreadOf

// ChainSpread bounds SpreadOf.
const ChainSpread = chainSpread
