package ledger

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// The ledger keeps what setters set and raters rated, and what shows that it was
// fixed before it could be of use; what it is worth is computed from it by others
// (package task/preference says when each is due).

// lane returns the kind whose answers are opened on the ledger.
func (m *machine) lane() (*params.Kind, error) {
	k := m.p.Kind(preference.Kind)
	if k == nil {
		return nil, broken(ErrUnknown, "kind %q", preference.Kind)
	}
	return k, nil
}

// checkRound refuses a round in which the kind sets nothing, and returns the one in
// which its ratings fall due.
func checkRound(k *params.Kind, n protocol.Round) (due protocol.Round, err error) {
	if n == 0 || uint64(n)%uint64(k.Rounds) != 0 {
		return 0, broken(ErrDeadline, "no pairs are given to raters in round %d", n)
	}
	return n + protocol.Round(k.Rounds) - 1, nil
}

// extendSetter registers a chain that serves from a round on, whose pairs are made
// of a seed that nobody knows yet. One that waits for its round cannot be replaced,
// or its owner would choose among many.
func (m *machine) extendSetter(s Seat, b *wire.ExtendSetter) error {
	k, err := m.lane()
	if err != nil {
		return err
	}
	now := m.p.Schedule.RoundOf(m.height)
	rec, ok := get[SetterRecord](m.st, SetterKey(s.ID.UID))
	if !ok || rec.Seat != s.ID {
		rec = SetterRecord{Seat: s.ID}
	}
	switch {
	case b.Anchor.IsZero():
		return broken(ErrBadKey, "an anchor of zeros")
	case b.Start < now+2 || b.Start > now+2+protocol.Round(2*m.p.Schedule.RoundsPerEpoch()):
		return broken(ErrDeadline, "a chain from round %d in round %d, from two to %d rounds later", b.Start, now, 2+2*m.p.Schedule.RoundsPerEpoch())
	case !rec.Next.Link.IsZero() && uint64(now) < uint64(rec.Next.Start)+uint64(k.Rounds):
		return broken(ErrDuplicate, "a chain waits for round %d, or the one before it is needed still", rec.Next.Start)
	case !rec.Next.Link.IsZero():
		rec.Now = rec.Next
	}
	rec.Next = Chain{Start: protocol.Height(b.Start), Link: b.Anchor}
	put(m.st, SetterKey(s.ID.UID), rec)
	return nil
}

// of returns the chain that serves a round.
func (s *SetterRecord) of(n protocol.Round) *Chain {
	if !s.Next.Link.IsZero() && protocol.Height(n) >= s.Next.Start {
		return &s.Next
	}
	return &s.Now
}

// maxUnseen is how many links of a setter's chain may follow on the newest that was
// seen, so that to look at the next has a bound; whose chain stood still for longer
// registers another.
const maxUnseen = 4096

// Serves reports whether the setter has a link for a round, not yet seen.
func (s *SetterRecord) Serves(n protocol.Round) bool {
	c := s.of(n)
	return c.Serves(protocol.Height(n)) && uint64(n)-uint64(c.Start)-c.Seen < maxUnseen
}

// Of returns the chain that serves a round, by rounds.
func (s *SetterRecord) Of(n protocol.Round) Chain { return *s.of(n) }

// setter returns the chains of a seat.
func (m *machine) setter(s *Seat) SetterRecord {
	rec, ok := get[SetterRecord](m.st, SetterKey(s.ID.UID))
	if !ok || rec.Seat != s.ID {
		return SetterRecord{Seat: s.ID}
	}
	return rec
}

// checkSetPairs says whether pairs count: they come in the round before, and so
// before anything is known of the seed that deals them, from a validator whose
// chain serves their round, once their own seed is drawn, for the first time.
func (m *machine) checkSetPairs(s *Seat, b *wire.SetPairs) error {
	k, err := m.lane()
	if err != nil {
		return err
	}
	if _, err := checkRound(k, b.Round); err != nil {
		return err
	}
	now := m.p.Schedule.RoundOf(m.height)
	if now+1 != b.Round {
		return broken(ErrDeadline, "pairs of round %d at height %d", b.Round, m.height)
	}
	if err := m.judged(s, m.currentEpoch()); err != nil {
		return err
	}
	if r, _ := get[RoundRecord](m.st, RoundKey(now)); r.TaskSeed.IsZero() {
		return broken(ErrDeadline, "the seed of round %d is not drawn", now)
	}
	if rec := m.setter(s); !rec.Serves(b.Round) {
		return broken(ErrMismatch, "seat %d has no link for round %d", s.ID.UID, b.Round)
	}
	sets, _ := get[SetsRecord](m.st, SetsKey(b.Round))
	if i, known := sets.find(s.ID.UID); known && sets.Sets[i].Setter == s.ID {
		return broken(ErrDuplicate, "seat %d has set pairs of round %d", s.ID.UID, b.Round)
	}
	return nil
}

