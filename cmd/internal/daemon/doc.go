// Package daemon is what running a miner and running a validator have in
// common: what a home holds is opened in order, each mistake giving one line
// that says what to do ([Open]); components live side by side until a signal,
// and stop within five seconds ([Daemon.Live]).
//
// What the two roles are made of is wired in cmd/miner/run.go and
// cmd/validator/run.go.
package daemon
