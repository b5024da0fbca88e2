package ledger

import (
	"bytes"
	"encoding/binary"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Requests pay for synthetic data by escrow. All that decides the pay is on the
// ledger, and everybody can read it: the specification, and after the deadline the
// records.
//
//	request   the maximum goes from the requester's balance into escrow, and what
//	          its judges are paid
//	deadline  until then makers seal records: who copies comes later. Each seal holds
//	          a deposit of its maker's
//	+ tempo   until then they open them: the texts are public now, and the deposits
//	          go back. Those of what was not opened are burned
//	+ tempo   until then the judges of the epoch in which the openings ended seal
//	          what they find that each record is to be paid
//	+ tempo   until then they open it (finding.go). By then, or when all that was
//	          sealed is open, the request is settled by what most of these judges'
//	          stake found; or else all goes back: nobody agreed that anything was made
//	+ epochs  of retention after the end all is forgotten, and what it paid may be
//	          paid again
//
// Where nothing was sealed, or nothing opened, all goes back at that deadline.
//
// The ledger does not read texts. A judgement is a pure function of what it holds
// (scoring/synthetic), so that honest judges find the same, and no requester
// chooses whom it pays, or refuses what passed its gates. What is paid is no work
// of a seat, and enters no weight.

// What requests cost.
const (
	// requestFee is the part of its maximum that a request costs besides: one in so
	// many. Half of it is burned, half is for its judges.
	requestFee = 32
	// sealDeposit is the part of the price that a seal holds until its record is
	// opened: one in so many. Who fills a request of as many records as its maximum
	// pays, so that nobody else can seal for it, holds a quarter of the maximum where
	// it asks for the most that there are, and more where it asks for fewer.
	sealDeposit = 32
	// maxSealed bounds the records of a request, and so what its judges do.
	maxSealed = 8 * wire.MaxRequested
)

// RequestCost returns what a request costs beside its maximum and the fee of its
// transaction: what is burned, and what its judges are paid. It is at least what
// four signature checks of each judge weigh, so that a small one is judged, too.
func RequestCost(p *params.Params, maximum protocol.Amount) (burned, judges protocol.Amount) {
	fee := max(maximum/requestFee, p.Fees.Of(4*checkWeight*uint64(p.Seats.MaxValidators), 0))
	return fee - fee/2, fee / 2
}

// SealDeposit returns what a seal of a request that pays price a record holds
// of its maker's balance. It goes back when the record is opened, paid or not,
// and else is burned when the request ends.
func SealDeposit(price protocol.Amount) protocol.Amount { return price / sealDeposit }

// deposits returns what the seals of a request hold.
func (r *Request) deposits() protocol.Amount {
	if r.Ended != 0 {
		return 0
	}
	return SealDeposit(r.Asked.Price) * protocol.Amount(r.Sealed-r.Opened) // below 2^62
}

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
	// Fee is for the judges, and not yet paid or returned; Judged is what they were
	// paid.
	Fee, Judged protocol.Amount
	// Judges is how many may judge it, and Stake what is behind all of them: noted
	// when its openings end, zero before, for rosters are forgotten.
	Judges uint32
	Stake  protocol.Amount
}

// OpenDeadline is the last height at which records are opened.
func (r *Request) OpenDeadline(p *params.Params) protocol.Height {
	return r.Asked.Deadline + protocol.Height(p.Schedule.Tempo)
}

// JudgeDeadline is the last height at which judges seal what they found.
func (r *Request) JudgeDeadline(p *params.Params) protocol.Height {
	return r.OpenDeadline(p) + protocol.Height(p.Schedule.Tempo)
}

// SettleDeadline is the last height at which judges open what they found, and by
// which the request has ended.
func (r *Request) SettleDeadline(p *params.Params) protocol.Height {
	return r.JudgeDeadline(p) + protocol.Height(p.Schedule.Tempo)
}

