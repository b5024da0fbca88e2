package keystore

import "golang.org/x/sys/unix"

// The calls by which Linux tells and takes the state of a terminal.
const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)
