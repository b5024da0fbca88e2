package yuma

import "github.com/assaynet/assay/scoring/fixed"

// weights returns the weights that count, each row divided by its sum. The masks come first, so a validator whose
// votes are mostly masked speaks with full voice through the rest.
func weights(in *Input, permit []bool) matrix {
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
	out.normaliseRows()
	return out
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
