package yuma

import "github.com/assaynet/assay/scoring/fixed"

// Bonds are what a validator has earned in a miner by having voted for it,
// early best. They are an average over the epochs of the weights, and a
// validator's dividends are its bonds times the incentive of the miners.
//
//	original  B' = columns(a·columns(w·A) + (1−a)·columns(B)),  D = Σ_j B'_ij·I_j
//	Yuma3     B' = a·w + (1−a)·B,                               D = A_i·Σ_j columns(B')_ij·I_j
//
// where columns divides each column by its sum, and w are the weights after the
// bonds penalty. The original bonds are shares of a miner, with the stake in
// them; those of Yuma3 are levels between 0 and 1, and the stake counts only
// when dividends are paid, so that moved stake moves dividends at once.

// bondWeights returns the weights that bonds follow, w + penalty·(clipped − w).
// Which zeros stay entries differs: with keepZeros wherever w has an entry,
// otherwise all of w without a penalty, those of clipped with a full one, and
// none in between.
func bondWeights(w, clipped *matrix, consensus []fixed.I32F32, penalty fixed.I32F32, keepZeros bool) matrix {
	switch {
	case penalty == 0:
		return *w
	case penalty == fixed.One && !keepZeros:
		return *clipped
	}
	out := newMatrix(w.size(), len(w.uid))
	for i := range w.size() {
		uids, vals := w.row(i)
		for k, j := range uids {
			cut := min(vals[k], consensus[j])
			follows := vals[k].Add(penalty.Mul(cut.Sub(vals[k])))
			if follows > 0 || keepZeros {
				out.add(j, follows)
			}
		}
		out.endRow()
	}
	return out
}

// storedBonds returns the bonds of the epoch before, each value converted by
// scale. Columns of seats that changed hands since are left out.
func storedBonds(in *Input, scale func(uint16) fixed.I32F32) matrix {
	since := bondsSince(in)
	entries := 0
	for _, row := range in.Bonds {
		entries += len(row)
	}
	out := newMatrix(in.seats(), entries)
	for _, row := range in.Bonds {
		for _, e := range row {
			if since > in.RegisteredAt[e.UID] {
				out.add(e.UID, scale(e.Value))
			}
		}
		out.endRow()
	}
	return out
}

// bondsSince returns the height from which on a registration voids the bonds in
// the seat.
func bondsSince(in *Input) uint64 {
	switch {
	case in.LastStep != 0:
		return max(in.LastStep+1, in.LastStep) // the last height has none after it
	case in.Block > in.Tempo:
		return in.Block - in.Tempo
	}
	return 0
}

// fixedAlpha returns the speed of bonds, 1 − BondsMovingAverage.
func fixedAlpha(in *Input) fixed.I32F32 {
	kept := fixed.WideFromUint(in.BondsMovingAverage).Div(fixed.WideFromUint(MovingAverageScale)).I32F32()
	return fixed.One.Sub(kept)
}

// blend returns alpha·now + (1−alpha)·old.
func blend(now, old *matrix, alpha fixed.I32F32) matrix {
	rest := fixed.One.Sub(alpha)
	return merge(now, old, func(x, y fixed.I32F32) fixed.I32F32 {
		return alpha.Mul(x).Add(rest.Mul(y))
	})
}

// originalBonds returns the dividends, which add up to one, and the bonds to
// store, scaled to the maximum of a column.
func originalBonds(in *Input, w *matrix, stake, incentive []fixed.I32F32) ([]fixed.I32F32, matrix) {
	old := storedBonds(in, func(v uint16) fixed.I32F32 { return fixed.FromInt(int64(v)) })
	old.normaliseColumns()
	bought := w.timesRows(stake)
	bought.normaliseColumns()
	bonds := blend(&bought, &old, fixedAlpha(in))
	bonds.normaliseColumns()

	dividends := bonds.rowSums(incentive)
	fixed.Normalise(dividends)
	bonds.upscaleColumns()
	return dividends, bonds
}

// yuma3Bonds returns the dividends, which add up to one, and the bonds to store.
func yuma3Bonds(in *Input, w *matrix, stake, incentive, consensus []fixed.I32F32) ([]fixed.I32F32, matrix) {
	old := storedBonds(in, fixed.FromProportion)
	var bonds matrix
	if in.LiquidAlpha && fixed.Sum(consensus) != 0 {
		bonds = newLiquid(&in.Params).blend(w, &old, consensus)
	} else {
		bonds = blend(w, &old, fixedAlpha(in))
	}
	shares := matrix{start: bonds.start, uid: bonds.uid, val: append([]fixed.I32F32(nil), bonds.val...)}
	shares.normaliseColumns()

	dividends := shares.rowSums(incentive)
	for i, s := range stake {
		dividends[i] = s.Mul(dividends[i])
	}
	fixed.Normalise(dividends)
	return dividends, bonds
}

// bondRows returns the bonds as they are stored: rounded down, for seats with a
// permit, without zeros.
func bondRows(bonds *matrix, permit []bool) [][]Entry {
	rows := make([][]Entry, bonds.size())
	all := make([]Entry, 0, len(bonds.uid))
	for i := range rows {
		if !permit[i] {
			continue
		}
		from := len(all)
		uids, vals := bonds.row(i)
		for k, j := range uids {
			if v := vals[k].Proportion(); v != 0 {
				all = append(all, Entry{j, v})
			}
		}
		if len(all) > from {
			rows[i] = all[from:len(all):len(all)]
		}
	}
	return rows
}
