// Package form names what the form of an answer is made of: the words for how
// it ends, and the limits of the settings with which its tokens are drawn. The
// engine and the messages of the network mean the same by them, so both have
// them from here; what is checked by them is in arith/SPEC.md, section 7.
package form

// The two ways in which an answer ends.
const (
	Stop   = "stop"   // its last token is a stop token
	Length = "length" // it has as many tokens as were asked for at most
)

// Limits of the settings.
const (
	// MaxTopK bounds top-k, so that the sum of the candidates' weights fits 32
	// bits and the draw 64.
	MaxTopK = 256
	// TopPOne is top-p 1, all candidates: top-p is counted in 65536ths.
	TopPOne = 65536
	// MinRepetition bounds what divides the logits of tokens that there were.
	MinRepetition = 0.0625
	// MaxRepetition bounds it, too.
	MaxRepetition = 16
	// MaxPenalty bounds what is taken off the logits of the answer's tokens,
	// below 0, too.
	MaxPenalty = 2
	// MaxBias bounds what is added to a token's logit, below 0, too.
	MaxBias = 100
	// MaxBiases bounds to how many tokens' logits something is added.
	MaxBiases = 1024
)
