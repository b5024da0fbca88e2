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
// There are as many repairs as breaks, so a signal that follows the model (how
// likely it thinks a response, which token it expects least) is as often right
// about golds as wrong: it finds the breaks and is fooled by the repairs. Golds
// and ordinary pairs have the same questions, values and manners, and which value
// came from a model's run shows nowhere. The tests of this package measure it with
// a real model, for each build: make signals with many pairs, make test with few
// and wide bounds. Over 320 golds of SmolLM2 no signal tells golds from ordinary
// pairs (areas from 0.49 to 0.65), and who comes first is right on half of them;
// length is right on 44.7 % of golds, the least likely token on 43.9 %, and the
// model's own choice on 55.3 %, each about a point or less outside of the 45 to
// 55 % that make signals demands: it says so, and fails.
//
// Start reading at [Make].
package pair
