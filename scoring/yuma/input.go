package yuma

import (
	"fmt"
	"math"

	"github.com/assaynet/assay/scoring/fixed"
)

const (
	// MaxSeats bounds the seats of an epoch. 32,768 weights of 65535 still add
	// up within an I32F32, so that no row or column ever saturates.
	MaxSeats = 32768
	// MovingAverageScale is the denominator of Params.BondsMovingAverage.
	MovingAverageScale = 1_000_000
	// NoCommit in Input.FirstCommit says that the seat has no pending commit.
	NoCommit = math.MaxUint64
)

// Params are the rules of the epoch, which the network agrees on. Ratios are in
// 1/65535.
type Params struct {
	// Tempo is the length of an epoch, in blocks.
	Tempo uint64
	// ActivityCutoff is the number of blocks after its last update at which a
	// seat stops being active.
	ActivityCutoff uint64
	// Kappa is the share of active stake that must stand behind a weight.
	Kappa uint16
	// MaxValidators is the number of permits, the owner's not counted.
	MaxValidators int
	// StakeThreshold is the least stake that counts, in units; the owner's
	// always does.
	StakeThreshold uint64
	// BondsMovingAverage is the part of a bond that an epoch keeps, in 1/1,000,000.
	BondsMovingAverage uint64
	// BondsPenalty is how far bonds follow the clipped weights (65535) rather
	// than the weights as set (0).
	BondsPenalty uint16
	// Yuma3 chooses the bonds without stake in them; false is the original rule.
	Yuma3 bool
	// LiquidAlpha lets each bond move at its own speed between AlphaLow and
	// AlphaHigh, with AlphaLow <= AlphaHigh, on a sigmoid of Steepness/100. It
	// needs Yuma3.
	LiquidAlpha bool
	AlphaLow    uint16
	AlphaHigh   uint16
	Steepness   int16
	// CommitReveal masks votes that were committed before the seat was
	// registered; see Input.FirstCommit.
	CommitReveal bool
	// ZerosKeepBonds lets a bond decay, under liquid alpha, wherever its holder
	// has an entry in its row of weights, be it zero or clipped to zero. The
	// reference, false, forgets entries that are clipped to zero, and with a
	// penalty strictly between 0 and 65535 every zero; their bonds are lost at
	// once.
	ZerosKeepBonds bool
	// CarryIfNoIncentive pays nothing when no miner has incentive, so that the
	// ledger carries the pot over. The reference, false, pays by stake then.
	CarryIfNoIncentive bool
	// PaysAgreed ranks each seat, and nobody, by what is agreed: the consensus, no
	// matter who gives less. The reference, false, ranks by the mean of the clipped
	// weights, by which each row below the consensus takes its validator's share of
	// stake from the rank: a quarter of stake that slanders a miner would take a
	// quarter of its pay.
	PaysAgreed bool
}

// Entry is one element of a sparse row: what the row's validator says of, or
// holds in, the seat UID.
type Entry struct {
	UID   uint16
	Value uint16
}

// Input is the state that an epoch starts from. Every list has one element a
// seat, in the order of the uids; the uids of a row ascend strictly. Run only
// reads it.
type Input struct {
	Params

	// Block is the height of the epoch, LastStep that of the epoch before, or 0
	// if there was none.
	Block    uint64
	LastStep uint64
	// Emission is what the epoch pays, in units.
	Emission uint64
	// Owner is the seat of the network's owner, or nil. It always has a permit
	// and may vote for itself.
	Owner *uint16

	// Stake is in units; together at most 2^63 − 1.
	Stake []uint64
	// RegisteredAt, LastUpdate and FirstCommit are heights: of the
	// registration, of the weights that the seat set last, and of its earliest
	// pending commit or NoCommit. FirstCommit may be nil unless CommitReveal is
	// on.
	RegisteredAt []uint64
	LastUpdate   []uint64
	FirstCommit  []uint64
	// Permit is what the epoch before decided.
	Permit []bool
	// Weights are as revealed; an entry of zero is not the same as no entry
	// (see liquid.go). Bonds are the Output's of the epoch before.
	Weights [][]Entry
	Bonds   [][]Entry
	// Nobody is what the row of each seat leaves to nobody, beside its Weights and
	// on their scale. It counts like the column of one more seat, and what falls to
	// it is not paid. Nil, as in the reference, leaves nothing.
	Nobody []uint16
}

