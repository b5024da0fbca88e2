// Package draft guesses the next tokens of one sequence from what stands in it
// already: a Lookup finds where its last tokens stood before, and takes what
// followed there (prompt lookup decoding: Saxena, 2023; Yang et al., "Inference
// with Reference", arXiv:2304.04487). So text that is edited, quoted or
// repeated is foreseen, without a second model.
//
// With each guess comes how likely it is to be right, which is counted as the
// sequence grows, whether anybody tries the guesses or not. Who tries them, and
// that a wrong one leaves no trace, is package sched's affair; what is guessed
// decides how fast an answer comes and never what it is.
//
// A Lookup knows one sequence and nothing of any other, so nobody learns from
// its speed what somebody else has asked.
package draft
