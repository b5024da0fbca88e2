package arith

import (
	"math"
	"sync"
)

// Bias is added to the logit of a token.
type Bias struct {
	Token int32
	Add   float32
}

// Shaping changes logits before a token is chosen of them (SPEC.md §6). The
// zero value changes none.
type Shaping struct {
	// Repetition divides logits above 0, and multiplies those below, of each
	// token that prompt or answer have. 0 is 1, which changes nothing.
	Repetition float32
	Frequency  float32 // is taken off for each time that the answer has a token
	Presence   float32 // is taken off once where the answer has a token
	Biases     []Bias  // by ascending tokens, each once
}

// None tells whether it changes nothing.
func (s *Shaping) None() bool {
	return !s.repeats() && s.Frequency == 0 && s.Presence == 0 && len(s.Biases) == 0
}

func (s *Shaping) repeats() bool { return s.Repetition != 0 && s.Repetition != 1 }

// Shaped is memory for logits that were changed.
type Shaped struct {
	Logits []float32
	counts []uint32 // of each token of the vocabulary; zeros between two calls
}

var shapedPool = sync.Pool{New: func() any { return new(Shaped) }}

// Free gives the memory back; Logits are of no use then.
func (m *Shaped) Free() { shapedPool.Put(m) }

// done marks a count whose token has its new logit.
const done = 1 << 31

// Apply returns the logits as they are after a prompt and the answer so far,
// whose tokens are indexes of logits, fewer than 2^24. The logits given stay as
// they are.
func (s *Shaping) Apply(logits []float32, prompt, answer []int32) *Shaped {
	m := shapedPool.Get().(*Shaped)
	m.Logits = append(m.Logits[:0], logits...)
	if len(m.counts) < len(logits) {
		m.counts = make([]uint32, len(logits))
	}
	for _, id := range answer {
		m.counts[id]++
	}
	for _, id := range answer {
		if n := m.counts[id]; n&done == 0 {
			l := s.repeated(m.Logits[id])
			l = nearest(l - float32(float32(n)*s.Frequency))
			m.Logits[id], m.counts[id] = nearest(l-s.Presence), n|done
		}
	}
	for _, id := range prompt {
		if m.counts[id] == 0 {
			m.Logits[id], m.counts[id] = s.repeated(m.Logits[id]), done
		}
	}
	for _, ids := range [][]int32{answer, prompt} {
		for _, id := range ids {
			m.counts[id] = 0
		}
	}
	for _, b := range s.Biases {
		m.Logits[b.Token] = nearest(m.Logits[b.Token] + b.Add)
	}
	return m
}

func (s *Shaping) repeated(l float32) float32 {
	switch {
	case !s.repeats():
		return l
	case l > 0:
		return nearest(l / s.Repetition)
	}
	return nearest(l * s.Repetition)
}

// nearest is the nearest number that is finite.
func nearest(l float32) float32 { return max(-math.MaxFloat32, min(l, math.MaxFloat32)) }
