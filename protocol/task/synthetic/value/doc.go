// Package value reads JSON (RFC 8259) from strangers: strictly, within limits
// that are looked at before anything is allocated, and without a float. What
// [Decode] accepts, every JSON reader reads alike.
package value
