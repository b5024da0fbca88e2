// Package sandbox runs Python programs that nobody has read, and finds the same of
// them on every machine: how they ended, what they wrote, and how much fuel they
// took. The interpreter is MicroPython for WebAssembly, embedded (micropython.wasm;
// origin and licences are in licences/) and metered by package meter; the engine
// is wazero, of which this is the only home.
//
// A program has its own text and memory, and nothing else: no file, socket,
// process, clock, chance, environment or input. What it asks the system for is
// answered in system.go: it may write to two streams, up to a limit, and end.
package sandbox
