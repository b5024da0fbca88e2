package yuma

import "github.com/assaynet/assay/scoring/fixed"

// liquid is liquid alpha: the speed at which one bond follows one weight.
//
// Who votes above the consensus buys fast, because being early is worth
// rewarding; who votes below the bond it holds sells fast. The distance d runs
// through a sigmoid:
//
//	d = max(0, weight − consensus)  if weight >= bond, else  bond − weight,  at most 1
//	alpha = low + (high − low)/(1 + e^(−steepness·(d − 1/2)))
type liquid struct {
	low, high, span fixed.I32F32
	slope           fixed.I32F32 // −steepness
	still           fixed.I32F32 // alpha of no distance, which most have
}

func newLiquid(p *Params) *liquid {
	low, high := fixed.FromProportion(p.AlphaLow), fixed.FromProportion(p.AlphaHigh)
	l := &liquid{
		low:   low,
		high:  high,
		span:  high.Sub(low),
		slope: fixed.FromInt(int64(p.Steepness)).Div(fixed.FromInt(-100)),
	}
	l.still = l.alpha(fixed.ExpSafe(l.exponent(0)))
	return l
}

// distance returns d, which is zero where it would be less.
func distance(weight, bond, consensus fixed.I32F32) fixed.I32F32 {
	if weight >= bond {
		return min(max(weight.Sub(consensus), 0), fixed.One)
	}
	return min(bond.Sub(weight), fixed.One)
}

// exponent returns what e is raised to for the distance d.
func (l *liquid) exponent(d fixed.I32F32) fixed.I32F32 { return l.slope.Mul(d.Sub(fixed.Half)) }

// alpha returns the speed for that power of e.
func (l *liquid) alpha(power fixed.I32F32) fixed.I32F32 {
	sigmoid := fixed.One.Div(fixed.One.Add(power))
	return l.low.Add(sigmoid.Mul(l.span)).Clamp(l.low, l.high)
}

// blend returns the bonds after an epoch with the weights w. They have an entry
// where w has one: a validator that leaves a miner out loses its bond at once,
// one that gives it an explicit zero keeps a bond that decays.
func (l *liquid) blend(w, old *matrix, consensus []fixed.I32F32) matrix {
	out := matrix{start: w.start, uid: w.uid, val: make([]fixed.I32F32, len(w.val))}
	alphas := make([]fixed.I32F32, len(w.val)) // distances, at first
	for i := range w.size() {
		oldUIDs, oldVals := old.row(i)
		q := 0
		for k := w.start[i]; k < w.start[i+1]; k++ {
			j := w.uid[k]
			for q < len(oldUIDs) && oldUIDs[q] < j {
				q++
			}
			if q < len(oldUIDs) && oldUIDs[q] == j {
				out.val[k] = oldVals[q]
			}
			alphas[k] = distance(w.val[k], out.val[k], consensus[j])
		}
	}
	l.alphas(alphas)
	for k, bond := range out.val {
		kept := fixed.One.Sub(alphas[k]).Mul(bond)
		out.val[k] = min(fixed.One, kept.Add(alphas[k].Mul(w.val[k])))
	}
	return out
}

// alphas puts speeds in the places of distances, four at a time.
func (l *liquid) alphas(list []fixed.I32F32) {
	var at [4]int
	var power [4]fixed.I32F32
	n := 0
	flush := func() {
		fixed.ExpSafe4(&power)
		for i, k := range at[:n] {
			list[k] = l.alpha(power[i])
		}
		n = 0
	}
	for k, d := range list {
		if d == 0 {
			list[k] = l.still
			continue
		}
		at[n], power[n] = k, l.exponent(d)
		if n++; n == len(at) {
			flush()
		}
	}
	flush()
}
