//go:build !linux

package keystore

import "golang.org/x/sys/unix"

// The calls by which the BSDs tell and take the state of a terminal.
const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)
