// Package marks makes of text what a person can compare safely: two texts with
// the words in which they differ marked ([Compare]), and each with what cannot be
// seen made visible ([Text]): a character that turns the direction of writing, or
// hides, could make a text look like another.
//
// Both are pure. Texts may be hostile: a comparison costs at most a few
// milliseconds and megabytes, and what is too long for that is marked whole.
package marks
