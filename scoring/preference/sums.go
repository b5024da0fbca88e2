package preference

import "github.com/assaynet/assay/scoring/fixed"

// sums is what is remembered of all epochs so far: raters and setters by their
// index in the book.
type sums struct {
	epoch uint64 // the last that was scored
	any   bool   // whether one was
	// golds has a slot for each setter whose golds a rater was asked.
	golds [][]tally
	// meet numbers the twos of raters that answered a pair in common, pairs has
	// their sums.
	meet  map[meeting]uint32
	pairs []pairSums
}

// tally counts one setter's golds that one rater was asked, by cell, in
// 65536ths of a gold.
type tally struct {
	setter       uint32
	asked, right [2]uint64
}

// meeting is two raters, the lower index first.
type meeting struct{ a, b uint32 }

// pairSums is what two raters did on ordinary pairs in common, in 65536ths.
type pairSums struct {
	meeting
	agree   int64  // Σ y·y
	met     uint64 // pairs
	against uint64 // answers, of both, that stood against all others
	beside  uint64 // of those, the ones that the other of the two gave, too
}

// faded reports whether nothing is left: what is then carried is nothing, too.
func (t *tally) faded() bool { return t.asked == [2]uint64{} }

func (t *pairSums) faded() bool { return t.agree == 0 && t.met == 0 && t.against == 0 }

// maxGap is after how many epochs nothing is remembered.
const maxGap = 256

// pass brings the sums to the beginning of an epoch: what is n epochs old
// counts keepⁿ.
func (s *sums) pass(number uint64, p *Params) {
	gap := number - s.epoch
	if !s.any {
		gap = 0
	}
	s.epoch, s.any = number, true
	if gap > maxGap {
		s.golds, s.pairs, s.meet = nil, nil, map[meeting]uint32{}
		return
	}
	for range gap {
		s.decay(uint64(p.KeepAgreement), uint64(p.KeepRest))
	}
}

func (s *sums) decay(agreement, rest uint64) {
	for i := range s.golds {
		for j := range s.golds[i] {
			t := &s.golds[i][j]
			for c := range 2 {
				t.asked[c] = fixed.MulDiv(t.asked[c], rest, one)
				t.right[c] = fixed.MulDiv(t.right[c], rest, one)
			}
		}
	}
	for i := range s.pairs {
		t := &s.pairs[i]
		t.agree = mulDivSigned(t.agree, int64(agreement), one)
		t.met = fixed.MulDiv(t.met, agreement, one)
		t.against = fixed.MulDiv(t.against, rest, one)
		t.beside = fixed.MulDiv(t.beside, rest, one)
	}
}

// tally returns the slot of a rater's golds by a setter.
func (s *sums) tally(rater, setter uint32) *tally {
	for len(s.golds) <= int(rater) {
		s.golds = append(s.golds, nil)
	}
	list := s.golds[rater]
	for i := range list {
		if list[i].setter == setter {
			return &list[i]
		}
	}
	s.golds[rater] = append(list, tally{setter: setter})
	return &s.golds[rater][len(list)]
}

// between returns the sums of two raters, or [ErrLimit] where there is no room
// for another two.
func (s *sums) between(i, j uint32) (*pairSums, error) {
	m := meeting{min(i, j), max(i, j)}
	at, ok := s.meet[m]
	if !ok {
		if len(s.pairs) >= MaxMeetings {
			return nil, errMeetings
		}
		at = uint32(len(s.pairs))
		s.meet[m] = at
		s.pairs = append(s.pairs, pairSums{meeting: m})
	}
	return &s.pairs[at], nil
}

// mulDivSigned is a·b ÷ d truncated toward zero, saturating.
func mulDivSigned(a, b, d int64) int64 {
	negative := (a < 0) != (b < 0)
	q := int64(min(fixed.MulDiv(magnitude(a), magnitude(b), magnitude(d)), 1<<63-1))
	if negative {
		return -q
	}
	return q
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}
