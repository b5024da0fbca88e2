package yuma

import "github.com/assaynet/assay/scoring/fixed"

// weights returns the weights that count, each row divided by its sum, and what
// each leaves to nobody, which is part of the sum. The masks come first, so a
// validator whose votes are mostly masked speaks with full voice through the
// rest.
func weights(in *Input, permit []bool) (matrix, []fixed.I32F32) {
	entries := 0
	for uid, row := range in.Weights {
		if permit[uid] {
			entries += len(row)
		}
	}
	out := newMatrix(in.seats(), entries)
	for uid, row := range in.Weights {
		if permit[uid] {
			for _, e := range row {
				if counts(in, uid, int(e.UID)) {
					out.add(e.UID, fixed.FromInt(int64(e.Value)))
				}
			}
		}
		out.endRow()
	}
	left := make([]fixed.I32F32, out.size())
	for uid := range left {
		if permit[uid] && in.Nobody != nil {
			left[uid] = fixed.FromInt(int64(in.Nobody[uid]))
		}
		_, row := out.row(uid)
		sum := fixed.Sum(row).Add(left[uid])
		fixed.NormaliseBy(row, sum)
		left[uid] = left[uid].Div(sum)
	}
	return out, left
}

// counts reports whether the vote of validator i for seat j counts.
func counts(in *Input, i, j int) bool {
	registered := in.RegisteredAt[j]
	switch {
	case i == j && !in.isOwner(i):
		return false // nobody votes for himself
	case in.LastUpdate[i] <= registered:
		return false // the vote is for a former holder of the seat; one of the same block may be
	case in.CommitReveal && in.FirstCommit[i] < registered:
		return false // the votes were chosen before the seat changed hands, though revealed after
	}
	return true
}
