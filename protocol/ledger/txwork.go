package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/yuma"
)

// checkCommit says whether a commitment counts: the seat is asked in the
// round's epoch, the tasks are drawn, the deadline has not passed, and it is
// the seat's first.
func (m *machine) checkCommit(s *Seat, b *wire.Commit) error {
	sched := m.p.Schedule
	if b.Round != sched.RoundOf(m.height) || m.height > sched.CommitDeadline(b.Round) {
		return broken(ErrDeadline, "round %d at height %d", b.Round, m.height)
	}
	if asked, ok := get[RosterSeat](m.st, RosterSeatKey(sched.EpochOfRound(b.Round), s.ID.UID)); !ok || asked.ID != s.ID || !asked.Due(m.p, b.Round) {
		return broken(ErrNotPermitted, "seat %d is not asked in round %d", s.ID.UID, b.Round)
	}
	if r, _ := get[RoundRecord](m.st, RoundKey(b.Round)); r.TaskSeed.IsZero() {
		return broken(ErrDeadline, "the tasks of round %d are not drawn", b.Round)
	}
	if c, ok := get[CommitRecord](m.st, CommitKey(b.Round, s.ID.UID)); ok && c.Seat == s.ID {
		return broken(ErrDuplicate, "seat %d has committed in round %d", s.ID.UID, b.Round)
	}
	return nil
}

func (m *machine) commit(s Seat, b *wire.Commit) error {
	if err := m.checkCommit(&s, b); err != nil {
		return err
	}
	put(m.st, CommitKey(b.Round, s.ID.UID), CommitRecord{Seat: s.ID, Root: b.Root, Height: m.height})
	m.emit(Event{Name: EventCommit, Epoch: m.p.Schedule.EpochOfRound(b.Round), Round: b.Round, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Root})
	return nil
}

// judged refuses seats that are no judges of epoch e.
func (m *machine) judged(s *Seat, e protocol.Epoch) error {
	if !m.isJudge(e, s.ID) {
		return broken(ErrNotPermitted, "seat %d is no validator of epoch %d", s.ID.UID, e)
	}
	return nil
}

// judgeOf returns a seat's entry among the judges of an epoch, with the hotkey to
// which all that it seals in that epoch is bound.
func (m *machine) judgeOf(e protocol.Epoch, id protocol.SeatID) (RosterJudge, error) {
	j, ok := get[RosterJudge](m.st, RosterJudgeKey(e, id.UID))
	if !ok || j.ID != id {
		return j, broken(ErrNotPermitted, "seat %d is no validator of epoch %d", id.UID, e)
	}
	return j, nil
}

// isJudge reports whether a seat is on the roster of an epoch's judges.
func (m *machine) isJudge(e protocol.Epoch, id protocol.SeatID) bool {
	j, ok := get[RosterJudge](m.st, RosterJudgeKey(e, id.UID))
	return ok && j.ID == id
}

// commitWeights seals the weights of the running epoch, once, when all cards are
// open that they can be made of.
func (m *machine) commitWeights(s Seat, b *wire.CommitWeights) error {
	if b.Epoch != m.currentEpoch() || m.height < m.p.Schedule.WeightsStart(b.Epoch) {
		return broken(ErrDeadline, "weights of epoch %d at height %d", b.Epoch, m.height)
	}
	if err := m.judged(&s, b.Epoch); err != nil {
		return err
	}
	at := SealKey(b.Epoch, s.ID.UID)
	if old, ok := get[SealedWeights](m.st, at); ok && old.Seat == s.ID {
		return broken(ErrDuplicate, "weights of epoch %d are sealed", b.Epoch)
	}
	put(m.st, at, SealedWeights{Seat: s.ID, Hash: b.Hash, Height: m.height})
	s.LastUpdate = m.height
	m.putSeat(s)
	m.emit(Event{Name: EventSealed, Epoch: b.Epoch, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Hash})
	return nil
}

// revealWeights opens the weights of the epoch before.
func (m *machine) revealWeights(s Seat, b *wire.RevealWeights) error {
	if b.Epoch+1 != m.currentEpoch() {
		return broken(ErrDeadline, "weights of epoch %d opened in epoch %d", b.Epoch, m.currentEpoch())
	}
	judge, err := m.judgeOf(b.Epoch, s.ID)
	if err != nil {
		return err
	}
	seal, ok := get[SealedWeights](m.st, SealKey(b.Epoch, s.ID.UID))
	if !ok || seal.Seat != s.ID || seal.Hash != b.Seal(judge.Hotkey) { // the seat's may be another now
		return broken(ErrMismatch, "not the weights that were sealed in epoch %d", b.Epoch)
	}
	at := WeightsKey(b.Epoch, s.ID.UID)
	if old, ok := get[Weights](m.st, at); ok && old.Seat == s.ID {
		return broken(ErrDuplicate, "weights of epoch %d are open", b.Epoch)
	}
	row := Weights{
		Seat: s.ID, Height: seal.Height,
		UIDs: make(wire.Numbers[protocol.UID], 0, len(b.UIDs)), Values: make(wire.Numbers[uint16], 0, len(b.Values)),
	}
	for i, uid := range b.UIDs {
		if uid != protocol.Nobody && uint32(uid) >= m.meta.Seats {
			return broken(ErrUnknown, "weight for seat %d of %d", uid, m.meta.Seats)
		}
		if uid != s.ID.UID { // nobody votes for himself
			row.UIDs = append(row.UIDs, uid)
			row.Values = append(row.Values, b.Values[i])
		}
	}
	row.Values = yuma.MaxUpscale(row.Values)
	put(m.st, at, row)
	m.emit(Event{Name: EventOpened, Epoch: b.Epoch, Seat: s.ID, Hotkey: s.Hotkey, Count: uint32(len(row.UIDs))})
	return nil
}

// sum adds counts, up to the largest uint32.
func sum(counts []uint32) uint32 {
	var n uint64
	for _, c := range counts {
		n += uint64(c)
	}
	return uint32(min(n, 1<<32-1))
}
