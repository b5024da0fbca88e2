package preference

import "github.com/assaynet/assay/scoring/fixed"

// addGolds counts the golds of an epoch. No answer, or Equal, is wrong.
func (s *sums) addGolds(e *epoch) error {
	return e.all(func(h head, answers []entry) error {
		if h.gold() == Equal {
			return nil
		}
		for _, a := range answers {
			t := s.tally(a.rater(), h.setter())
			t.asked[h.cell()] += one
			if a.choice() == h.gold() {
				t.right[h.cell()] += one
			}
		}
		return nil
	})
}

// bound returns L: the lower bound of a rater's accuracy on golds. One setter's
// golds count as at most one part of SetterParts of a cell. Both cells count the
// same, so that whoever follows Z has exactly one half: each as the harmonic mean
// of the two, which is how many golds the mean of both rates is worth (the
// smaller of the two would throw away what was asked).
func (s *sums) bound(rater uint32, p *Params) uint32 {
	if int(rater) >= len(s.golds) {
		return 0
	}
	var asked, right [2]uint64
	for c := range 2 {
		var all uint64
		for i := range s.golds[rater] {
			all += s.golds[rater][i].asked[c]
		}
		most := all / uint64(p.SetterParts)
		for i := range s.golds[rater] {
			t := &s.golds[rater][i]
			counts := min(t.asked[c], most)
			asked[c] += counts
			right[c] += fixed.MulDiv(t.right[c], counts, t.asked[c])
		}
	}
	n := fixed.MulDiv(2*asked[0], asked[1], asked[0]+asked[1])
	k := fixed.MulDiv(right[0], n, asked[0]) + fixed.MulDiv(right[1], n, asked[1])
	return fixed.LowerBound(k, 2*n, uint64(p.GoldDeviations))
}