// find returns the place of a setter, or where it belongs.
func (r *SetsRecord) find(uid protocol.UID) (int, bool) {
	return slices.BinarySearchFunc(r.Sets, uid, func(s preference.Set, u protocol.UID) int { return cmp.Compare(s.Setter.UID, u) })
}

func (m *machine) setPairs(s Seat, b *wire.SetPairs) error {
	if err := m.checkSetPairs(&s, b); err != nil {
		return err
	}
	sets, _ := get[SetsRecord](m.st, SetsKey(b.Round))
	set := preference.Set{Setter: s.ID, Coldkey: s.Coldkey, Root: b.Root}
	i, known := sets.find(s.ID.UID)
	if known { // of a former holder of the uid
		sets.Sets[i] = set
	} else {
		sets.Sets = slices.Insert(sets.Sets, i, set)
	}
	put(m.st, SetsKey(b.Round), sets)
	m.emit(Event{Name: EventPairsSet, Epoch: m.currentEpoch(), Round: b.Round, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Root})
	return nil
}

// checkOpenPairs says whether an opening of pairs counts: they stand on the ledger,
// their ratings are sealed and none is open, and the link is the one that serves
// their round.
func (m *machine) checkOpenPairs(s *Seat, b *wire.OpenPairs) error {
	k, err := m.lane()
	if err != nil {
		return err
	}
	due, err := checkRound(k, b.Round)
	if err != nil {
		return err
	}
	if m.height <= m.p.Schedule.CommitDeadline(due) || m.height > m.p.Schedule.OpenDeadline(due) {
		return broken(ErrDeadline, "pairs of round %d opened at height %d", b.Round, m.height)
	}
	sets, _ := get[SetsRecord](m.st, SetsKey(b.Round))
	i, known := sets.find(s.ID.UID)
	switch {
	case !known || sets.Sets[i].Setter != s.ID:
		return broken(ErrUnknown, "seat %d set no pairs of round %d", s.ID.UID, b.Round)
	case sets.Sets[i].Opened():
		return broken(ErrDuplicate, "the pairs of seat %d of round %d are open", s.ID.UID, b.Round)
	case len(b.Origins) != int(m.p.Preference.Pairs):
		return broken(ErrMismatch, "origins of %d pairs, want %d", len(b.Origins), m.p.Preference.Pairs)
	}
	rec := m.setter(s)
	if !rec.Serves(b.Round) {
		return broken(ErrMismatch, "seat %d has no link for round %d", s.ID.UID, b.Round)
	}
	m.st.done.Bytes += rec.of(b.Round).hashed(protocol.Height(b.Round))
	if _, ok := rec.of(b.Round).open(protocol.Height(b.Round), b.Link); !ok {
		return broken(ErrMismatch, "link %s of seat %d does not serve round %d", b.Link.Short(), s.ID.UID, b.Round)
	}
	return nil
}

func (m *machine) openPairs(s Seat, b *wire.OpenPairs) error {
	if err := m.checkOpenPairs(&s, b); err != nil {
		return err
	}
	rec := m.setter(&s)
	chain := rec.of(b.Round)
	m.st.done.Bytes += chain.hashed(protocol.Height(b.Round))
	*chain, _ = chain.open(protocol.Height(b.Round), b.Link)
	put(m.st, SetterKey(s.ID.UID), rec)
	sets, _ := get[SetsRecord](m.st, SetsKey(b.Round))
	i, _ := sets.find(s.ID.UID)
	sets.Sets[i].Link, sets.Sets[i].Origins = b.Link, b.Origins
	put(m.st, SetsKey(b.Round), sets)
	m.emit(Event{Name: EventPairsOpened, Epoch: m.currentEpoch(), Round: b.Round, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Link, Count: uint32(len(b.Origins))})
	return nil
}