// Output is what an epoch decides. Every list has one element a seat. A uint16
// is a proportion of 65535, rounded down.
type Output struct {
	Active         []bool
	StakeWeight    []uint16
	Consensus      []uint16
	Incentive      []uint16
	Dividends      []uint16
	ValidatorTrust []uint16
	Trust          []uint16

	// IncentiveShare and DividendShare are Incentive and Dividends in full
	// precision. Each adds up to just below one together with NobodyShare, or
	// to zero.
	IncentiveShare []fixed.I32F32
	DividendShare  []fixed.I32F32
	// NobodyShare is what is missing from both, because the validators agree that
	// nobody earned it.
	NobodyShare fixed.I32F32

	// ServerEmission, ValidatorEmission and NobodyEmission, what is not paid
	// because nobody earned it, are in units and together add up to at most
	// Input.Emission. Emission is their combination, rounded by itself: what
	// pruning looks at.
	ServerEmission    []uint64
	ValidatorEmission []uint64
	Emission          []uint64
	NobodyEmission    uint64
	// PruningScore is the combined share, scaled so that the best seat has 65535.
	PruningScore []uint16

	// Permit is for the next epoch. Bonds has rows for seats with that permit
	// only, without entries of zero.
	Permit []bool
	Bonds  [][]Entry
}

// seats returns the number of seats.
func (in *Input) seats() int { return len(in.Stake) }

// isOwner reports whether uid is the owner's seat.
func (in *Input) isOwner(uid int) bool { return in.Owner != nil && int(*in.Owner) == uid }

// check refuses what Run could not compute, or what two implementations might
// read differently.
func (in *Input) check() error {
	n := in.seats()
	if n > MaxSeats {
		return inputError(ErrSize, "%d seats, at most %d", n, MaxSeats)
	}
	lists := []struct {
		name string
		size int
	}{
		{"registered at", len(in.RegisteredAt)},
		{"last update", len(in.LastUpdate)},
		{"permit", len(in.Permit)},
		{"weights", len(in.Weights)},
		{"bonds", len(in.Bonds)},
	}
	for _, list := range lists {
		if list.size != n {
			return inputError(ErrSize, "%s: %d elements for %d seats", list.name, list.size, n)
		}
	}
	if len(in.FirstCommit) != n && (in.CommitReveal || in.FirstCommit != nil) {
		return inputError(ErrSize, "first commit: %d elements for %d seats", len(in.FirstCommit), n)
	}
	if len(in.Nobody) != n && in.Nobody != nil {
		return inputError(ErrSize, "nobody: %d elements for %d seats", len(in.Nobody), n)
	}
	if in.Owner != nil && int(*in.Owner) >= n {
		return inputError(ErrRange, "owner %d of %d seats", *in.Owner, n)
	}
	if err := in.Params.check(); err != nil {
		return err
	}
	if err := checkStake(in.Stake); err != nil {
		return err
	}
	if err := checkRows("weights", in.Weights, n); err != nil {
		return err
	}
	return checkRows("bonds", in.Bonds, n)
}

func (p *Params) check() error {
	switch {
	case p.MaxValidators < 0:
		return inputError(ErrParameter, "%d validators", p.MaxValidators)
	case p.BondsMovingAverage > MovingAverageScale:
		return inputError(ErrParameter, "bonds moving average %d of %d", p.BondsMovingAverage, MovingAverageScale)
	case p.LiquidAlpha && p.AlphaLow > p.AlphaHigh:
		return inputError(ErrParameter, "alpha from %d to %d", p.AlphaLow, p.AlphaHigh)
	}
	return nil
}

func checkStake(stake []uint64) error {
	room := uint64(math.MaxInt64)
	for uid, s := range stake {
		if s > room {
			return inputError(ErrStake, "sum beyond 2^63 - 1 at uid %d", uid)
		}
		room -= s
	}
	return nil
}

func checkRows(name string, rows [][]Entry, n int) error {
	for uid, row := range rows {
		if err := CheckRow(row, n); err != nil {
			return fmt.Errorf("%s of %d: %w", name, uid, err)
		}
	}
	return nil
}

// CheckRow reports whether Run would take the row in a network of that many
// seats: [ErrRange] if it names a seat beyond them, [ErrUnsorted] if its uids
// do not ascend strictly.
func CheckRow(row []Entry, seats int) error {
	for k, e := range row {
		if int(e.UID) >= seats {
			return inputError(ErrRange, "uid %d of %d seats", e.UID, seats)
		}
		if k > 0 && e.UID <= row[k-1].UID {
			return inputError(ErrUnsorted, "uid %d after %d", e.UID, row[k-1].UID)
		}
	}
	return nil
}
