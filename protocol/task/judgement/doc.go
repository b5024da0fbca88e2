// Package judgement is the task kind "judgement", the engine lane of preference: a
// model says which of two responses it prefers, and shows by a fingerprint that it
// was run over both. Here are the bodies of its tasks, answers and cards, and the
// words in which the model is asked.
//
// The pair is shown in both orders, for models favour a place. What counts is the
// next token after each: how much rather it is the letter of response A than that
// of B, in logits. No logarithm is taken and nothing is sampled, so that the answer
// is a few bits that are the same everywhere ([Result.Margin]).
//
// Pairs are drawn from the task's id (package pair) and written by a program alone:
// that needs no run, so that a task is there for all at once. There are no golds in
// this lane; an answer is worth its run. Raters of the people's lane, whose answers
// nobody can run again, are paid by other rules and another share.
//
// Running is the engine's. Start reading at body.go, then [Conversations].
package judgement
