// Package daemon is what running a miner and running a validator have in
// common: what a home holds is opened in order, each mistake giving one line
// that says what to do ([Open]); components live side by side until a signal
// ([Daemon.Live]). From a signal on, or from when a component has failed, opening,
// living and closing together have five seconds, and a second signal ends the
// process at once; either says what was waited for.
//
// What the two roles are made of is wired in cmd/miner/run.go and
// cmd/validator/run.go.
package daemon
