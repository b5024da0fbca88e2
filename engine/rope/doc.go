// Package rope makes the tables by which models turn queries and keys with the
// position: pairs of cosine and sine, computed in binary64 and never fused,
// then rounded to binary32 (arith/SPEC.md §4). They are one for all backends:
// the host makes them, and a device copies them.
//
// New makes the Tables of a Config, which a model's file says. What turns heads
// by them is a backend's.
package rope
