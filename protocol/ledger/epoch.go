package ledger

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/yuma"
)

// What an epoch is for. In epoch E seats answer and judges judge; in it each judge
// seals a row of weights, which it opens in E + 1, when it states, too, what it
// judged; and the last block of E + 2 pays for that row. So no judge sees another's
// row before its own is fixed, and what a row pays is known to all when it is paid.
//
// The last block of an epoch E does all of this, in this order:
//
//	gather   stakes (the pool of a seat's hotkey), permits, bonds, and the rows of
//	         E − 2 that were opened, if those are enough (payout.go); an entry for a seat that changed hands since
//	         the row was sealed is left out, and so is the row of such a seat
//	yuma     incentive I of seats, dividends D of validators, and N, what the rows
//	         agree that nobody earned (package scoring/yuma). With P what is
//	         payable, pot − unearned, or if that is less 1¼ times what an epoch
//	         issues, or a 256th of it, and T = ΣI + ΣD + 2N, about 2:
//	pay      P·I/T to the coldkey of each seat, or to whom that has it paid; of
//	         P·D/T what duties leave, by [machine.kept], to the pool of stake on each
//	         validator, less the owner's commission (pool.go); 2P·N/T to no one: it
//	         stays in the pot as unearned. What rounding and missed duties leave is
//	         payable in E + 1. If no seat has incentive, and nobody none, nothing is
//	         paid, and P is payable again
//	bonds    those of the validators, for the next epoch's dividends
//	chains   beacon chains that serve from E + 1 take the place of those before
//	hotkeys  and so do hotkeys (hotkey.go)
//	silence  who asked for it is free of jail, and who was silent is jailed (live.go)
//	permits  who validates in E + 1: of the seats that can, those of most stake, as
//	         far as the set may change in an epoch (churn.go); with it the update of
//	         the consensus set, which acts two blocks later
//	rosters  who is asked in E + 1, of each kind that it offers
//
//	             slots = min(capacity, the kind's slots, max(1, 2·given ÷ rounds))
//
//	         where given is how many answers of the kind it gave in E − 1 (attest.go),
//	         and rounds in how many the kind fell due: twice what it showed, so that
//	         it can grow; and who judges, with its stake
//	pruning  the order in which seats are pruned, by what they earned
//	forget   the records of epoch E − Retention; the pots of all epochs stay
//
// Everything is a function of the state before, in integers: who has the state
// computes it again, and [InputsHash] says that he began with the same.

// epoch closes an epoch in its last block.
func (m *machine) epoch() error {
	now := m.currentEpoch()
	seats := m.candidates()
	if err := m.blame(nil); err != nil { // the seats of the consensus set must be there
		return err
	}
	m.st.room(len(seats), SeatPrefix(), AccountPrefix(), PaymentPrefix(now), RosterSeatPrefix(now+1))
	in := m.yumaInput(now, seats)
	m.yuma = &in
	var out yuma.Output
	var err error
	wait := m.beside(func() { out, err = yuma.Run(in) })
	rec := EpochRecord{Epoch: now, Height: m.height, Inputs: InputsHash(&in), Seats: uint32(len(seats))}
	earned := m.earned(now, seats)
	if wait(); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	m.pay(rec, seats, earned, &out)
	m.keepBonds(out.Bonds)
	m.meta.LastStep = m.height
	takeChains(seats, now+1)
	m.swapHotkeys(seats, now+1)
	m.judgeSilence(seats)
	m.permits(seats, now+1)
	m.rosters(seats, now+1)
	m.reorder(seats)
	m.forget(now)
	return nil
}

// candidates returns all seats with the stake on their hotkeys, by uid.
func (m *machine) candidates() []candidate {
	all, err := candidatesOf(m.st, int(m.meta.Seats))
	if err != nil {
		m.st.fail(err)
	}
	return all
}

