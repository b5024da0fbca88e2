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

func newLiquid(p *Params) liquid {
	low, high := fixed.FromProportion(p.AlphaLow), fixed.FromProportion(p.AlphaHigh)
	l := liquid{
		low:   low,
		high:  high,
		span:  high.Sub(low),
		slope: fixed.FromInt(int64(p.Steepness)).Div(fixed.FromInt(-100)),
	}
	l.still = l.sigmoid(0)
	return l
}

// alpha returns the speed for a validator with that weight and bond.
func (l liquid) alpha(weight, bond, consensus fixed.I32F32) fixed.I32F32 {
	var d fixed.I32F32
	if weight >= bond {
		d = weight.Sub(consensus)
	} else {
		d = bond.Sub(weight)
	}
	if d <= 0 {
		return l.still
	}
	return l.sigmoid(min(d, fixed.One))
}

// sigmoid returns the speed for the distance d.
func (l liquid) sigmoid(d fixed.I32F32) fixed.I32F32 {
	sigmoid := fixed.One.Div(fixed.One.Add(fixed.ExpSafe(l.slope.Mul(d.Sub(fixed.Half)))))
	return l.low.Add(sigmoid.Mul(l.span)).Clamp(l.low, l.high)
}

// blend returns the bonds after an epoch with the weights w. They have an entry
// where w has one: a validator that leaves a miner out loses its bond at once,
// one that gives it an explicit zero keeps a bond that decays.
func (l liquid) blend(w, old *matrix, consensus []fixed.I32F32) matrix {
	out := matrix{start: w.start, uid: w.uid, val: make([]fixed.I32F32, len(w.val))}
	for i := range w.size() {
		oldUIDs, oldVals := old.row(i)
		q := 0
		for k := w.start[i]; k < w.start[i+1]; k++ {
			j, weight := w.uid[k], w.val[k]
			for q < len(oldUIDs) && oldUIDs[q] < j {
				q++
			}
			var bond fixed.I32F32
			if q < len(oldUIDs) && oldUIDs[q] == j {
				bond = oldVals[q]
			}
			alpha := l.alpha(weight, bond, consensus[j])
			kept := fixed.One.Sub(alpha).Mul(bond)
			out.val[k] = min(fixed.One, kept.Add(alpha.Mul(weight)))
		}
	}
	return out
}
