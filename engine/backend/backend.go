package backend

// Token is a token's id in the model's vocabulary.
type Token = int32

// PageLen is how many positions a page of keys and values holds.
const PageLen = 64

// Backend runs a model. See the package's comment for what it owes.
type Backend interface {
	// About says what computes.
	About() About
	// NewCache returns an empty cache, without pages.
	NewCache() Cache
	// PageBytes is the memory that PageLen positions of a sequence take.
	PageBytes() int64
	// Budget is how many tokens of prompts a step may have, at least 1, so that
	// it ends soon enough for those who wait or give up.
	Budget() int
	// Step runs the pieces, of different caches each, and calls their Each. An
	// error means that nothing can be said of any piece: ErrMemory, and another
	// step may do better, or ErrFile or ErrDevice, and none will.
	Step(pieces []*Piece) error
	// Check returns ErrFile or ErrDevice where the backend is of no use any
	// more: once a step has met that, or sooner.
	Check() error
	// Close frees it; no step is in progress or follows. A second one does nothing.
	Close()
}

// About is what a backend says of itself, in short lower-case words.
type About struct {
	ISA    string // the instructions that it uses
	Layout string // how the weights lie that it reads
	Device string // the devices, by their makers' names; empty for the processor
	// Room is how many pages there was memory for when the backend was made; 0
	// where that is the machine's memory, which others use, too.
	Room int
}

// Cache is the keys and values of one sequence. Step writes to it; it is for
// one goroutine at a time.
type Cache interface {
	// Len returns the number of positions, Tokens the tokens at them, which the
	// caller does not change.
	Len() int
	Tokens() []Token
	// Fork returns a cache of the first n positions, n ≤ Len, or of fewer where
	// there is no memory: whole pages are shared, the rest of a page is copied.
	// Both may be continued; nobody writes to positions that there are.
	Fork(n int) Cache
	// Truncate forgets the positions from n on, n ≤ Len, which no Fork has seen:
	// they were tried, and are written anew when the cache is continued.
	Truncate(n int)
	// Release gives the memory back that no other cache shares. It is the last
	// call.
	Release()
}

// Want is what is wanted of a position: a sum of State, Likeliest and Logits,
// or, of a part of a model without the last layer, Residual.
type Want uint8

// The parts of a Result.
const (
	State Want = 1 << iota
	Likeliest
	Logits
	Residual
)

// Result is what was computed at a position: what the piece wants, and zero
// values for the rest.
type Result struct {
	State     []float32 // [Dims.Width], final-normed
	Likeliest Token     // the largest logit's, the lowest among equals (SPEC.md §6)
	Logits    []float32 // [Dims.Vocab]
	Residual  []float32 // [Dims.Width], as the part's last layer leaves it, finite or not
	Hash      [32]byte  // what the piece's Hash made of the state, where Hashed
	Hashed    bool
}

// Piece is the next tokens of one sequence.
type Piece struct {
	Cache  Cache   // of the Backend that runs the piece
	Tokens []Token // at least one
	// Residual is the residual stream of the tokens, [len(Tokens)][Dims.Width],
	// as the layers before have made it: for a part of a model without the first
	// layer, and nil else.
	Residual []float32
	Keep     int  // of how many of the last tokens something is wanted, 0 … len(Tokens)
	Want     Want // what; not 0 where Keep is not
	// Each is called within Step for each of the last Keep tokens that did not
	// fail, i from 0, in any order and on any goroutines. The slices are valid
	// within the call only.
	Each func(i int, r Result)
	// Hash, where not nil, is what the caller will make of each State. A backend
	// that has a state while something else computes may call it then, on any
	// goroutine, finite or not, and hands over what comes of it.
	Hash func(state []float32) [32]byte

	Ran int   // out: how many of the Keep were computed, from 0 on
	Err error // out: of this piece alone; the cache holds the positions before the one that failed
}

// Give calls Each with what the piece wants of a result.
func (p *Piece) Give(i int, r Result) {
	if p.Want&State == 0 {
		r.State = nil
	}
	if p.Want&Likeliest == 0 {
		r.Likeliest = 0
	}
	if p.Want&Logits == 0 {
		r.Logits = nil
	}
	if p.Want&Residual == 0 {
		r.Residual = nil
	}
	p.Each(i, r)
}