// SealedRecord is kept under SealedRecordKey(request, seal, maker) until it is
// opened.
type SealedRecord struct {
	_      struct{}        `cbor:",toarray"`
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

// RequestID names a request: H("assay/1/request", requester ‖ u64 height ‖ body).
func RequestID(requester protocol.PublicKey, h protocol.Height, b *wire.Request) protocol.Hash {
	return wire.HashOf("assay/1/request", requester[:], u64(nil, uint64(h)), wire.Encode(b))
}

// TextHash names a text that was paid: H("assay/1/text", text).
func TextHash(text string) protocol.Hash { return wire.HashOf("assay/1/text", []byte(text)) }

// request puts the maximum and what its judges are paid into escrow.
func (m *machine) request(from protocol.PublicKey, b *wire.Request) error {
	last := m.height + m.memory()
	if b.Deadline <= m.height || b.Deadline > last {
		return broken(ErrDeadline, "deadline %d, %d … %d", b.Deadline, m.height+1, last)
	}
	id := RequestID(from, m.height, b)
	if _, ok := get[Request](m.st, RequestKey(id)); ok {
		return broken(ErrDuplicate, "request %s", id.Short())
	}
	burned, judges := RequestCost(m.p, b.Maximum)
	if err := m.burn(from, burned); err != nil {
		return err
	}
	if err := m.debit(from, b.Maximum+judges); err != nil { // below 2^54
		return err
	}
	put(m.st, RequestKey(id), Request{Requester: from, Height: m.height, Asked: *b, Escrow: b.Maximum, Fee: judges})
	m.meta.Escrow += b.Maximum + judges
	put(m.st, RequestDueKey(b.Deadline, id), id)
	m.emit(Event{Name: EventRequested, Epoch: m.currentEpoch(), Hash: id, Amount: b.Maximum, Count: b.Count})
	return nil
}

// sealRecords keeps seals: each adds to the fee by its weight, and holds a deposit.
func (m *machine) sealRecords(maker protocol.PublicKey, b *wire.SealRecords) error {
	r, err := m.requestUntil(b.Request, func(r *Request) (first, last protocol.Height) { return r.Height, r.Asked.Deadline })
	if err != nil {
		return err
	}
	if uint64(r.Sealed)+uint64(len(b.Seals)) > maxSealed {
		return broken(ErrFull, "request %s has %d records", b.Request.Short(), r.Sealed)
	}
	for _, s := range b.Seals {
		at := SealedRecordKey(b.Request, s, maker)
		if _, ok := get[SealedRecord](m.st, at); ok {
			return broken(ErrDuplicate, "seal %s", s.Short())
		}
		put(m.st, at, SealedRecord{Height: m.height})
	}
	deposit := SealDeposit(r.Asked.Price) * protocol.Amount(len(b.Seals)) // below 2^56
	if err := m.debit(maker, deposit); err != nil {
		return err
	}
	m.meta.Escrow += deposit
	r.Sealed += uint32(len(b.Seals))
	put(m.st, RequestKey(b.Request), r)
	return nil
}

// openRecord puts the record that a seal stands for into its place, and gives back
// what the seal held. A text that another request has paid meanwhile is not kept,
// and counts as never sealed: its maker could not know.
func (m *machine) openRecord(maker protocol.PublicKey, b *wire.OpenRecord) error {
	r, err := m.requestUntil(b.Request, func(r *Request) (first, last protocol.Height) {
		return r.Asked.Deadline + 1, r.OpenDeadline(m.p)
	})
	if err != nil {
		return err
	}
	seal := b.Seal(maker)
	at := SealedRecordKey(b.Request, seal, maker)
	s, ok := get[SealedRecord](m.st, at)
	if !ok {
		return broken(ErrMismatch, "nobody sealed the record %s", seal.Short())
	}
	m.fromEscrow(maker, SealDeposit(r.Asked.Price))
	del(m.st, at)
	if _, paid := get[protocol.Hash](m.st, PaidTextKey(TextHash(b.Text))); paid {
		r.Sealed--
	} else {
		put(m.st, MadeRecordKey(b.Request, seal), MadeRecord{Maker: maker, Height: s.Height, Seed: b.Seed, Text: b.Text})
		r.Opened++
	}
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

// end returns what is left in escrow, burns the deposits of what was not
// opened, and has the request forgotten some epochs later.
func (m *machine) end(id protocol.Hash, r *Request) {
	lost := r.deposits()
	m.meta.Escrow -= lost
	m.meta.Burned += lost // at most what was issued
	m.fromEscrow(r.Requester, r.Escrow+r.Fee)
	r.Escrow, r.Fee, r.Ended = 0, 0, m.height
	put(m.st, RequestKey(id), r)
	put(m.st, RequestForgetKey(m.height+m.memory(), id), id)
	m.emit(Event{Name: EventSettled, Epoch: m.currentEpoch(), Hash: id, Amount: r.Paid, Count: r.Count})
}

// memory is how many blocks ahead a deadline may be, and for how many after its end
// a request is kept, and what it paid is not paid again.
func (m *machine) memory() protocol.Height {
	return protocol.Height(m.p.Tasks.Retention * m.p.Schedule.Tempo)
}

// dueRecords is about how many records of requests a block touches by itself to go
// on with them, and again to forget some; what is due beyond waits for the next.
// One request's end is not divided: its makers paid more for their records than it
// costs.
const dueRecords = 2048

// dueRequests does what a block does about requests by itself: it goes on where a
// deadline passed or all findings are open, and forgets those that ended long ago.
// These are two queues: who has much to be forgotten delays nobody's pay.
func (m *machine) dueRequests() {
	due := m.due(dueLetter)
	for left := dueRecords; len(due) > 0 && left > 0; due = due[1:] {
		left -= m.dueRequest(due[0].at, due[0].id)
	}
	due = m.due(forgetLetter)
	for left := dueRecords; len(due) > 0 && left > 0; due = due[1:] {
		removed, all := m.forgetRequest(due[0].id, left)
		if left -= removed + 1; all {
			del(m.st, RequestForgetKey(due[0].at, due[0].id))
		}
	}
}

// dueAt is when something is due of a request.
type dueAt struct {
	at protocol.Height
	id protocol.Hash
}

// due returns the oldest entries of a queue of requests, up to this block, as many
// as a block may take.
func (m *machine) due(letter byte) []dueAt {
	var due []dueAt
	err := walk(m.st, []byte{letter}, func(key []byte, id protocol.Hash) bool {
		at := protocol.Height(binary.BigEndian.Uint64(key[1:]))
		if at <= m.height {
			due = append(due, dueAt{at, id})
		}
		return at <= m.height && len(due) < dueRecords
	})
	if err != nil {
		m.st.fail(err)
	}
	return due
}

// dueRequest does what was due of a request at a height, and returns how many
// records that took. One that has ended meanwhile needs nothing.
func (m *machine) dueRequest(at protocol.Height, id protocol.Hash) (touched int) {
	if r, ok := get[Request](m.st, RequestKey(id)); ok && r.Ended == 0 {
		touched = m.pass(id, &r, at)
	}
	del(m.st, RequestDueKey(at, id))
	return touched + 1
}

// pass goes on after the deadline of a request at a height, and returns how many
// records that took: where nothing came until then, nothing will.
func (m *machine) pass(id protocol.Hash, r *Request, at protocol.Height) int {
	opens, judged, settles := r.OpenDeadline(m.p), r.JudgeDeadline(m.p), r.SettleDeadline(m.p)
	switch {
	case at > judged: // the last, or all findings are open
		return m.conclude(id, r)
	case at < opens && r.Sealed > 0:
		put(m.st, RequestDueKey(opens, id), id)
	case r.Opened > 0:
		m.noteJudges(r)
		put(m.st, RequestKey(id), r)
		put(m.st, RequestDueKey(settles, id), id)
	default:
		m.end(id, r)
	}
	return 0
}

// forgetRequest removes at most so many records of a request, and what it paid from
// the texts that are not paid again: no record of that outlives the one that it is
// about. It reports how many it removed, and whether that was all.
func (m *machine) forgetRequest(id protocol.Hash, most int) (removed int, whole bool) {
	for _, prefix := range [][]byte{MadeRecordPrefix(id), SealedRecordPrefix(id), RequestFindingPrefix(id), FoundPrefix(id)} {
		var keys, texts [][]byte
		err := m.st.Iterate(prefix, func(key, value []byte) bool {
			if removed+len(keys) == most {
				return false
			}
			keys = append(keys, bytes.Clone(key))
			var v MadeRecord
			if prefix[0] == MadeRecordPrefix(id)[0] && wire.Decode(value, maxValue, &v) == nil && v.Paid > 0 {
				texts = append(texts, PaidTextKey(TextHash(v.Text)))
			}
			return true
		})
		if err != nil {
			m.st.fail(err)
		}
		for _, key := range append(keys, texts...) {
			del(m.st, key)
		}
		if removed += len(keys); removed >= most {
			return removed, false
		}
	}
	del(m.st, RequestKey(id))
	return removed, true
}
