package gate

// Diversity returns as what share of n different records a list of n of them
// counts: with Σ over all ordered pairs, a record with itself included,
//
//	n·112² ÷ Σ (equal positions)²
//
// which is the whole where no two are alike, and 1 ÷ n where all are one. The
// list counts as n times that: the n²·112² ÷ Σ of the rules. The work is n²: the
// caller bounds n. The whole of none.
func Diversity(list []Signature) uint32 {
	const whole = Positions * Positions
	n := uint64(len(list))
	if n == 0 {
		return one
	}
	sum := n * whole
	for i := range list {
		for j := range i {
			e := uint64(list[i].Equal(&list[j]))
			sum += 2 * e * e
		}
	}
	return uint32(n * whole * one / sum)
}
