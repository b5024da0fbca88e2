package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// The records that blocks read and write most code themselves, their fields in the
// order in which records.go has them. [wire.Coded] says what for; TestRecordsCode
// and FuzzRecordsCode compare each with package cbor.

// Code implements [wire.Coded].
func (a *Account) Code(c *wire.Coder) {
	c.Array(2)
	wire.Uint(c, &a.Balance)
	wire.Uint(c, &a.Nonce)
}

// Code implements [wire.Coded].
func (p *Pool) Code(c *wire.Coder) {
	c.Array(3)
	wire.Uint(c, &p.Amount)
	wire.Uint(c, &p.Shares)
	wire.Uint(c, &p.Splits)
}

// Code implements [wire.Coded].
func (s *Stake) Code(c *wire.Coder) {
	c.Array(2)
	wire.Uint(c, &s.Shares)
	wire.Uint(c, &s.Splits)
}

// Code implements [wire.Coded].
func (s *Seat) Code(c *wire.Coder) {
	c.Array(23)
	c.SeatID(&s.ID)
	c.Fixed(s.Hotkey[:])
	c.Fixed(s.Coldkey[:])
	wire.Uint(c, &s.Collateral)
	wire.List(c, &s.Offers, (*wire.Offer).Code)
	wire.List(c, &s.Addresses, func(a *string, c *wire.Coder) { wire.Text(c, a) })
	c.Fixed(s.Identity[:])
	c.Bool(&s.Permit)
	wire.Uint(c, &s.LastUpdate)
	wire.Uint(c, &s.Emission)
	wire.Uint(c, &s.Average)
	wire.Uint(c, &s.Slots)
	c.Bool(&s.Asked)
	s.Consensus.Code(c)
	s.Beacon.Code(c)
	s.NextChain.Code(c)
	wire.Uint(c, &s.NextFrom)
	wire.Uint(c, &s.NoPermit)
	c.Fixed(s.Payout[:])
	c.Fixed(s.Pool[:])
	s.Swap.Code(c)
	s.Jail.Code(c)
	s.Commission.Code(c)
}

// Code implements [wire.Coded].
func (s *Consensus) Code(c *wire.Coder) {
	c.Array(3)
	c.Fixed(s.Key[:])
	c.Fixed(s.TransportKey[:])
	wire.Text(c, &s.Address)
}

// Code implements [wire.Coded].
func (c *Chain) Code(to *wire.Coder) {
	to.Array(3)
	wire.Uint(to, &c.Start)
	wire.Uint(to, &c.Seen)
	to.Fixed(c.Link[:])
}

// Code implements [wire.Coded].
func (s *HotkeySwap) Code(c *wire.Coder) {
	c.Array(3)
	c.Fixed(s.To[:])
	wire.Uint(c, &s.From)
	c.Bool(&s.Kept)
}

// Code implements [wire.Coded].
func (j *Jail) Code(c *wire.Coder) {
	c.Array(6)
	c.Bool(&j.Held)
	c.Bool(&j.Lied)
	c.Bool(&j.Asks)
	wire.Uint(c, &j.From)
	wire.Uint(c, &j.Wait)
	wire.Uint(c, &j.Told)
}

// Code implements [wire.Coded].
func (c *Commission) Code(to *wire.Coder) {
	to.Array(3)
	wire.Uint(to, &c.Rate)
	wire.Uint(to, &c.Next)
	wire.Uint(to, &c.From)
}

// Code implements [wire.Coded].
func (m *Meta) Code(c *wire.Coder) {
	c.Array(17)
	wire.Uint(c, &m.Height)
	wire.Uint(c, &m.Seats)
	for _, a := range []*protocol.Amount{&m.Issued, &m.Burned, &m.Pot, &m.Price} {
		wire.Uint(c, a)
	}
	wire.Uint(c, &m.LastStep)
	c.Fixed(m.Beacon[:])
	c.Fixed(m.Pending[:])
	c.SeatID(&m.PendingSeat)
	c.Fixed(m.PendingKey[:])
	for _, a := range []*protocol.Amount{&m.Unearned, &m.Balances, &m.Stakes, &m.Unbonding, &m.Escrow, &m.Collateral} {
		wire.Uint(c, a)
	}
}

// Code implements [wire.Coded].
func (v *ValidatorSet) Code(c *wire.Coder) {
	c.Array(2)
	wire.List(c, &v.Set, (*Power).Code)
	wire.List(c, &v.Prev, (*Power).Code)
}

// Code implements [wire.Coded].
func (p *Power) Code(c *wire.Coder) {
	c.Array(3)
	wire.Uint(c, &p.UID)
	c.Fixed(p.Key[:])
	wire.Uint(c, &p.Power)
}

