package params

import (
	"math/bits"

	"github.com/assaynet/assay/protocol"
)

// whispered, in 65536ths, is which part of its duties a judge may know to be
// planted or not, because it has these miners' word: a quarter.
const whispered = One / 4

// FewestJudges is how many validators with the least stake or more a network that
// plants has, for it to be promised that laziness does not pay. Among fewer each
// earns more.
const FewestJudges = 4

// plantRules leave a lane window to open plants, and refuse what would pay who does
// not look.
func (p *Params) plantRules() []rule {
	s, n := p.Schedule, p.Plants
	if n == (Plants{}) && s.OpenPlantsBlocks == 0 {
		return nil
	}
	return []rule{
		{n.Rate >= 1 && n.Rate <= One/2, "rate of plants is 1 to 32768, or plants and open_plants_blocks are all zero"},
		{n.Slash >= 1 && n.Slash < One, "slash is 1 to 65535"},
		{n.Fine >= 1 && n.Fine <= One, "fine is 1 to 65536"},
		{n.Appeal >= 1 && n.Appeal <= 1<<32, "appeal is 1 to 2^32 blocks"},
		{p.Seats.Collateral > 0, "collateral is not zero where answers are planted"},
		{
			s.OpenPlantsBlocks >= s.OpenCardsBlocks+p.LaneWindow() && s.OpenPlantsBlocks < s.WeightBlocks,
			"open_plants_blocks leaves a lane window behind open_cards_blocks, and is below weight_blocks",
		},
		{!p.LazinessPays(p.Seats.MinStake, p.highestDividend()), "rate and slash let a judge lose more than it earns that does not look"},
	}
}

// highestDividend is what the least stake can earn in an epoch: half of what is
// issued goes to validators, which are few and all have the least stake.
func (p *Params) highestDividend() protocol.Amount {
	judges := max(1, min(FewestJudges, uint64(p.Seats.MaxValidators)))
	issued, err := p.Emission.PerBlock.MulDiv(p.Schedule.Tempo, 2*judges)
	if err != nil {
		return protocol.Amount(1 << 62)
	}
	return issued
}

// Caught returns, in 65536ths and rounded down, how likely a judge that never looks
// finds a plant right in an epoch with so many duties, a quarter of them whispered.
func (p *Params) Caught(duties int) uint64 {
	each := uint64(p.Plants.Rate) * (One - whispered) / One
	missed := uint64(One)
	for range duties {
		missed = (missed*(One-each) + One - 1) / One
	}
	return One - missed
}

// LazinessPays reports whether a judge with this stake, that would earn so much in
// an epoch, has more by not looking: with one duty of each kind that is judged, its
// dividend is lost together with its share of the stake in the share P of epochs,
// so that it pays unless P·(d + σ·S) > d.
func (p *Params) LazinessPays(stake, dividend protocol.Amount) bool {
	duties := 0
	for i := range p.Kinds {
		if !p.Kinds[i].OnLedger() {
			duties++
		}
	}
	lost, err := stake.MulDiv(uint64(p.Plants.Slash), One)
	if err != nil {
		return true
	}
	hi, lo := bits.Mul64(p.Caught(duties), uint64(dividend+lost))
	most, least := bits.Mul64(One, uint64(dividend))
	return hi < most || hi == most && lo <= least
}
