package miner

import "errors"

var (
	// ErrConfig says that a field of Config is missing or contradicts another.
	ErrConfig = errors.New("miner: bad config")
	// ErrStore says that a record could not be read or written. It ends Run: a
	// miner that cannot keep what it sealed must not seal.
	ErrStore = errors.New("miner: store")
	// ErrRecord says that the store holds what this program did not write.
	ErrRecord = errors.New("miner: corrupt record")
)
