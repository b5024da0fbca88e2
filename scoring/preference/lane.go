package preference

import "github.com/assaynet/assay/scoring/fixed"

// Lane is what is known of a lane's epoch besides its rows.
type Lane struct {
	Pay    uint64 // Σ pay of its rows
	Asked  uint64 // ratings that were asked
	Owners uint32 // owners that are paid
	Raters uint32 // raters a pair
	// Setters is the number of setters' owners.
	Setters uint32
}

// Share returns which part of its share of the emission a lane pays, in
// 65536ths: it is absolute, never made up to the whole, and what is left stays
// in the pot.
//
//	min(one, pay ÷ (asked · FullPay)) · min(one, owners ÷ FullOwners) · (raters − 1) ÷ (FullRaters − 1)
//
// and nothing with fewer than MinRaters a pair or MinSetters.
func (p *Params) Share(l Lane) uint32 {
	if l.Raters < p.MinRaters || l.Setters < p.MinSetters || l.Asked == 0 {
		return 0
	}
	share := min(one, fixed.MulDiv(l.Pay, one, fixed.MulDiv(l.Asked, uint64(p.FullPay), 1)))
	share = share * uint64(min(l.Owners, p.FullOwners)) / uint64(p.FullOwners)
	return uint32(share * uint64(min(l.Raters, p.FullRaters)-1) / uint64(p.FullRaters-1))
}
