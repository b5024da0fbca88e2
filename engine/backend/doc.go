// Package backend is the seat of whatever runs a model: the processor's kernels
// (package native), the reference in Go (package arith), or a device with
// memory of its own. It is the contract between those who ask for steps
// (package sched, and package engine above it) and those who compute them. A
// backend can be written from this page and arith/SPEC.md alone; package
// backendtest is the same in tests, and no backend is chosen that does not pass
// them.
//
// # Bits
//
// A Backend runs one model, which package weights has loaded. What it computes
// is AC1: every state, every logit and every choice has the bits that SPEC.md
// defines. They are a function of the model and of the tokens up to the
// position. Nothing else changes them: not what else runs in the step, not how
// a sequence is cut into pieces or shares pages with others, not threads,
// devices, or what lay in memory before. So two backends are told apart by
// their speed alone. NaN payloads are no bits: what is not finite is a failure,
// below.
//
// # Steps
//
// All computing is done in Step. It takes pieces, each the next tokens of one
// sequence, with the sequence's Cache. A piece says how many of its last
// positions are wanted (Keep) and what of each (Want): the state, which a
// fingerprint is made of; the likeliest token, which is all that a greedy
// answer and its verification need; the logits, which drawing a token needs. A
// backend hands over what is wanted and nothing more: a vocabulary of floats
// that nobody reads stays where it was made, on a device not even copied. It
// does so by calling the piece's Each within Step, once for each wanted
// position, in any order and on any goroutines, and counts the calls in Ran.
// What it hands over is the backend's again when Each returns. Where a caller
// hashes states, a backend that waits for a device may call the piece's Hash
// meanwhile, and hands over what that said: it depends on the state alone.
//
// The scheduler calls Step from one goroutine, one step at a time, of at most
// Budget tokens beside those of sequences that are being continued. A step
// cannot be cancelled. Calls are cancelled between steps, so Budget is what
// bounds how long those who wait or give up wait: a backend chooses it so that
// a step takes less than half a second.
//
// # Memory
//
// Keys and values lie in pages of PageLen positions, in the backend's memory,
// wherever that is. The scheduler counts them: it reserves all pages that a
// sequence may ever have before it begins, by PageBytes, and never has more in
// use than its limit. Where tokens of a step were guesses that turn out wrong,
// their positions are the last of their sequence and it takes them back with
// Truncate, before anything else is done with the cache. A backend may take memory
// for a page when it is first written to, and keeps or gives back those that
// nobody holds as it likes. A Cache is the scheduler's handle of a sequence. Fork
// shares whole pages, so nobody writes to a position twice; pages are counted by
// the backend, and a page is free when the last cache that has it was released.
//
// Where there is no memory, nothing is lost: a Fork has fewer positions than
// asked for; a piece ends with ErrMemory and leaves its cache as it was; a
// whole step ends with ErrMemory, and what caches held before it may be forked
// and gone on with.
//
// Several devices are one Backend (package split). Which of them holds a page or
// a layer is its own affair, and what has to move between them it moves in Step;
// PageBytes is then what a page takes where memory is scarcest. It is made of
// backends of parts of the model (weights.Model.Part), which owe all that is
// said here, but that a part without the first layer begins with the residual
// stream of its pieces, and one without the last can give nothing but its own.
//
// What memory is left for pages a backend says in About, where it knows.
//
// # Failures
//
// Four things can go wrong, and each has its place.
//
//   - A piece asks for what cannot be: a token outside the vocabulary
//     (ErrToken), more positions than the context (ErrContext). That is the
//     piece's own Err; its cache is as it was, and the other pieces run.
//   - The model fails at a position (SPEC.md §1): a *FailedError in the piece's
//     Err, with the smallest such position. The positions before it are
//     computed in full, the cache holds them, and those of them that are wanted
//     are handed over. A key or value that is not finite fails wherever it is,
//     a state only where it or more is wanted, a logit only where tokens or
//     logits are. The other pieces run.
//   - There is no memory, see above.
//   - The backend is lost: its file was cut off (ErrFile), its device failed
//     (ErrDevice). Then Step returns that error, from that step on for ever,
//     and so does Check. Whoever computes in memory that may be torn away, or
//     on a device that may hang, notices it before Step returns: results that
//     were made of anything but the model's weights would convict an honest
//     miner.
//
// An error of Step means that nothing can be said of any piece: what Each was
// told does not count, and of its cache no more than the positions before the
// step is what it was.
//
// # Life
//
// A backend is made of weights.Model, which lives as long as it does. Making it
// takes all memory but that of pages, or fails with ErrMemory, with
// ErrUnavailable where this build or machine cannot have such a backend, or
// with ErrUnsupported where it does not compute such a model; then another
// backend may. Close ends it, when no step is in progress, and gives back
// everything but pages that caches still hold; those follow when they are
// released, which works after Close and after a loss. Only Check, Release and
// the methods of caches are called while a step runs; Check and Release from
// any goroutine.
package backend
