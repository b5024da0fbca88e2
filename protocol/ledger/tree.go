package ledger

// Reader reads the state. Nobody changes the values that it gives.
type Reader interface {
	// Get returns the value of key, nil when there is none.
	Get(key []byte) ([]byte, error)
	// Iterate calls fn for every key that begins with prefix, in the order of
	// the bytes, until fn returns false. The tree must not be changed meanwhile.
	Iterate(prefix []byte, fn func(key, value []byte) bool) error
}

// Tree is the state that a block changes. Set and Remove act at once for
// following reads; what makes them durable is the caller's.
type Tree interface {
	Reader
	Set(key, value []byte) error
	Remove(key []byte) error
}