// Code implements [wire.Coded].
func (s *SignedRecord) Code(c *wire.Coder) {
	c.Array(1)
	wire.List(c, &s.Members, (*Signed).Code)
}

// Code implements [wire.Coded].
func (s *Signed) Code(c *wire.Coder) {
	c.Array(4)
	c.Fixed(s.Address[:])
	wire.Uint(c, &s.UID)
	wire.Uint(c, &s.Last)
	wire.Uint(c, &s.Proposed)
}

// Code implements [wire.Coded].
func (b *BeaconRecord) Code(c *wire.Coder) {
	c.Array(3)
	c.Fixed(b.Beacon[:])
	c.SeatID(&b.Proposer)
	c.Bool(&b.Counted)
}

// Code implements [wire.Coded].
func (r *RoundRecord) Code(c *wire.Coder) {
	c.Array(10)
	wire.Uint(c, &r.Round)
	c.Fixed(r.TaskSeed[:])
	wire.Uint(c, &r.TaskHeight)
	c.Fixed(r.DutySeed[:])
	wire.Uint(c, &r.DutyHeight)
	c.SeatID(&r.TaskFirst)
	c.SeatID(&r.DutyFirst)
	c.Bool(&r.TaskHas)
	c.Bool(&r.DutyHas)
	wire.Uint(c, &r.Published)
}

// Code implements [wire.Coded].
func (s *RosterSeat) Code(c *wire.Coder) {
	c.Array(4)
	c.SeatID(&s.ID)
	c.Fixed(s.Hotkey[:])
	wire.List(c, &s.Asked, codeAsked)
	c.Fixed(s.Coldkey[:])
}

func codeAsked(a *task.Asked, c *wire.Coder) {
	c.Array(3)
	wire.Text(c, &a.Kind)
	wire.Uint(c, &a.Slots)
	wire.Hashes(c, &a.Models)
}

// Code implements [wire.Coded].
func (r *RosterJudge) Code(c *wire.Coder) {
	c.Array(4)
	c.SeatID(&r.ID)
	c.Fixed(r.Hotkey[:])
	wire.Uint(c, &r.Stake)
	c.Fixed(r.Coldkey[:])
}

// Code implements [wire.Coded].
func (s *SealedWeights) Code(c *wire.Coder) {
	c.Array(3)
	c.SeatID(&s.Seat)
	c.Fixed(s.Hash[:])
	wire.Uint(c, &s.Height)
}

// Code implements [wire.Coded].
func (w *Weights) Code(c *wire.Coder) {
	c.Array(4)
	c.SeatID(&w.Seat)
	wire.Uint(c, &w.Height)
	wire.Uints(c, &w.UIDs)
	wire.Uints(c, &w.Values)
}

// Code implements [wire.Coded].
func (b *Bonds) Code(c *wire.Coder) {
	c.Array(2)
	wire.Uints(c, &b.UIDs)
	wire.Uints(c, &b.Values)
}

// Code implements [wire.Coded].
func (e *EpochRecord) Code(c *wire.Coder) {
	c.Array(11)
	wire.Uint(c, &e.Epoch)
	wire.Uint(c, &e.Height)
	c.Fixed(e.Inputs[:])
	for _, a := range []*protocol.Amount{&e.Emission, &e.Miners, &e.Validators, &e.Carried, &e.Issued, &e.Burned} {
		wire.Uint(c, a)
	}
	wire.Uint(c, &e.Seats)
	wire.Uint(c, &e.Unearned)
}

// Code implements [wire.Coded].
func (p *Payment) Code(c *wire.Coder) {
	c.Array(15)
	c.SeatID(&p.Seat)
	c.Fixed(p.Hotkey[:])
	c.Fixed(p.Coldkey[:])
	wire.Uint(c, &p.Stake)
	c.Bool(&p.Permit)
	for _, n := range []*uint16{&p.Consensus, &p.Incentive, &p.Dividend, &p.Trust, &p.Duty, &p.StakeShare} {
		wire.Uint(c, n)
	}
	wire.Uint(c, &p.Miner)
	wire.Uint(c, &p.Validator)
	wire.Uint(c, &p.Drawn)
	wire.Uint(c, &p.Fulfilled)
}

// Code implements [wire.Coded].
func (v *BlockVote) Code(c *wire.Coder) {
	c.Array(3)
	c.Fixed(v.Address[:])
	wire.Uint(c, &v.Power)
	wire.Uint(c, &v.Flag)
}

// Code implements [wire.Coded].
func (m *Misbehaviour) Code(c *wire.Coder) {
	c.Array(6)
	wire.Uint(c, &m.Offence)
	c.Fixed(m.Address[:])
	wire.Uint(c, &m.Power)
	wire.Uint(c, &m.Height)
	c.Int(&m.Time)
	wire.Uint(c, &m.Total)
}
