// Package apitest makes a small network's state at a fixed height, with keys and
// numbers that are the same each time, for tests of what is shown of it: by the
// handlers of package api, and by the commands that ask them.
//
// It is no simulation: the records are written as a network could have left
// them, and money adds up. Start reading at [New].
package apitest
