// Package extras writes what a machine wants beside a program: its man page, the
// completion of shells, and a unit of systemd. Start reading at [Write].
package extras
