// Package sched runs many sequences on one model at once. It decides what each
// step of the model computes and knows nothing of arithmetic: a Backend
// (package backend) computes, and gives a sequence the same bits in any
// company, so no decision made here changes a result.
//
// A step takes one token of every sequence that is being continued, and then,
// within a budget, tokens of prompts: prompts are cut into chunks and never
// keep those who wait for their next token waiting for long. Callers take
// turns: the one that has had the fewest tokens computed goes first, both for a
// free place and for the budget (as in Sheng et al., "Fairness in Serving Large
// Language Models", OSDI 2024, with every token counting one), and so do the
// users of one caller among themselves. Of a user's own prompts the one that
// came first has a quarter, and the shortest the rest. Of large batches some
// places, and of the memory an eighth, may be kept for users and callers that have
// none. So who asks once is
// behind others by no more than what a step takes of their prompts, while one of
// these is free and what it asks for fits that memory, and else by the shortest of
// the answers in the making.
//
// Keys and values lie in pages of 64 positions, which sequences that begin
// alike share: with one that has ended, with one that runs, and a sequence that
// could share what another is about to compute waits for it, so that a common
// prompt is computed once. All pages that a sequence may ever need are reserved
// before it starts; so memory never runs out half way. What does not fit now
// waits, what can never fit is refused with backend.ErrMemory, and where too
// many wait, with ErrBusy.
//
// New makes a Scheduler, Run is its life, Start hands it a Task. A task ends
// with its context, within one step. Start reading at task.go, then step.go
// (what a step is made of), share.go (how much of which prompt), admit.go (who
// comes next), turns.go (whose turn it is) and pages.go (who holds which memory).
package sched
