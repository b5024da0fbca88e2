package preference

import "github.com/assaynet/assay/scoring/fixed"

// stand counts, for one pair that two raters answered with x and y, how many of
// them stood against what the others say together, and how many of those had the
// other of the two beside them.
func (t *pairSums) stand(x, y Choice, others int64) {
	for _, z := range [2]Choice{x, y} {
		if against(z, others) {
			t.against += one
			if x == y {
				t.beside += one
			}
		}
	}
}

func against(x Choice, others int64) bool {
	return x == Left && others > 0 || x == Right && others < 0
}

// same reports whether the two are one voice: who stands against all others is
// alone, unless somebody says the same for another reason than that it is so.
func (t *pairSums) same(p *Params) bool {
	return t.against >= uint64(p.MinAgainst) &&
		fixed.LowerBound(t.beside, t.against, uint64(p.VoiceDeviations)) > p.SameVoice
}

// voices holds the voice of each rater and the size of each voice: the raters
// that are one with each other, over others that are one with both.
type voices struct {
	of   []uint32 // the lowest index in the voice; itself in a voice of one
	size []int64  // by that index
}

func (s *sums) voices(raters int, p *Params) *voices {
	v := &voices{of: make([]uint32, raters), size: make([]int64, raters)}
	for i := range v.of {
		v.of[i] = uint32(i)
	}
	for i := range s.pairs {
		if t := &s.pairs[i]; t.same(p) {
			a, b := v.find(t.a), v.find(t.b)
			v.of[max(a, b)] = min(a, b)
		}
	}
	for i := range v.of {
		v.of[i] = v.find(uint32(i))
		v.size[v.of[i]]++
	}
	return v
}

// find follows the voices to their lowest index, and shortens the way.
func (v *voices) find(i uint32) uint32 {
	for v.of[i] != i {
		v.of[i] = v.of[v.of[i]]
		i = v.of[i]
	}
	return i
}
