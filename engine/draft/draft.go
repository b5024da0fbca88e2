package draft

// How a source is found and followed.
//
// The last two tokens name the places where they stood before: a map has the
// last such place, and every place has the one before it. Of at most maxPlaces
// of them the one is taken that has most tokens before it in common with the
// end of the sequence, the latest among equals. It is followed, token by token,
// as long as it is right, and left for a better one only while it is short.
//
// Where a source of some length turns out wrong, a word may have been replaced:
// the place behind the wrong token is tried until another source is found.

const (
	// maxPlaces bounds the places that are compared, so that a text of one
	// repeated word costs no more than others.
	maxPlaces = 32
	// maxCommon bounds how far back they are compared.
	maxCommon = 32
	// settled is the length from which on a source is followed and no other
	// looked for.
	settled = 8
)

// Lookup guesses the next tokens of a sequence. It is for one goroutine at a
// time.
type Lookup struct {
	tokens []int32
	last   map[uint64]int32 // of two tokens: the position behind their last place
	before []int32          // by position: the one behind the place before that, 0 for none

	source int // the position whose token comes next in what is followed; 0 for none
	common int // tokens before it that are those at the sequence's end; 0 behind a wrong one
	rates  [bands]rate
}

// New returns a Lookup of a sequence that begins with tokens.
func New(tokens []int32) *Lookup {
	l := &Lookup{last: make(map[uint64]int32, len(tokens)), rates: startingRates()}
	for _, id := range tokens {
		l.append(id)
	}
	l.find()
	return l
}

// Add says which token follows.
func (l *Lookup) Add(id int32) {
	resume := 0
	if l.source > 0 {
		right := l.tokens[l.source] == id
		l.rates[band(l.common)].count(right)
		l.source++
		switch {
		case right:
			l.common++
		case l.common >= settled:
			resume, l.source = l.source, 0
		default:
			l.source = 0
		}
	}
	l.append(id)
	if l.source == 0 || l.common < settled {
		l.find()
	}
	if l.source == 0 && resume > 0 && resume < len(l.tokens) {
		l.source, l.common = resume, 0
	}
}

func (l *Lookup) append(id int32) {
	l.tokens = append(l.tokens, id)
	n := len(l.tokens)
	l.before = append(l.before, 0)
	if n < 2 {
		return
	}
	pair := pairOf(l.tokens[n-2], id)
	l.before[n-1] = l.last[pair]
	l.last[pair] = int32(n)
}

func pairOf(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// find takes the best source, if it has more in common with the end than the
// one that is followed.
func (l *Lookup) find() {
	n := len(l.tokens)
	if n < 3 {
		return
	}
	best := l.common
	if l.source == 0 {
		best = 0
	}
	at := l.before[n-1]
	for range maxPlaces {
		if at == 0 {
			return
		}
		if m := l.commonAt(int(at), n); m > best {
			best, l.source, l.common = m, int(at), m
		}
		at = l.before[at-1]
	}
}

// commonAt counts the tokens before two positions that are equal, up to
// maxCommon.
func (l *Lookup) commonAt(a, b int) int {
	m := 0
	for m < maxCommon && m < a && l.tokens[a-1-m] == l.tokens[b-1-m] {
		m++
	}
	return m
}

// Guess returns at most so many guesses of the next tokens, in order, and of
// each the probability that it and all before it are right. It may be none.
func (l *Lookup) Guess(most int) (tokens []int32, likely []float64) {
	if l.source == 0 {
		return nil, nil
	}
	p := 1.0
	for i := range most {
		var id int32
		if at := l.source + i; at < len(l.tokens) {
			id = l.tokens[at]
		} else {
			id = tokens[at-len(l.tokens)] // what is followed has come to the end: it repeats
		}
		p *= l.rates[band(l.common+i)].likely()
		tokens, likely = append(tokens, id), append(likely, p)
	}
	return tokens, likely
}
