package schema

// Measure is how a pattern is measured.
var Measure = measure
