package ledger

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// Availability. Whether an answer was given is a fact that judges of more than half
// of the stake attest, and no opinion of any one of them. What a miner shows to a
// few is not given; a censoring third cannot veto what it shows to all; and with
// liars below a third every given answer has honest holders above a sixth of the
// stake, of whom all others can get it. What is not given was asked and not
// answered: it earns nothing, and nobody is punished for it.

// Published is what a seat with a commitment in a round was asked to publish.
type Published struct {
	Roster RosterSeat
	Asked  task.Round
	First  int      // the number of its first answer among all of the round
	Slots  []uint16 // ascending; their answers are numbered First, First + 1 …
}

// ReadPublished returns the answers of a round that judges attest, in their order:
// of the seats with a commitment, by uid, all slots whose answers are published and
// judged.
func ReadPublished(r Reader, chain string, p *params.Params, n protocol.Round) ([]Published, error) {
	commits, err := ReadCommits(r, n)
	if err != nil {
		return nil, err
	}
	due, err := ReadDue(r, p, n)
	if err != nil {
		return nil, err
	}
	var out []Published
	number := 0
	for _, c := range commits {
		seat, ok, err := ReadRosterSeat(r, p.Schedule.EpochOfRound(n), c.Seat.UID)
		if err != nil {
			return nil, err
		}
		if !ok || seat.ID != c.Seat {
			continue
		}
		one := Published{Roster: seat, Asked: due.Of(chain, p, &seat), First: number}
		for slot := range one.Asked.Slots() {
			if one.Asked.Asks(slot) {
				one.Slots = append(one.Slots, slot)
			}
		}
		if number += len(one.Slots); len(one.Slots) > 0 {
			out = append(out, one)
		}
	}
	return out, nil
}

// countPublished writes when openings are over how many answers there are to
// attest: commitments, rosters and seeds are fixed then. So no judge can have the
// state keep more than it has something to say about.
func (m *machine) countPublished(n protocol.Round) {
	published, err := ReadPublished(m.st, m.chain, m.p, n)
	if err != nil {
		m.st.fail(err)
		return
	}
	if len(published) == 0 {
		return
	}
	last := &published[len(published)-1]
	r, _ := get[RoundRecord](m.st, RoundKey(n))
	r.Round, r.Published = n, uint32(last.First+len(last.Slots))
	put(m.st, RoundKey(n), r)
}

// checkAttested refuses bits of answers that were not published, and bytes behind
// those of all that were.
func (m *machine) checkAttested(b *wire.Attest) error {
	r, _ := get[RoundRecord](m.st, RoundKey(b.Round))
	n := int(r.Published)
	if most := (n + 7) / 8; len(b.Bits) > most {
		return broken(ErrUnknown, "%d bytes about %d answers, at most %d", len(b.Bits), n, most)
	}
	for i := n; i < 8*len(b.Bits); i++ { // fewer than eight
		if b.Bits.Has(i) {
			return broken(ErrUnknown, "answer %d of %d", i, n)
		}
	}
	return nil
}

// attest keeps which answers of the running round a judge says that it holds, once.
func (m *machine) attest(s Seat, b *wire.Attest) error {
	sched := &m.p.Schedule
	if b.Round != sched.RoundOf(m.height) || m.height <= sched.OpenDeadline(b.Round) || m.height > sched.AttestDeadline(b.Round) {
		return broken(ErrDeadline, "answers of round %d attested at height %d", b.Round, m.height)
	}
	if err := m.judged(&s, sched.EpochOfRound(b.Round)); err != nil {
		return err
	}
	at := AttestKey(b.Round, s.ID.UID)
	if old, ok := get[AttestRecord](m.st, at); ok && old.Seat == s.ID {
		return broken(ErrDuplicate, "seat %d has attested the answers of round %d", s.ID.UID, b.Round)
	}
	if err := m.checkAttested(b); err != nil {
		return err
	}
	put(m.st, at, AttestRecord{Seat: s.ID, Bits: b.Bits, Root: b.Root})
	return nil
}

// attester is a judge of a round's epoch, and what it attests.
type attester struct {
	judge RosterJudge
	bits  wire.Bits
}

// availability counts the answers of the running round in the last block in which
// they may be opened, and decides in the last in which they may be attested which
// of them were given.
func (m *machine) availability() {
	n := m.p.Schedule.RoundOf(m.height)
	switch m.height {
	case m.p.Schedule.OpenDeadline(n):
		m.countPublished(n)
	case m.p.Schedule.AttestDeadline(n):
		m.decideGiven(n)
	}
}

// decideGiven writes which answers of a round were given.
func (m *machine) decideGiven(n protocol.Round) {
	published, err := ReadPublished(m.st, m.chain, m.p, n)
	if err != nil {
		m.st.fail(err)
		return
	}
	epoch := m.p.Schedule.EpochOfRound(n)
	judges, err := readAttesters(m.st, epoch, n)
	if err != nil {
		m.st.fail(err)
		return
	}
	var given uint32
	for i := range published {
		given += m.give(epoch, judges, &published[i])
	}
	if len(published) == 0 {
		return
	}
	m.emit(Event{Name: EventGiven, Epoch: epoch, Round: n, Count: given})
}

