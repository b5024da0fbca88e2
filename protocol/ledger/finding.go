package ledger

import (
	"bytes"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Judges seal what they find of a request before any of them opens it, so that who
// did not judge has nothing to copy. Whose finding is the one that settles is paid
// for it, in proportion to the stake that it lent; a finding that was not opened
// counts as none. The rest of the fee goes back to the requester, and all of it
// where nobody agreed.

// RequestFinding is kept under RequestFindingKey(request, uid).
type RequestFinding struct {
	_     struct{} `cbor:",toarray"`
	Seat  protocol.SeatID
	Owner protocol.PublicKey // coldkey that is paid for it
	Stake protocol.Amount    // of the judge in the epoch that it judges for
	Seal  protocol.Hash      // wire.OpenFinding.Seal
	Found protocol.Hash      // wire.OpenFinding.Found; zero until it is opened
	// Hotkey is the judge's in that epoch, to which the seal is bound.
	Hotkey protocol.PublicKey
}

// FoundRecord is kept under FoundKey(request, wire.OpenFinding.Found), once for all
// who found the same.
type FoundRecord struct {
	_    struct{} `cbor:",toarray"`
	Pays []wire.RecordPay
}

// sealFinding binds a judge to what it found.
func (m *machine) sealFinding(s Seat, b *wire.SealFinding) error {
	r, err := m.requestUntil(b.Request, func(r *Request) (first, last protocol.Height) {
		return r.OpenDeadline(m.p) + 1, r.JudgeDeadline(m.p)
	})
	if err != nil {
		return err
	}
	epoch := m.p.Schedule.EpochOf(r.OpenDeadline(m.p))
	judge, err := m.judgeOf(epoch, s.ID)
	if err != nil {
		return err
	}
	at := RequestFindingKey(b.Request, s.ID.UID)
	if _, ok := get[RequestFinding](m.st, at); ok {
		return broken(ErrDuplicate, "seat %d has judged request %s", s.ID.UID, b.Request.Short())
	}
	put(m.st, at, RequestFinding{Seat: s.ID, Hotkey: judge.Hotkey, Owner: judge.Coldkey, Stake: judge.Stake, Seal: b.Seal})
	return nil
}

// openFinding keeps what a judge found. Where it was the last, the request is due.
func (m *machine) openFinding(s Seat, b *wire.OpenFinding) error {
	r, err := m.requestUntil(b.Request, func(r *Request) (first, last protocol.Height) {
		return r.JudgeDeadline(m.p) + 1, r.SettleDeadline(m.p)
	})
	if err != nil {
		return err
	}
	at := RequestFindingKey(b.Request, s.ID.UID)
	f, ok := get[RequestFinding](m.st, at)
	switch {
	case !ok || f.Seat != s.ID:
		return broken(ErrUnknown, "seat %d sealed no finding on request %s", s.ID.UID, b.Request.Short())
	case !f.Found.IsZero():
		return broken(ErrDuplicate, "seat %d has opened its finding on request %s", s.ID.UID, b.Request.Short())
	case f.Seal != b.Seal(f.Hotkey):
		return broken(ErrMismatch, "seat %d sealed %s", s.ID.UID, f.Seal.Short())
	}
	if err := r.payable(b.Pays); err != nil {
		return err
	}
	f.Found = b.Found()
	put(m.st, at, f)
	put(m.st, FoundKey(b.Request, f.Found), FoundRecord{Pays: b.Pays})
	waits := func(f RequestFinding) bool { return f.Found.IsZero() }
	if slices.ContainsFunc(all[RequestFinding](m.st, RequestFindingPrefix(b.Request)), waits) {
		return nil
	}
	put(m.st, RequestDueKey(m.height, b.Request), b.Request)
	return nil
}

// payable refuses what a request does not pay, whatever its records say.
func (r *Request) payable(pays []wire.RecordPay) error {
	if len(pays) > int(r.Asked.Count) {
		return broken(ErrMismatch, "%d records paid, at most %d", len(pays), r.Asked.Count)
	}
	left := r.Escrow
	for _, p := range pays {
		if p.Number >= r.Opened || p.Amount > r.Asked.Price || p.Amount > left {
			return broken(ErrMismatch, "%s for record %d of %d", p.Amount, p.Number, r.Opened)
		}
		left -= p.Amount
	}
	return nil
}

// noteJudges notes who may judge a request, whose openings end.
func (m *machine) noteJudges(r *Request) {
	judges := all[RosterJudge](m.st, RosterJudgePrefix(m.p.Schedule.EpochOf(r.OpenDeadline(m.p))))
	r.Judges = uint32(len(judges))
	for i := range judges {
		r.Stake += judges[i].Stake // at most what was issued
	}
}

// conclude ends a request: it pays what was agreed on, and who agreed. It returns
// how many records that took.
func (m *machine) conclude(id protocol.Hash, r *Request) int {
	del(m.st, RequestDueKey(r.SettleDeadline(m.p), id)) // all findings may be open before
	touched := int(r.Opened)
	judges, stake := m.agreed(id, r)
	if len(judges) > 0 {
		found, _ := get[FoundRecord](m.st, FoundKey(id, judges[0].Found)) // it came with the finding
		m.payMakers(id, r, found.Pays)
		m.payJudges(r, judges, stake)
		touched += len(found.Pays) + len(judges)
	}
	m.end(id, r)
	return touched
}

// agreed returns the findings that settle a request, and the stake behind them:
// those that are equal, with more than half of the stake of all its judges, and of
// two of them where there are two. None where there are no such.
func (m *machine) agreed(id protocol.Hash, r *Request) ([]RequestFinding, protocol.Amount) {
	opened := slices.DeleteFunc(all[RequestFinding](m.st, RequestFindingPrefix(id)), func(f RequestFinding) bool { return f.Found.IsZero() })
	for i := range opened {
		var same []RequestFinding
		var stake protocol.Amount
		for _, f := range opened {
			if f.Found == opened[i].Found {
				same, stake = append(same, f), stake+f.Stake
			}
		}
		if stake > r.Stake/2 && len(same) >= min(2, int(r.Judges)) {
			return same, stake
		}
	}
	return nil, 0
}

// payMakers pays the records that were found to be paid.
func (m *machine) payMakers(id protocol.Hash, r *Request, pays []wire.RecordPay) {
	var keys [][]byte
	err := walk(m.st, MadeRecordPrefix(id), func(k []byte, _ MadeRecord) bool {
		keys = append(keys, bytes.Clone(k)) // no texts: they may be many megabytes
		return true
	})
	if err != nil {
		m.st.fail(err)
		return
	}
	for _, p := range pays {
		v, _ := get[MadeRecord](m.st, keys[p.Number])
		text := PaidTextKey(TextHash(v.Text))
		if _, ok := get[protocol.Hash](m.st, text); ok {
			continue // another request, or a twin in this one, was settled first
		}
		m.fromEscrow(v.Maker, p.Amount)
		put(m.st, text, id)
		v.Paid = p.Amount
		put(m.st, keys[p.Number], v)
		r.Escrow, r.Paid, r.Count = r.Escrow-p.Amount, r.Paid+p.Amount, r.Count+1
	}
}

// payJudges divides the fee among those who agreed in proportion to their stake,
// rounded down.
func (m *machine) payJudges(r *Request, judges []RequestFinding, stake protocol.Amount) {
	fee := r.Fee
	for i := range judges {
		share, err := fee.MulDiv(uint64(judges[i].Stake), uint64(stake))
		if err != nil {
			m.st.fail(ErrCorrupt) // stake is the sum, and not zero
			return
		}
		m.fromEscrow(judges[i].Owner, share)
		r.Fee, r.Judged = r.Fee-share, r.Judged+share
	}
}

// fromEscrow adds to a balance what a request no longer holds.
func (m *machine) fromEscrow(to protocol.PublicKey, a protocol.Amount) {
	m.meta.Escrow -= a
	if err := m.credit(to, a); err != nil { // it was in a balance before
		m.st.fail(err)
	}
}