// candidatesOf is [machine.candidates] with room for so many seats.
func candidatesOf(r Reader, room int) ([]candidate, error) {
	out := make([]candidate, 0, room)
	err := Seats(r, func(s Seat) bool {
		out = append(out, candidate{seat: s})
		return true
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		pool, _, err := ReadPool(r, out[i].seat.PoolName())
		if err != nil {
			return nil, err
		}
		out[i].stake = pool.Amount
	}
	return out, nil
}

// yumaInput gathers what the epoch is computed from. A row that was not opened
// is empty, and so are all where too few were. An entry for a seat that changed
// hands since the row was sealed is left out: the validator meant the former
// holder.
func (m *machine) yumaInput(now protocol.Epoch, seats []candidate) yuma.Input {
	n := len(seats)
	in := yuma.Input{
		Params: m.yumaParams(n), Block: uint64(m.height), LastStep: uint64(m.meta.LastStep), Emission: uint64(m.budget()),
		Stake: make([]uint64, n), RegisteredAt: make([]uint64, n), LastUpdate: make([]uint64, n), Permit: make([]bool, n),
		Weights: make([][]yuma.Entry, n), Bonds: make([][]yuma.Entry, n), Nobody: make([]uint16, n),
	}
	var rows map[protocol.UID]Weights
	if now >= 2 {
		rows = m.heard(now - 2)
	}
	for i := range seats {
		s := &seats[i].seat
		in.Stake[i] = uint64(seats[i].stake)
		in.RegisteredAt[i], in.LastUpdate[i], in.Permit[i] = uint64(s.ID.Registered), uint64(s.LastUpdate), s.Permit
		if row, ok := rows[s.ID.UID]; ok && row.Seat == s.ID {
			in.Nobody[i] = row.takeNobody()
			in.Weights[i] = entries(row.UIDs, row.Values, func(uid protocol.UID) bool { return seats[uid].seat.ID.Registered < row.Height })
		}
		if b, ok := get[Bonds](m.st, BondsKey(s.ID.UID)); ok {
			in.Bonds[i] = entries(b.UIDs, b.Values, func(protocol.UID) bool { return true })
		}
	}
	return in
}

// yumaParams are the network's settings. All staked seats get Yuma's permit,
// which only says whose bonds are kept; who may vote is for [machine.permits].
func (m *machine) yumaParams(n int) yuma.Params {
	y := m.p.Yuma
	return yuma.Params{
		Tempo: m.p.Schedule.Tempo, ActivityCutoff: y.ActivityCutoff, Kappa: y.Kappa, MaxValidators: n,
		StakeThreshold: uint64(m.p.Seats.MinStake), BondsMovingAverage: y.BondsMovingAverage, BondsPenalty: y.BondsPenalty,
		Yuma3: y.Yuma3, LiquidAlpha: y.LiquidAlpha, AlphaLow: y.AlphaLow, AlphaHigh: y.AlphaHigh, Steepness: y.Steepness,
		CarryIfNoIncentive: true, ZerosKeepBonds: true, PaysAgreed: true,
	}
}

// takeNobody removes what a row leaves to nobody, its last entry if there is one,
// and returns it.
func (w *Weights) takeNobody() uint16 {
	last := len(w.UIDs) - 1
	if last < 0 || w.UIDs[last] != protocol.Nobody {
		return 0
	}
	left := w.Values[last]
	w.UIDs, w.Values = w.UIDs[:last], w.Values[:last]
	return left
}

func entries(uids []protocol.UID, values []uint16, keep func(protocol.UID) bool) []yuma.Entry {
	out := make([]yuma.Entry, 0, len(uids))
	for i, uid := range uids {
		if keep(uid) {
			out = append(out, yuma.Entry{UID: uint16(uid), Value: values[i]})
		}
	}
	return out
}

func (m *machine) keepBonds(rows [][]yuma.Entry) {
	for i, row := range bondsOf(rows) {
		at := BondsKey(protocol.UID(i))
		if len(row.UIDs) == 0 {
			del(m.st, at)
			continue
		}
		put(m.st, at, row)
	}
}

// bondsOf returns rows as they are stored. All share two arrays.
func bondsOf(rows [][]yuma.Entry) []Bonds {
	entries := 0
	for _, row := range rows {
		entries += len(row)
	}
	uids, values := make(wire.Numbers[protocol.UID], 0, entries), make(wire.Numbers[uint16], 0, entries)
	out := make([]Bonds, len(rows))
	for i, row := range rows {
		from := len(uids)
		for _, e := range row {
			uids, values = append(uids, protocol.UID(e.UID)), append(values, e.Value)
		}
		out[i] = Bonds{UIDs: slices.Clip(uids[from:]), Values: slices.Clip(values[from:])}
	}
	return out
}

// pay credits the emission out of the pot and writes the epoch's record and
// one payment for each seat. What rounding and missed duties leave
// is carried to the next epoch; what nobody earned stays in the pot for good. The
// record says already of which epoch it is, and of what inputs.
func (m *machine) pay(rec EpochRecord, seats []candidate, by []earned, out *yuma.Output) {
	now := rec.Epoch
	rec.Emission, rec.Unearned = m.budget(), protocol.Amount(out.NobodyEmission)
	var paid uint32
	for i := range seats {
		s := &seats[i].seat
		done, left := by[i].duties, by[i].left
		pay := Payment{
			Seat: s.ID, Hotkey: s.Hotkey, Coldkey: s.Coldkey, Stake: seats[i].stake, Permit: s.Permit,
			Consensus: out.Consensus[i], Incentive: out.Incentive[i], Dividend: out.Dividends[i],
			Trust: out.ValidatorTrust[i], StakeShare: out.StakeWeight[i], Duty: uint16(left(0xffff)),
			Drawn: sum(done.drawn), Fulfilled: sum(done.fulfilled),
		}
		pay.Miner = protocol.Amount(out.ServerEmission[i])
		m.payOwner(m.payee(s), pay.Miner)
		pay.Validator = m.payStakers(s, left(protocol.Amount(out.ValidatorEmission[i])))
		seats[i].stake += pay.Validator // permits and rosters go by what there is now
		s.Emission = pay.Miner + pay.Validator
		if s.Emission > 0 {
			paid++
		}
		rec.Miners += pay.Miner
		rec.Validators += pay.Validator
		put(m.st, PaymentKey(now, s.ID.UID), pay)
	}
	if rec.Miners > 0 {
		for i := range seats {
			seats[i].seat.average()
		}
	}
	m.meta.Unearned += rec.Unearned // it is in the pot
	rec.Carried, rec.Issued, rec.Burned = m.payable(), m.meta.Issued, m.meta.Burned
	put(m.st, EpochKey(now), rec)
	m.emit(Event{Name: EventPaid, Epoch: now, Amount: rec.Miners + rec.Validators, Count: paid})
}

// payable is what of the pot may be paid.
func (m *machine) payable() protocol.Amount { return m.meta.Pot - m.meta.Unearned }

// fromPot takes what is paid out of the pot.
func (m *machine) fromPot(a protocol.Amount) {
	rest, err := m.meta.Pot.Sub(a)
	if err != nil { // Yuma hands out at most what it was given
		m.st.fail(fmt.Errorf("%w: pay %s from a pot of %s", ErrCorrupt, a, m.meta.Pot))
		return
	}
	m.meta.Pot = rest
}

// payOwner moves an amount from the pot to a balance.
func (m *machine) payOwner(to protocol.PublicKey, a protocol.Amount) {
	if a == 0 {
		return
	}
	m.fromPot(a)
	if err := m.credit(to, a); err != nil {
		m.st.fail(err)
	}
}

// epochInputs is the canonical form of what Yuma was given.
type epochInputs struct {
	_            struct{} `cbor:",toarray"`
	Params       yuma.Params
	Block        uint64
	LastStep     uint64
	Emission     uint64
	Stake        []uint64
	RegisteredAt []uint64
	LastUpdate   []uint64
	Permit       []bool
	Weights      []Bonds
	Bonds        []Bonds
	Nobody       []uint16
}

// Code implements [wire.Coded].
func (e *epochInputs) Code(c *wire.Coder) {
	c.Array(11)
	c.Other(&e.Params)
	wire.Uint(c, &e.Block)
	wire.Uint(c, &e.LastStep)
	wire.Uint(c, &e.Emission)
	for _, list := range []*[]uint64{&e.Stake, &e.RegisteredAt, &e.LastUpdate} {
		wire.List(c, list, func(n *uint64, c *wire.Coder) { wire.Uint(c, n) })
	}
	wire.List(c, &e.Permit, func(b *bool, c *wire.Coder) { c.Bool(b) })
	wire.List(c, &e.Weights, (*Bonds).Code)
	wire.List(c, &e.Bonds, (*Bonds).Code)
	wire.List(c, &e.Nobody, func(n *uint16, c *wire.Coder) { wire.Uint(c, n) })
}

// InputsHash returns SHA-256 over the canonical CBOR of an epoch's inputs, so
// that whoever computes an epoch again knows that he began with the same: an
// array of the settings (a map by name), block, last step, emission, stakes,
// registrations, last updates, permits, the rows of weights and of bonds, each an
// array of uids and one of values, and what each row of weights leaves to nobody.
func InputsHash(in *yuma.Input) protocol.Hash {
	e := epochInputs{
		Params: in.Params, Block: in.Block, LastStep: in.LastStep, Emission: in.Emission,
		Stake: in.Stake, RegisteredAt: in.RegisteredAt, LastUpdate: in.LastUpdate, Permit: in.Permit,
		Weights: bondsOf(in.Weights), Bonds: bondsOf(in.Bonds), Nobody: in.Nobody,
	}
	return wire.HashOf("assay/1/epoch/inputs", wire.Encode(&e))
}