// give writes which answers of a seat were given, and returns how many.
func (m *machine) give(e protocol.Epoch, judges []attester, p *Published) (given uint32) {
	id := p.Roster.ID
	rec := GivenRecord{Seat: id}
	counts := make([]uint32, len(m.p.Kinds))
	var whole protocol.Amount // twice all stake fits 64 bits
	var others []*attester
	for i := range judges {
		if j := &judges[i]; j.judge.Coldkey != p.Roster.Coldkey { // nobody vouches for himself
			others = append(others, j)
			whole += j.judge.Stake
		}
	}
	for i, slot := range p.Slots {
		var held protocol.Amount
		for _, j := range others {
			if j.bits.Has(p.First + i) {
				held += j.judge.Stake
			}
		}
		if 2*held > whole {
			rec.Slots.Set(int(slot))
			counts[m.p.KindIndex(p.Asked.KindOf(slot))]++
			given++
		}
	}
	if given == 0 {
		return 0
	}
	put(m.st, GivenKey(p.Asked.Number, id.UID), rec)
	at := ShownKey(e, id.UID)
	if shown, ok := get[ShownRecord](m.st, at); ok && shown.Seat == id {
		for k, n := range shown.Counts {
			counts[k] += n
		}
	}
	put(m.st, at, ShownRecord{Seat: id, Counts: counts})
	return given
}

// shown returns how many answers of a kind a seat gave in an epoch.
func (m *machine) shown(e protocol.Epoch, id protocol.SeatID, kind int) uint32 {
	rec, ok := get[ShownRecord](m.st, ShownKey(e, id.UID))
	if !ok || rec.Seat != id {
		return 0
	}
	return at(rec.Counts, kind)
}

// at returns the count of a kind, 0 where it was left out.
func at(counts []uint32, kind int) uint32 {
	if kind >= len(counts) {
		return 0
	}
	return counts[kind]
}

// ReadGiven returns which answers of a seat were given in a round; of no seat id
// where none was.
func ReadGiven(r Reader, n protocol.Round, id protocol.SeatID) (GivenRecord, error) {
	rec, ok, err := read[GivenRecord](r, GivenKey(n, id.UID))
	if err != nil || !ok || rec.Seat != id {
		return GivenRecord{}, err
	}
	return rec, nil
}

// ReadGivenAnswers returns the answers that were given in a round, by seat and
// slot; none before its attest deadline.
func ReadGivenAnswers(r Reader, n protocol.Round) ([]wire.AnswerKey, error) {
	recs, err := list[GivenRecord](r, GivenPrefix(n))
	var out []wire.AnswerKey
	for i := range recs {
		for slot := range 8 * len(recs[i].Slots) {
			if recs[i].Slots.Has(slot) {
				out = append(out, wire.AnswerKey{Round: n, UID: recs[i].Seat.UID, Slot: uint16(slot)})
			}
		}
	}
	return out, err
}

// ReadShown returns how many answers a seat gave in epoch e, by kind.
func ReadShown(r Reader, e protocol.Epoch, uid protocol.UID) (ShownRecord, bool, error) {
	return read[ShownRecord](r, ShownKey(e, uid))
}

// ReadAttest returns what a judge attested of a round.
func ReadAttest(r Reader, n protocol.Round, uid protocol.UID) (AttestRecord, bool, error) {
	return read[AttestRecord](r, AttestKey(n, uid))
}

// Holding is who attested which answers of a round.
type Holding struct {
	Round     protocol.Round
	published []Published
	attesters []attester
}

// ReadHolding returns who attested what of round n; complete from its attest
// deadline on.
func ReadHolding(r Reader, chain string, p *params.Params, n protocol.Round) (*Holding, error) {
	h := &Holding{Round: n}
	var err error
	if h.published, err = ReadPublished(r, chain, p, n); err != nil {
		return nil, err
	}
	h.attesters, err = readAttesters(r, p.Schedule.EpochOfRound(n), n)
	return h, err
}

// Of returns the hotkeys of the judges that attested an answer of the round, by
// uid.
func (h *Holding) Of(k wire.AnswerKey) (out []protocol.PublicKey) {
	number := h.numberOf(k)
	for i := range h.attesters {
		if a := &h.attesters[i]; a.bits.Has(number) {
			out = append(out, a.judge.Hotkey)
		}
	}
	return out
}

// numberOf returns the number of an answer among those of the round, −1 where it
// has none.
func (h *Holding) numberOf(k wire.AnswerKey) int {
	i, ok := slices.BinarySearchFunc(h.published, k.UID, func(p Published, uid protocol.UID) int { return cmp.Compare(p.Roster.ID.UID, uid) })
	if !ok || k.Round != h.Round {
		return -1
	}
	at, ok := slices.BinarySearch(h.published[i].Slots, k.Slot)
	if !ok {
		return -1
	}
	return h.published[i].First + at
}

// readAttesters returns the judges of epoch e with what they attested of round n.
func readAttesters(r Reader, e protocol.Epoch, n protocol.Round) ([]attester, error) {
	judges, err := ReadRosterJudges(r, e)
	if err != nil {
		return nil, err
	}
	out := make([]attester, len(judges))
	for i, j := range judges {
		out[i].judge = j
		said, ok, err := ReadAttest(r, n, j.ID.UID)
		if err != nil {
			return nil, err
		}
		if ok && said.Seat == j.ID {
			out[i].bits = said.Bits
		}
	}
	return out, nil
}