// dueSets are the sets of one round of the lane whose seed was drawn, and the epoch
// in which they are made.
type dueSets struct {
	made protocol.Epoch
	sets SetsRecord
}

// setsDue returns the sets of the rounds of the lane that fell due in epoch e
// and for which pairs are owed. They are large: who asks for many judges reads
// them once.
func (m *machine) setsDue(e protocol.Epoch) (list []dueSets) {
	k := m.p.Kind(preference.Kind)
	if k == nil {
		return nil
	}
	s := m.p.Schedule
	for due := s.RoundOf(s.EpochStart(e)); due < s.RoundOf(s.EpochStart(e+1)); due++ {
		n, falls := k.Set(due)
		if !falls || n == 0 {
			continue
		}
		made := s.EpochOfRound(n - 1)
		if r, _ := get[RoundRecord](m.st, RoundKey(n-1)); r.TaskSeed.IsZero() || made == 0 {
			continue
		}
		sets, _ := get[SetsRecord](m.st, SetsKey(n))
		list = append(list, dueSets{made, sets})
	}
	return list
}

// owed returns how many of these sets of pairs a judge owed, and how many of
// them it set in time and opened. It owes those of an epoch in which it judges,
// and did in the one before, in which it could register its chain.
func (m *machine) owed(due []dueSets, id protocol.SeatID) (owed, opened uint32) {
	for k := range due {
		d := &due[k]
		if !m.isJudge(d.made, id) || !m.isJudge(d.made-1, id) {
			continue
		}
		owed++
		if i, known := d.sets.find(id.UID); known && d.sets.Sets[i].Setter == id && d.sets.Sets[i].Opened() {
			opened++
		}
	}
	return owed, opened
}

// checkOpenRatings says whether ratings count: the seat was asked for them in a
// round that takes no openings of pairs any more, and they are under its
// commitment.
func (m *machine) checkOpenRatings(s *Seat, b *wire.OpenRatings) error {
	sched := m.p.Schedule
	if b.Round != sched.RoundOf(m.height) || m.height <= sched.OpenDeadline(b.Round) {
		return broken(ErrDeadline, "ratings of round %d opened at height %d", b.Round, m.height)
	}
	seat, ok := get[RosterSeat](m.st, RosterSeatKey(m.currentEpoch(), s.ID.UID))
	if !ok || seat.ID != s.ID {
		return broken(ErrNotPermitted, "seat %d is not asked in round %d", s.ID.UID, b.Round)
	}
	due, err := ReadTasks(m.st, m.chain, m.p, b.Round, &seat)
	if err != nil {
		m.st.fail(err)
		return err
	}
	slot, asked := due.First(preference.Kind)
	id, drawn := due.ID(slot)
	if !asked || drawn != nil {
		return broken(ErrNotPermitted, "seat %d is asked no ratings in round %d", s.ID.UID, b.Round)
	}
	if r, ok := get[RatingsRecord](m.st, RatingsKey(b.Round, s.ID.UID)); ok && r.Seat == s.ID {
		return broken(ErrDuplicate, "the ratings of seat %d of round %d are open", s.ID.UID, b.Round)
	}
	sealed, ok := get[CommitRecord](m.st, CommitKey(b.Round, s.ID.UID))
	if !ok || sealed.Seat != s.ID || !provesRatings(m.chain, &due, sealed.Root, s.Hotkey, slot, id, b) {
		return broken(ErrMismatch, "not what seat %d committed to in round %d", s.ID.UID, b.Round)
	}
	return nil
}

// provesRatings reports whether ratings are in their slot under a commitment.
func provesRatings(chain string, due *task.Round, root protocol.Hash, hotkey protocol.PublicKey, slot uint16, id protocol.TaskID, b *wire.OpenRatings) bool {
	leaf := wire.SlotLeaf(chain, id, hotkey, b.Salt, wire.SumOf(b.Ratings))
	return wire.MerkleVerify(root, leaf, int(slot), int(due.Slots()), b.Proof)
}

func (m *machine) openRatings(s Seat, b *wire.OpenRatings) error {
	if err := m.checkOpenRatings(&s, b); err != nil {
		return err
	}
	put(m.st, RatingsKey(b.Round, s.ID.UID), RatingsRecord{Seat: s.ID, Ratings: b.Ratings})
	m.emit(Event{Name: EventRatingsOpened, Epoch: m.currentEpoch(), Round: b.Round, Seat: s.ID, Hotkey: s.Hotkey})
	return nil
}
