// Package simulation is what the simulations of raters and of makers share: how a
// scenario is read, how worlds are made, and how a result is written and drawn.
// A world is seeded by its number, so that a result depends on scenario, seed and
// number of worlds alone. [Curves] is drawn of other things, too.
package simulation
