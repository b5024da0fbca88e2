// Package fixed provides the fixed-point arithmetic of everything that
// validators agree on.
//
// Two implementations of the ledger must reach the same bits, so every
// operation says how it rounds and what it does at the edge of its range, and
// none of them can fail silently or panic:
//
//	add, sub      saturate at the ends of the range
//	mul           takes the full product and rounds down (also below zero), then saturates
//	div           truncates toward zero, then saturates; a division by zero gives zero
//	int to fixed  saturates
//	fixed to int  rounds down, then saturates
//	Round         to the nearest integer, halves away from zero
//
// [I32F32] is the number of the epoch: a share, a weight, a bond. [I64F64]
// holds stake while it is brought to shares. A proportion on the ledger is a
// uint16 of which 65535 means one: [FromProportion] and [I32F32.Proportion].
//
// The rounding is that of Bittensor's chain, whose recorded epochs the package
// yuma reproduces. The tests compare each operation with an oracle in math/big.
//
// Start reading at i32f32.go.
package fixed
