// Package engine runs language models so that one machine can convict another of lying: every run has the same bits on every
// machine, and Verify recomputes one and says whether, where and in what it differs. It is what the rest of the project sees of
// the engine; it knows nothing of the network.
//
// Open maps a GGUF file and starts the threads that compute; Close stops them. Generate answers a prompt, Verify checks an
// answer, Perplexity scores a text. A Model is safe for concurrent use; each call is cancelled by its context within one piece
// of work (at most 32 tokens). Threads, order and company never change a result.
//
// What it leaves to others: package arith computes (SPEC.md there is the law), package fingerprint hashes, package tokenizer
// turns text into ids and back. Start reading at request.go (the nouns), then generate.go and verify.go.
package engine
