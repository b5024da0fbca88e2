// Package engine runs language models so that one machine can convict another
// of lying: every run has the same bits on every machine, and Verify recomputes
// one and says whether, where and in what it differs. It is what the rest of
// the project sees of the engine; it knows nothing of the network.
//
// Open maps a GGUF file and starts the threads that compute; Close stops them.
// Generate answers a prompt, Verify and VerifyMany check answers, Score tells
// how likely texts are, Embed gives hidden states, Perplexity scores a long
// text. A Model is safe for concurrent use: all calls run together as one
// batch, callers (WithCaller) take turns, and each call ends with its context
// within one step. Threads, order and company never change a result.
//
// What it leaves to others: package weights reads models from files; package
// backend is the contract of whatever runs them, which package native does in C
// and package arith, whose SPEC.md is the law, in Go; package split makes one
// of several where a model is larger than a device; package sched decides what
// is computed when, package draft guesses tokens that are to come, as a second
// model may (second.go), package
// fingerprint hashes, package tokenizer turns text into ids and back, package
// grammar says which tokens hold an answer to a schema. Start reading at request.go
// (the nouns), then generate.go and verify.go; backend.go is the list of backends,
// place.go says where a model lies.
package engine
