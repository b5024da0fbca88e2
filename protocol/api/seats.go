package api

import (
	"context"
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// view is the newest state with what nearly every answer needs of it.
type view struct {
	ledger.Reader
	height protocol.Height
	epoch  protocol.Epoch
	oldest protocol.Epoch // the first epoch of which the ledger has all records
	paid   protocol.Epoch // the newest epoch whose emission was paid
	any    bool           // there is such an epoch
}

// view reads the state, or says that this node has none.
func (h *Handler) view(ctx context.Context) (*view, error) {
	if h.src.State == nil {
		return nil, notKept("ledger state", "ask a validator")
	}
	r, height, err := h.src.State.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	s := h.params.Schedule
	v := &view{Reader: r, height: height, epoch: s.EpochOf(height)}
	// The last block of an epoch removes the records of the one that is
	// Retention old.
	if ended := s.EpochOf(height + 1); uint64(ended) > h.params.Tasks.Retention {
		v.oldest = ended - protocol.Epoch(h.params.Tasks.Retention)
	}
	switch {
	case s.IsEpochEnd(height):
		v.paid, v.any = v.epoch, true
	case v.epoch > 0:
		v.paid, v.any = v.epoch-1, true
	}
	return v, nil
}

// payment returns what the newest paid epoch gave to a seat; zeros if nothing,
// or if that was a former holder of the uid.
func (v *view) payment(id protocol.SeatID) (ledger.Payment, error) {
	if !v.any {
		return ledger.Payment{}, nil
	}
	p, _, err := ledger.ReadPayment(v, v.paid, id.UID)
	if err != nil || p.Seat != id {
		return ledger.Payment{}, err
	}
	return p, nil
}

func (v *view) balance(k protocol.PublicKey) (protocol.Amount, error) {
	a, _, err := ledger.ReadAccount(v, k)
	return a.Balance, err
}

// isValidator tells the two lists apart: a seat with a permit or a consensus
// key is a validator; one that serves models, or is neither, is a miner.
func isValidator(s *ledger.Seat) bool { return s.Permit || !s.Consensus.Key.IsZero() }

func isMiner(s *ledger.Seat) bool { return len(s.Offers) > 0 || !isValidator(s) }

// seats makes a page of those seats that are kept, one item each.
func seats[T any](r *request, v *view, keep func(*ledger.Seat) bool, item func(*ledger.Seat) (T, error)) (any, error) {
	p, err := newPager[T](r)
	if err != nil {
		return nil, err
	}
	p.oldest = v.oldest
	var list []ledger.Seat
	err = ledger.Seats(v, func(s ledger.Seat) bool {
		pos := position{a: s.ID.UID}
		if !p.wants(pos) || !keep(&s) {
			return true
		}
		if len(list) == p.limit {
			p.more = true
			return false
		}
		list = append(list, s)
		p.last = pos
		return true
	})
	if err != nil {
		return nil, err
	}
	for i := range list { // the tree is not read while it is walked
		it, err := item(&list[i])
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, it)
	}
	return p.page(), nil
}

func (h *Handler) miners(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	return seats(r, v, isMiner, func(s *ledger.Seat) (Miner, error) {
		m := Miner{
			Holder: Holder{s.ID.UID, s.ID.Registered, s.Hotkey, s.Coldkey},
			Offers: append([]wire.Offer{}, s.Offers...), Slots: s.Slots, Collateral: s.Collateral, Asked: s.Asked,
			Immune: v.height < s.ID.Registered+protocol.Height(h.params.Seats.Immunity),
		}
		if !s.Payout.IsZero() {
			m.Payout = &s.Payout
		}
		p, err := v.payment(s.ID)
		if err != nil {
			return m, err
		}
		m.Incentive, m.IncentiveShare, m.Emission = p.Incentive, share(uint64(p.Incentive), ofWeight), p.Miner
		if m.EmissionTotal, m.TotalSince, err = h.total(v, s.ID); err != nil {
			return m, err
		}
		m.Balance, err = v.balance(s.Coldkey)
		return m, err
	})
}

func (h *Handler) validators(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	set, _, err := ledger.ReadValidators(v)
	if err != nil {
		return nil, err
	}
	power := make(map[protocol.UID]uint64, len(set.Set))
	for _, p := range set.Set {
		power[p.UID] = p.Power
	}
	signed, err := ledger.ReadSigned(v)
	if err != nil {
		return nil, err
	}
	return seats(r, v, isValidator, func(s *ledger.Seat) (Validator, error) {
		out := Validator{
			Holder: Holder{s.ID.UID, s.ID.Registered, s.Hotkey, s.Coldkey},
			Permit: s.Permit, Power: power[s.ID.UID], LastUpdate: s.LastUpdate,
			LastSigned: signed.Of(s.ID.UID).Last, Jailed: s.Jail.Held,
		}
		if s.Jail.Held {
			out.JailEnds = s.Jail.Free()
		}
		pool, _, err := ledger.ReadPool(v, s.PoolName())
		if err != nil {
			return out, err
		}
		out.Stake = pool.Amount
		if out.Self, err = ledger.ReadStake(v, s.PoolName(), s.Coldkey); err != nil {
			return out, err
		}
		out.setCommission(&s.Commission, v.epoch)
		p, err := v.payment(s.ID)
		if err != nil {
			return out, err
		}
		out.Dividend, out.Duty, out.Drawn, out.Fulfilled, out.Emission = p.Dividend, p.Duty, p.Drawn, p.Fulfilled, p.Validator
		out.DividendShare, out.DutyShare = share(uint64(p.Dividend), ofWeight), share(uint64(p.Duty), ofWeight)
		out.CommissionShare = share(uint64(out.Commission), ofOne)
		out.Balance, err = v.balance(s.Coldkey)
		return out, err
	})
}

// setCommission says what the owner takes in an epoch, and what is announced.
func (out *Validator) setCommission(c *ledger.Commission, e protocol.Epoch) {
	out.Commission = c.At(e)
	if c.From > e {
		out.NextCommission, out.CommissionFrom = &c.Next, c.From
	}
}

// total returns what a seat was ever paid for work, as far as this node knows,
// and from which epoch on.
func (h *Handler) total(v *view, id protocol.SeatID) (protocol.Amount, protocol.Epoch, error) {
	if t, ok := h.src.State.(Totaler); ok {
		if sum, since, ok := t.Total(id); ok {
			return sum, since, nil
		}
	}
	sums, err := h.totals.of(v)
	return sums[id], v.oldest, err
}

// totals holds what miners were paid in all epochs that are kept. It changes
// once an epoch, so it is added up once an epoch.
type totals struct {
	mu   sync.Mutex
	paid protocol.Epoch                      // guarded by mu: the newest epoch in sums
	sums map[protocol.SeatID]protocol.Amount // guarded by mu; never changed once made
}

func (t *totals) of(v *view) (map[protocol.SeatID]protocol.Amount, error) {
	if !v.any {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sums != nil && t.paid == v.paid {
		return t.sums, nil
	}
	sums := map[protocol.SeatID]protocol.Amount{}
	for e := v.oldest; e <= v.paid; e++ {
		list, err := ledger.ReadPayments(v, e)
		if err != nil {
			return nil, err
		}
		for i := range list {
			sums[list[i].Seat] += list[i].Miner
		}
	}
	t.paid, t.sums = v.paid, sums
	return sums, nil
}
