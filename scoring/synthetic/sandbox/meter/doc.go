// Package meter rewrites a WebAssembly module so that a run of it is counted and
// is the same on every machine and engine:
//
//   - fuel: each function's entry and each loop's head takes off one unit, so
//     that between two of them there is no more to do than a function is long.
//     What works on many bytes at once (memory.fill, memory.copy, table.grow,
//     …) takes off one for each 64 bytes or elements, memory.grow 1024 for each
//     page. At less than none the run traps.
//   - depth: every function counts how many are open, and traps above [MaxDepth],
//     which is below what any engine's own stack holds.
//   - not-a-number: the result of every floating-point operation that may be one
//     is made the same one. Processors differ in its bits.
//
// The counters are globals of the module, out of reach of its own code, the fuel
// exported as [FuelExport]. [Rewrite] is a decoder of hostile bytes: what it does
// not know, it refuses, and a module that passes is still validated by the engine.
package meter
