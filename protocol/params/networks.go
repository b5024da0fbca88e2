package params

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	score "github.com/assaynet/assay/scoring/preference"
)

// smolLM2 is the model id of SmolLM2-135M-Instruct as Q4_1
// (engine/arith/SPEC.md, section 8).
const smolLM2 = "9d255136b6213a617c630c65eaea151c3af4101f94a44a5f5541cadcdc0cabfc"

// SmolLM2 is the model that the shipped networks pay for: small enough for two
// cores.
func SmolLM2() Model {
	id, err := protocol.ParseHash(smolLM2)
	if err != nil {
		panic(err) // constant
	}
	return Model{ID: id, Name: "SmolLM2-135M-Instruct.Q4_1.gguf", Class: One}
}

// Local returns the constants of a network on one machine: everything that
// the main network does, at a pace that a person can watch.
func Local() Params {
	// Eight blocks to seal votes, a quarter of a minute: validators that share two
	// cores have their references run what they vote on between their duties, and a
	// case of the third epoch is still decided before block 90.
	p := untried().withVerdicts(8)
	p.Seats.UnbondingSeconds = p.Seats.Unbonding * uint64(p.Block.CommitMillis) / 1000 // as long as they take where nobody waits for anybody
	return p
}

// untried returns [Local] without verdicts.
func untried() Params {
	return Params{
		Name: "assay-local",
		Schedule: protocol.Schedule{
			Tempo: 20, RoundLength: 20, // one round an epoch: one answer a seat and epoch
			CommitBlocks: 10, // about 18 s: two blocks for the seed, then 14 s to answer on a fifth of a core
			OpenBlocks:   13, // three blocks for gossip and a reader that lags
			AttestBlocks: 16, // three blocks: one of four validators does not own them all
			// The cards of an epoch are sealed and opened in the next.
			SealCardsBlocks: 6,  // duties come some three blocks after the epoch, and are drawn up to block 3
			OpenCardsBlocks: 11, // two blocks for a beacon, three to open
			// Three blocks to open plants, in which no three proposers belong together.
			OpenPlantsBlocks: 14,
			WeightBlocks:     17, // three blocks to get the seal into the epoch
		},
		Block: Block{
			CommitMillis:  1500, // with the votes 1.6 to 1.9 s a block
			ProposeMillis: 1000, // ten processes share two cores
			VoteMillis:    500,
			MaxBytes:      4 << 20,
			MaxWeight:     2_000_000,
		},
		Seats: Seats{
			Max: 64, MaxPerColdkey: 8,
			MaxValidators: 6, // two in a row can belong together, so that a lane needs three blocks
			MinStake:      100 * protocol.Unit,
			Immunity:      120, // six epochs: weights count five epochs after registration
			Price:         protocol.Unit,
			PriceMin:      protocol.Unit / 10,
			PriceMax:      100 * protocol.Unit,
			PriceHalfLife: 360, BumpPercent: 26,
			Unbonding:  40,
			MinSelf:    10 * protocol.Unit,
			Commission: One / 10,
			Collateral: protocol.Unit, // about what a slot earns in two epochs
			MaxSilence: 60,            // three epochs: under two minutes, in which nobody mends a machine, but many a restart ends
		},
		Fees: Fees{
			Weight:  20_000, // a transfer costs 0.0001 tokens, a full block more than 0.04
			Byte:    200,
			Deposit: protocol.Unit / 1000,
		},
		Emission: Emission{PerBlock: protocol.Unit, MaxSupply: 21_000_000 * protocol.Unit},
		Plants: Plants{
			Rate:   One / 16, // the answers that are run for it earn like others, but delay what others see of them
			Slash:  One / 4,  // more than the least stake earns among four until it draws a plant
			Fine:   One / 4,  // of what a slot earns in two epochs: an outage in the wrong minutes ruins nobody
			Appeal: 20,       // an epoch
		},
		Yuma: Yuma{
			Kappa:              33423, // 0.51
			ActivityCutoff:     100,
			BondsMovingAverage: 900_000,
			BondsPenalty:       52428, // 0.8
			Yuma3:              true,
			LiquidAlpha:        true,
			AlphaLow:           45875,
			AlphaHigh:          58982,
			Steepness:          1000,
		},
		Tasks:  Tasks{Retention: 64},
		Gossip: Gossip{ReplayWindow: 60}, // three epochs: answers and cards of the last two
		Kinds: []Kind{{
			Name:   inference,
			Share:  One - One/4 - One/8,
			Slots:  4,
			Judges: 2,
			Rounds: 1,
			Keep:   One * 9 / 10, // ten epochs of memory: one drawn answer more or less moves a weight by a twentieth
			Models: []Model{SmolLM2()},
		}, {
			Name:   "judgement",
			Share:  One / 8,
			Full:   4, // pairs: one of each of four seats
			Slots:  4,
			Judges: 2,
			Rounds: 1,
			Keep:   One * 9 / 10,
			Models: []Model{SmolLM2()},
		}, {
			Name:   synthetic,
			Share:  One / 4,
			Full:   128, // tokens: two or three records
			Slots:  2,
			Judges: 2,
			Rounds: 1,
			Keep:   One * 9 / 10,
			Models: []Model{SmolLM2()},
		}},
		Inference: Inference{
			MaxTokens:      16,
			System:         "You are a careful assistant. Answer briefly.",
			SampledPercent: 25,
			SpeedBest:      One + One/10,
			SpeedWorst:     One - One/10,
		},
		Synthetic: Synthetic{MaxTokens: 64},
		Preference: Preference{
			Pairs:   20, // eighty of four setters: fifty for each of eight raters
			Ratings: 100,
			Memory:  16, // a gold of sixteen epochs ago counts a hundredth
			Score:   score.Default(),
			// Friends of a setter with a third of the stake are both checkers of
			// one set in nine, and hide its lie; three would cost half as much again.
			Checkers: 2,
		},
	}
}

// Raters returns the kind preference with a share of the pay, for a network in
// which people rate within rounds so many.
func Raters(share, rounds uint32) Kind {
	return Kind{Name: preference, Share: share, Full: PartsOfFull, Slots: 1, Rounds: rounds, Models: []Model{}}
}

// Demo returns [Local] with one answer of each kind a seat and epoch, so that its
// processes fit on two cores, and with people's lane.
func Demo() Params {
	p := Local()
	p.Name = "assay-demo"
	for i := range p.Kinds {
		p.Kinds[i].Slots = 1
	}
	p.Plants.Rate = One / 8 // of so few answers there is a plant in most epochs
	p.Kinds[0].Share -= One / 8
	p.Kinds = append(p.Kinds, Raters(One/8, 1))
	p.Preference.Pairs = 8    // two of them golds: four setters on two cores make theirs within a round
	p.Preference.Checkers = 1 // of the three others, on the same two cores
	slices.SortFunc(p.Kinds, func(a, b Kind) int { return cmp.Compare(a.Name, b.Name) })
	return p
}
