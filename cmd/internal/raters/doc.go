// Package raters simulates who rates preference pairs, honest people and those
// who would be paid for less, and shows what the score of package preference
// makes of them. Worlds are seeded, each by its number, so that a table depends
// on scenario, seed and number of worlds alone. Chance and people are floats
// here; what is scored is what the network scores.
//
// scenario.toml is the scenario that ships, with every assumption. Start
// reading there, then at [Run].
package raters
