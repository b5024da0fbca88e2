package sched

// Token is a token's id.
type Token = int32

// PageLen is how many positions a page of keys and values holds.
const PageLen = 64

// Backend runs a model. The Scheduler calls it from one goroutine at a time.
type Backend interface {
	NewCache() Cache
	// PageBytes is the memory that PageLen positions of a sequence take.
	PageBytes() int64
	// Budget is how many tokens a step may have, so that it ends soon enough for those who wait or give up.
	Budget() int
	// Step runs the pieces, of different caches each, and calls their Each. An error means that nothing can be said of any piece.
	Step(pieces []*Piece) error
}

// Cache is the keys and values of one sequence.
type Cache interface {
	// Len returns the number of positions, Tokens the tokens at them.
	Len() int
	Tokens() []Token
	// Fork returns a cache of the first n positions, n ≤ Len, or of fewer where there is no memory: whole pages are shared, the
	// rest of a page is copied. Both may be continued; nobody writes to positions that there are.
	Fork(n int) Cache
	// Release gives the memory back that no other cache shares. It is the last call.
	Release()
}

// Piece is the next tokens of one sequence.
type Piece struct {
	Cache  Cache
	Tokens []Token // at least one
	Keep   int     // how many of the last tokens' states are wanted
	Bare   bool    // no logits are wanted
	// Each is called within Step for each of the last Keep tokens, i from 0, in any order and on any goroutines; best is the index
	// of the largest logit. The slices are valid within the call only. Where Bare, logits is nil.
	Each func(i int, state, logits []float32, best Token)

	Ran int   // out: how many of the Keep were computed, from 0 on
	Err error // out: of this piece alone; the cache holds the positions before the one that failed
}
