// Package half converts between binary32 and binary16, of which model files and
// pages of keys and values are made: exactly one way, to nearest even the other
// (arith/SPEC.md §1). Everything that reads or keeps such numbers uses it.
package half
