package main

import "github.com/assaynet/assay/cmd/internal/keyflags"

// The flags of every command that uses a key file, and what follows from them.
var (
	keyDirFlags     = keyflags.Dir
	passphraseFlags = keyflags.Passphrase
	keyDir          = keyflags.DirOf
	openKeystore    = keyflags.Open
	readPassphrase  = keyflags.Read
	keyHint         = keyflags.Hint
)
