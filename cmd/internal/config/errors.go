package config

import "errors"

var (
	// ErrNoHome says that a home is missing, or not finished.
	ErrNoHome = errors.New("no home")
	// ErrHome says that a home is not as it must be.
	ErrHome = errors.New("wrong home")
	// ErrFile says that config.toml cannot be read.
	ErrFile = errors.New("wrong config file")
	// ErrValue says that a setting has a value that makes no sense.
	ErrValue = errors.New("wrong setting")
	// ErrNotRunning says that no daemon runs on a home.
	ErrNotRunning = errors.New("not running")
)
