package ledger

import (
	"bytes"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Requests pay for synthetic data by escrow. All that decides the pay is on the
// ledger, and everybody can read it: the specification, and after the deadline the
// records.
//
//	request   the maximum goes from the requester's balance into escrow
//	deadline  until then makers seal records: who copies comes later
//	+ tempo   until then they open them: the texts are public now
//	+ tempo   until then the judges of the epoch in which the openings ended say
//	          what each record is to be paid; findings that are equal and have more
//	          than half of these judges' stake behind them, two judges at least where
//	          there are two, settle the request at once
//	          or else all goes back: nobody agreed that anything was made
//	+ epochs  of retention after the end all is forgotten
//
// The ledger does not read texts. A judgement is a pure function of what it holds
// (scoring/synthetic), so that honest judges find the same, and no requester
// chooses whom it pays, or refuses what passed its gates. What is paid is no work
// of a seat, and enters no weight.

// What requests cost.
const (
	// RequestFee is the part of its maximum that a request burns: one in so many.
	RequestFee = 64
	// openFee is how many bytes of a record one fee is burned for.
	openFee = 1 << 10
	// maxSealed bounds the records of a request, and so what its judges do: each
	// seal burns a fee.
	maxSealed = 8 * wire.MaxRequested
)

// Request is kept under RequestKey(id).
type Request struct {
	_         struct{} `cbor:",toarray"`
	Requester protocol.PublicKey
	Height    protocol.Height // of its block
	Asked     wire.Request
	Escrow    protocol.Amount // what is not yet paid or returned
	Sealed    uint32          // records
	Opened    uint32          // records
	// Ended is the height of the block that settled it or gave all back; zero before.
	Ended protocol.Height
	Paid  protocol.Amount // to makers
	Count uint32          // records that were paid
}

// OpenDeadline is the last height at which records are opened.
func (r *Request) OpenDeadline(p *params.Params) protocol.Height {
	return r.Asked.Deadline + protocol.Height(p.Schedule.Tempo)
}

// JudgeDeadline is the last height at which judges say what they found.
func (r *Request) JudgeDeadline(p *params.Params) protocol.Height {
	return r.OpenDeadline(p) + protocol.Height(p.Schedule.Tempo)
}

// SealedRecord is kept under SealedRecordKey(request, seal) until it is opened.
type SealedRecord struct {
	_      struct{} `cbor:",toarray"`
	Maker  protocol.PublicKey
	Height protocol.Height // of its block
}

// MadeRecord is kept under MadeRecordKey(request, seal).
type MadeRecord struct {
	_     struct{} `cbor:",toarray"`
	Maker protocol.PublicKey
	// Height is that of the seal's block: records count in this order.
	Height protocol.Height
	Seed   protocol.Hash
	Text   string
	Paid   protocol.Amount // zero where it was not paid
}

// RequestFinding is kept under RequestFindingKey(request, uid).
type RequestFinding struct {
	_     struct{} `cbor:",toarray"`
	Seat  protocol.SeatID
	Pays  protocol.Hash // of what the judge said
	Stake protocol.Amount
}

// RequestID names a request: H("assay/1/request", requester ‖ u64 height ‖ body).
func RequestID(requester protocol.PublicKey, h protocol.Height, b *wire.Request) protocol.Hash {
	return wire.HashOf("assay/1/request", requester[:], u64(nil, uint64(h)), wire.Encode(b))
}

// TextHash names a text that was paid: H("assay/1/text", text).
func TextHash(text string) protocol.Hash { return wire.HashOf("assay/1/text", []byte(text)) }

// request puts the maximum into escrow, and burns its part.
func (m *machine) request(from protocol.PublicKey, b *wire.Request) error {
	last := m.height + protocol.Height(m.p.Tasks.Retention*m.p.Schedule.Tempo)
	if b.Deadline <= m.height || b.Deadline > last {
		return broken(ErrDeadline, "deadline %d, %d … %d", b.Deadline, m.height+1, last)
	}
	id := RequestID(from, m.height, b)
	if _, ok := get[Request](m.st, RequestKey(id)); ok {
		return broken(ErrDuplicate, "request %s", id.Short())
	}
	if err := m.burn(from, b.Maximum/RequestFee); err != nil {
		return err
	}
	if err := m.debit(from, b.Maximum); err != nil {
		return err
	}
	r := Request{Requester: from, Height: m.height, Asked: *b, Escrow: b.Maximum}
	put(m.st, RequestKey(id), r)
	put(m.st, RequestDueKey(r.JudgeDeadline(m.p), id), id)
	m.emit(Event{Name: EventRequested, Epoch: m.currentEpoch(), Hash: id, Amount: b.Maximum, Count: b.Count})
	return nil
}

// sealRecords keeps seals, each for a fee of its own.
func (m *machine) sealRecords(maker protocol.PublicKey, b *wire.SealRecords) error {
	r, err := m.requestUntil(b.Request, func(r *Request) (first, last protocol.Height) { return r.Height, r.Asked.Deadline })
	if err != nil {
		return err
	}
	if uint64(r.Sealed)+uint64(len(b.Seals)) > maxSealed {
		return broken(ErrFull, "request %s has %d records", b.Request.Short(), r.Sealed)
	}
	if err := m.burn(maker, m.p.Seats.Fee*protocol.Amount(len(b.Seals))); err != nil {
		return err
	}
	for _, s := range b.Seals {
		at := SealedRecordKey(b.Request, s)
		if _, ok := get[SealedRecord](m.st, at); ok {
			return broken(ErrDuplicate, "seal %s", s.Short())
		}
		put(m.st, at, SealedRecord{Maker: maker, Height: m.height})
	}
	r.Sealed += uint32(len(b.Seals))
	put(m.st, RequestKey(b.Request), r)
	return nil
}

// openRecord puts the record that a seal stands for into its place.
func (m *machine) openRecord(maker protocol.PublicKey, b *wire.OpenRecord) error {
	r, err := m.requestUntil(b.Request, func(r *Request) (first, last protocol.Height) {
		return r.Asked.Deadline + 1, r.OpenDeadline(m.p)
	})
	if err != nil {
		return err
	}
	seal := b.Seal(maker)
	at := SealedRecordKey(b.Request, seal)
	s, ok := get[SealedRecord](m.st, at)
	if !ok || s.Maker != maker {
		return broken(ErrMismatch, "nobody sealed the record %s", seal.Short())
	}
	if by, ok := get[protocol.Hash](m.st, PaidTextKey(TextHash(b.Text))); ok {
		return broken(ErrDuplicate, "request %s paid this text", by.Short())
	}
	if err := m.burn(maker, m.p.Seats.Fee*protocol.Amount(len(b.Text)/openFee)); err != nil {
		return err
	}
	del(m.st, at)
	put(m.st, MadeRecordKey(b.Request, seal), MadeRecord{Maker: maker, Height: s.Height, Seed: b.Seed, Text: b.Text})
	r.Opened++
	put(m.st, RequestKey(b.Request), r)
	return nil
}

// requestUntil returns a request that has not ended, within the heights that
// window gives.
func (m *machine) requestUntil(id protocol.Hash, window func(r *Request) (first, last protocol.Height)) (Request, error) {
	r, ok := get[Request](m.st, RequestKey(id))
	if !ok {
		return r, broken(ErrUnknown, "request %s", id.Short())
	}
	if first, last := window(&r); r.Ended != 0 || m.height < first || m.height > last {
		return r, broken(ErrDeadline, "request %s at height %d, %d … %d", id.Short(), m.height, first, last)
	}
	return r, nil
}

// judgeRequest keeps what a judge found, and settles where that was the one that
// was missing.
func (m *machine) judgeRequest(s Seat, b *wire.JudgeRequest) error {
	r, err := m.requestUntil(b.Request, func(r *Request) (first, last protocol.Height) {
		return r.OpenDeadline(m.p) + 1, r.JudgeDeadline(m.p)
	})
	if err != nil {
		return err
	}
	epoch := m.p.Schedule.EpochOf(r.OpenDeadline(m.p))
	judge, ok := get[RosterJudge](m.st, RosterJudgeKey(epoch, s.ID.UID))
	if !ok || judge.ID != s.ID {
		return broken(ErrNotPermitted, "seat %d is no validator of epoch %d", s.ID.UID, epoch)
	}
	at := RequestFindingKey(b.Request, s.ID.UID)
	if _, ok := get[RequestFinding](m.st, at); ok {
		return broken(ErrDuplicate, "seat %d has judged request %s", s.ID.UID, b.Request.Short())
	}
	if err := r.payable(b.Pays); err != nil {
		return err
	}
	found := wire.HashOf("assay/1/request/finding", wire.Encode(b))
	put(m.st, at, RequestFinding{Seat: s.ID, Pays: found, Stake: judge.Stake})
	if m.agreed(b.Request, epoch, found) {
		return m.settle(b.Request, &r, b.Pays)
	}
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

// agreed reports whether more than half of the judges' stake found the same, and
// two of them where there are two.
func (m *machine) agreed(id protocol.Hash, epoch protocol.Epoch, found protocol.Hash) bool {
	judges := all[RosterJudge](m.st, RosterJudgePrefix(epoch))
	var total, same protocol.Amount
	n := 0
	for i := range judges {
		total += judges[i].Stake // at most what was issued
	}
	for _, f := range all[RequestFinding](m.st, RequestFindingPrefix(id)) {
		if f.Pays == found {
			same += f.Stake
			n++
		}
	}
	return same > total/2 && n >= min(2, len(judges))
}

// settle pays, and gives back what is left.
func (m *machine) settle(id protocol.Hash, r *Request, pays []wire.RecordPay) error {
	var keys [][]byte
	var records []MadeRecord
	err := walk(m.st, MadeRecordPrefix(id), func(k []byte, v MadeRecord) bool {
		keys, records = append(keys, bytes.Clone(k)), append(records, v)
		return true
	})
	if err != nil {
		m.st.fail(err)
		return err
	}
	for _, p := range pays {
		v := &records[p.Number]
		text := PaidTextKey(TextHash(v.Text))
		if _, ok := get[protocol.Hash](m.st, text); ok {
			continue // another request, or a twin in this one, was settled first
		}
		if err := m.credit(v.Maker, p.Amount); err != nil {
			return err
		}
		put(m.st, text, id)
		v.Paid = p.Amount
		put(m.st, keys[p.Number], v)
		r.Escrow, r.Paid, r.Count = r.Escrow-p.Amount, r.Paid+p.Amount, r.Count+1
	}
	return m.end(id, r)
}

// end returns what is left of the escrow, and has the request forgotten some
// epochs later.
func (m *machine) end(id protocol.Hash, r *Request) error {
	if err := m.credit(r.Requester, r.Escrow); err != nil {
		return err
	}
	r.Escrow, r.Ended = 0, m.height
	put(m.st, RequestKey(id), r)
	put(m.st, RequestDueKey(m.height+protocol.Height(m.p.Tasks.Retention*m.p.Schedule.Tempo), id), id)
	m.emit(Event{Name: EventSettled, Epoch: m.currentEpoch(), Hash: id, Amount: r.Paid, Count: r.Count})
	return nil
}

// endRequests gives back what nobody agreed to pay by this block, and forgets
// requests that ended long ago.
func (m *machine) endRequests() {
	for _, id := range all[protocol.Hash](m.st, RequestDuePrefix(m.height)) {
		del(m.st, RequestDueKey(m.height, id))
		r, ok := get[Request](m.st, RequestKey(id))
		switch {
		case !ok:
			m.st.fail(ErrCorrupt)
		case r.Ended == 0:
			if err := m.end(id, &r); err != nil {
				m.st.fail(err)
			}
		case m.height >= r.Ended+protocol.Height(m.p.Tasks.Retention*m.p.Schedule.Tempo):
			del(m.st, RequestKey(id))
			delAll(m.st, SealedRecordPrefix(id))
			delAll(m.st, MadeRecordPrefix(id))
			delAll(m.st, RequestFindingPrefix(id))
		}
	}
}
