package protocol

import "strconv"

// Height numbers blocks; the first block has height 1.
type Height uint64

// Epoch numbers stretches of Tempo blocks: epoch e holds the heights
// e·Tempo … e·Tempo + Tempo − 1, so epoch 0 is one block short.
type Epoch uint64

// Round numbers stretches of RoundLength blocks, which divide an epoch.
type Round uint64

// UID numbers a seat, 0 … MaxSeats − 1.
type UID uint16

// Nobody stands in rows of weights beside the seats: what a validator gives it is
// not earned by anyone, and is paid to no one.
const Nobody UID = 65535

// String returns the decimal number.
func (u UID) String() string { return strconv.Itoa(int(u)) }

// SeatID is the identity of a seat. A uid alone is none: it can be pruned and
// given to another.
type SeatID struct {
	UID        UID    `cbor:"1,keyasint" json:"uid"`
	Registered Height `cbor:"2,keyasint" json:"registered"`
}

// Schedule says when things happen, all in blocks. It is part of the genesis.
// Invariant: 0 < CommitBlocks < OpenBlocks < AttestBlocks < RoundLength, Tempo a
// multiple of RoundLength, SealCardsBlocks < OpenCardsBlocks < WeightBlocks <
// Tempo.
type Schedule struct {
	// Tempo is the length of an epoch.
	Tempo uint64 `cbor:"1,keyasint" json:"tempo"`
	// RoundLength is the length of a round.
	RoundLength uint64 `cbor:"2,keyasint" json:"round_length"`
	// CommitBlocks is the offset, from the first block of a round, of the
	// last block whose Commit transactions are in time.
	CommitBlocks uint64 `cbor:"3,keyasint" json:"commit_blocks"`
	// OpenBlocks is the offset, from the first block of a round, of the last
	// height at which an opened answer is in time.
	OpenBlocks uint64 `cbor:"4,keyasint" json:"open_blocks"`
	// WeightBlocks is the offset, from the first block of an epoch, from
	// which CommitWeights transactions count.
	WeightBlocks uint64 `cbor:"5,keyasint" json:"weight_blocks"`
	// SealCardsBlocks is the offset, from the first block of an epoch, of the last
	// block whose SealCards transactions about the epoch before are in time.
	SealCardsBlocks uint64 `cbor:"6,keyasint" json:"seal_cards_blocks"`
	// AttestBlocks is the offset, from the first block of a round, of the last
	// block whose Attest transactions are in time.
	AttestBlocks uint64 `cbor:"7,keyasint" json:"attest_blocks"`
	// OpenCardsBlocks is the offset, from the first block of an epoch, of the last
	// block whose OpenCards transactions about the epoch before are in time.
	OpenCardsBlocks uint64 `cbor:"8,keyasint" json:"open_cards_blocks"`
	// OpenPlantsBlocks is the offset, from the first block of an epoch, of the last
	// block whose OpenPlants transactions about the epoch before are in time; zero
	// where nothing is planted.
	OpenPlantsBlocks uint64 `cbor:"9,keyasint" json:"open_plants_blocks"`
}

// EpochOf returns the epoch that holds height h.
func (s Schedule) EpochOf(h Height) Epoch { return Epoch(uint64(h) / s.Tempo) }

// RoundOf returns the round that holds height h.
func (s Schedule) RoundOf(h Height) Round { return Round(uint64(h) / s.RoundLength) }

// EpochStart returns the first height of epoch e (for epoch 0: height 0, which
// has no block).
func (s Schedule) EpochStart(e Epoch) Height { return Height(uint64(e) * s.Tempo) }

// EpochEnd returns the last height of epoch e, in which emission is paid.
func (s Schedule) EpochEnd(e Epoch) Height { return Height(uint64(e)*s.Tempo + s.Tempo - 1) }

// IsEpochEnd reports whether h is the last height of its epoch.
func (s Schedule) IsEpochEnd(h Height) bool { return uint64(h)%s.Tempo == s.Tempo-1 }

// RoundStart returns the first height of round r.
func (s Schedule) RoundStart(r Round) Height { return Height(uint64(r) * s.RoundLength) }

// CommitDeadline returns the last height at which a commitment of round r counts.
func (s Schedule) CommitDeadline(r Round) Height { return s.RoundStart(r) + Height(s.CommitBlocks) }

// OpenDeadline returns the last height at which an opened answer of round r counts.
func (s Schedule) OpenDeadline(r Round) Height { return s.RoundStart(r) + Height(s.OpenBlocks) }

// AttestDeadline returns the last height at which judges attest the answers of
// round r: from it on it is known which were given.
func (s Schedule) AttestDeadline(r Round) Height { return s.RoundStart(r) + Height(s.AttestBlocks) }

// SealCardsDeadline returns the last height at which judges seal what they found in
// epoch e: until then no card of it leaves its judge.
func (s Schedule) SealCardsDeadline(e Epoch) Height {
	return s.EpochStart(e+1) + Height(s.SealCardsBlocks)
}

// OpenCardsDeadline returns the last height at which judges open what they found in
// epoch e.
func (s Schedule) OpenCardsDeadline(e Epoch) Height {
	return s.EpochStart(e+1) + Height(s.OpenCardsBlocks)
}

// OpenPlantsDeadline returns the last height at which seats open what they planted
// in epoch e.
func (s Schedule) OpenPlantsDeadline(e Epoch) Height {
	return s.EpochStart(e+1) + Height(s.OpenPlantsBlocks)
}

// WeightsStart returns the first height at which weights of epoch e are sealed: all
// cards that they are made of, those of the epoch before, are open by then.
func (s Schedule) WeightsStart(e Epoch) Height { return s.EpochStart(e) + Height(s.WeightBlocks) }

// EpochOfRound returns the epoch that round r belongs to.
func (s Schedule) EpochOfRound(r Round) Epoch { return s.EpochOf(s.RoundStart(r)) }

// RoundsPerEpoch returns how many rounds make an epoch.
func (s Schedule) RoundsPerEpoch() uint64 { return s.Tempo / s.RoundLength }
