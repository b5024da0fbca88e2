// Package preference scores the raters of one lane: from pairs of responses,
// what each rater answered, and the golds among them, it makes what each is
// paid. It is a pure function of its input, in integers: whoever has the same
// pairs, in any order, has the same score to the unit.
//
// Two things pay. Golds, whose right side a setter's secret decided, say
// whether a rater can tell: the gate. Agreement with others on ordinary pairs,
// beyond what the cheap signals of the pair's stratum explain, says whether it
// does so when it cannot know that it is looked at: the pay. Neither pays alone.
// protocol/SPEC.md has every formula; the files here are in its order:
//
//	golds.go   how sure we are that a rater tells golds apart
//	agree.go   what pairs of raters agree on beyond a stratum's habit
//	voices.go  which raters are one, though they sit on several seats
//	score.go   the pay that follows
//	lane.go    what a lane pays of its share
//
// All quantities are in 65536ths and every division truncates toward zero.
// [Book] takes pairs of any number of epochs; what an epoch leaves to the next
// is a [Carry]. Start reading at [Book].
package preference
