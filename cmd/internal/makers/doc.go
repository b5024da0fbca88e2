// Package makers simulates who makes records of synthetic data for a request,
// honest makers and those who would be paid for less, and shows what the gates of
// package scoring/synthetic make of them. Worlds are seeded, each by its number, so
// that a table depends on scenario, seed and number of worlds alone. Chance and
// prose are made up here; what is judged is what the network judges, by its rules.
//
// scenario.toml is the scenario that ships, with every assumption. Start reading
// there, then at [Run].
package makers
