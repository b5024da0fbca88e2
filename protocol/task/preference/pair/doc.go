// Package pair makes the pairs of responses that raters compare. Nobody writes a
// pair and nobody chooses one: [Make] is a pure function of a setter's seed and of
// the bits of the network's model, so that whoever has the seed, once it is
// opened, makes the same pairs again. [Draw] makes one without a model.
//
// A pair is a question with one right answer and two responses. Each response
// states an answer (the value) in a manner of speaking: a greeting, a form of
// words, a remark at the end. The manners of both are drawn, in every pair alike;
// they are what is to be preferred where the values do not decide.
//
//	ordinary   both values are right (a neutral edit), or both are wrong
//	break      a gold: the model answers the question rightly; one response has
//	           its value, the other a wrong one that the program put in its place
//	repair     a gold: the model answers wrongly; one response has its value, the
//	           other the right one
//
// There are as many repairs as breaks, so a signal that follows the model (which
// value it would give itself) is as often right about golds as wrong: it finds the
// breaks and is fooled by the repairs. What a response looks like is balanced, too:
// the manners of golds are exchanged between their two values until the longer
// response, the one that the model finds likelier by mean or by its least likely
// token, and the one that it prefers are each right on as many golds as wrong
// (arrange.go). Golds and ordinary pairs have the same questions, values and
// manners, and which value came from a model's run shows nowhere.
//
// The tests of this package follow the signals with a real model, for each build:
// each may be right on 45 to 55 % of golds, and tell golds from ordinary pairs with
// an area under the curve of at most 0.65; make test looks at 40 golds, make
// signals at 320.
//
// Start reading at [Make].
package pair
