package preference

// habit counts the answers of one rater in each stratum of an epoch's ordinary
// pairs, and their sum.
type habit struct{ n, sum [strata]int64 }

func habits(e *epoch, raters int) []habit {
	out := make([]habit, raters)
	_ = e.all(func(h head, answers []entry) error { // never fails
		if h.gold() != Equal {
			return nil
		}
		for _, a := range answers {
			if x := a.choice(); x != Absent {
				out[a.rater()].n[h.stratum()]++
				out[a.rater()].sum[h.stratum()] += int64(x)
			}
		}
		return nil
	})
	return out
}

// centred returns y: by how much an answer differs from the mean of the rater's
// other answers in the stratum. What a cheap signal explains is then nothing.
func (h *habit) centred(stratum int, x Choice) int64 {
	n := h.n[stratum]
	if n < 2 {
		return 0
	}
	return (n*int64(x) - h.sum[stratum]) * one / (n - 1)
}

// addAgreement adds the ordinary pairs of an epoch to the sums of every two
// raters; weights are w.
func (s *sums) addAgreement(e *epoch, raters int, weights []int64) error {
	hs := habits(e, raters)
	var y [MaxAnswers]int64
	return e.all(func(h head, answers []entry) error {
		if h.gold() != Equal {
			return nil
		}
		var all int64 // what the pair's raters say, by weight
		for i, a := range answers {
			if x := a.choice(); x != Absent {
				y[i] = hs[a.rater()].centred(h.stratum(), x)
				all += weights[a.rater()] * int64(x)
			}
		}
		for i, a := range answers {
			for j := range i {
				if a.choice() == Absent || answers[j].choice() == Absent {
					continue
				}
				t, err := s.between(a.rater(), answers[j].rater())
				if err != nil {
					return err
				}
				t.agree += y[i] * y[j] / one
				t.met += one
				t.stand(a.choice(), answers[j].choice(),
					all-weights[a.rater()]*int64(a.choice())-weights[answers[j].rater()]*int64(answers[j].choice()))
			}
		}
		return nil
	})
}

// agreement returns C: the mean product, capped.
func (t *pairSums) agreement(p *Params) int64 {
	if t.met == 0 {
		return 0
	}
	return min(int64(p.MaxAgreement), mulDivSigned(t.agree, one, int64(t.met)))
}
