// Package enginetest makes tiny models: GGUF files of every architecture and
// most types of matrices, with random weights drawn from a seed, a byte-level
// vocabulary of about three hundred tokens and the ChatML format. They are
// written in milliseconds and run in milliseconds, and stand for real models
// wherever the answer's worth does not matter: engine, network and adversary
// tests.
//
// All numbers are made from integers: a file is the same, byte for byte, on
// every machine, and the weights are the same real numbers in every tensor
// type, all of which hold them exactly.
//
// [Tiny] is for tests, with [Aged] and [Open] where they cut or change the
// file, [Write] for programs, [Peers] lists the models whose logits an
// independent engine has computed, [Alter] makes the cheat's copy of any model
// file. [Real] and [Gemma] are real models, for the tests that need one.
package enginetest
