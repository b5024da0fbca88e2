package ledger

import (
	"math/bits"
	"sort"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// blockEmission returns what a block issues: PerBlock, halved whenever half of
// what was left of the maximum has been issued, so
// PerBlock / 2^floor(log2(max / (max − issued))); never beyond the maximum.
func blockEmission(issued protocol.Amount, e params.Emission) protocol.Amount {
	if issued >= e.MaxSupply {
		return 0
	}
	left := e.MaxSupply - issued
	halvings := 0
	for left <= e.MaxSupply>>(halvings+1) { // exact: left is an integer
		halvings++
	}
	return min(e.PerBlock>>halvings, left)
}

// one is 1.0 as Q32.
const one = 1 << 32

// mulQ32 returns floor(a·b / 2^32), for b at most one.
func mulQ32(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi<<32 | lo>>32
}

// powQ32 returns f^n by squaring, every product rounded down.
func powQ32(f, n uint64) uint64 {
	r := uint64(one)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r = mulQ32(r, f)
		}
		f = mulQ32(f, f)
	}
	return r
}

// decayFactor returns the largest f, as Q32, with f^halfLife <= 1/2; of a
// half-life of zero, one.
func decayFactor(halfLife uint64) uint64 {
	if halfLife == 0 {
		return one
	}
	return uint64(sort.Search(one+1, func(f int) bool { return powQ32(uint64(f), halfLife) > one/2 })) - 1
}

// decay returns a price one block later.
func decay(price protocol.Amount, halfLife uint64) protocol.Amount {
	return protocol.Amount(mulQ32(uint64(price), decayFactor(halfLife)))
}

// bump returns the price after a registration.
func bump(price protocol.Amount, s *params.Seats) protocol.Amount {
	next, err := price.MulDiv(100+uint64(s.BumpPercent), 100)
	if err != nil {
		return s.PriceMax
	}
	return clampPrice(next, s)
}

func clampPrice(price protocol.Amount, s *params.Seats) protocol.Amount {
	return min(max(price, s.PriceMin), s.PriceMax)
}
