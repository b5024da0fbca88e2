package ledger

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/wire"
)

// Who is dead must leave the consensus set, or the set dies with a third of it;
// and nobody may be called dead who is only not heard by those that make the
// blocks.
//
//	last signed  of a member: the newest height on which a block brought its vote, for
//	             the block or for none, or whose block it rightly proposed. A late
//	             vote is in no block, so who votes late in half of them is alive
//	jailed       in the last block H of an epoch, if H − last signed ≥ max_silence,
//	             and the rightful proposers of the blocks since then hold more than
//	             two thirds of the power without it: fewer might leave its votes out
//	             of all their blocks, and so take its place
//	proven       two votes for one height, or a signature under another header:
//	             jailed at once, for the longest wait
//
// Jail takes the permit, and the place in the set as soon as there is room for
// that (churn.go); never stake. [wire.Unjail] ends it: at the end of the epoch in
// which it comes, not before the wait is over. That is one epoch, and twice as
// long each time that the seat is jailed again soon; a machine that fails again
// and again would otherwise take a fifth of the set's changes each time.

const (
	// longestWait is how many epochs a seat is jailed at least, at most.
	longestWait = 16
	// jailMemory is for how many epochs after a wait the next one is twice as long.
	jailMemory = 4 * longestWait
	// forGood is how many epochs who signed twice waits, where there are verdicts: no
	// network lives so long.
	forGood = 1 << 40
	// maxOffences is how many offenders of a block are looked at; there are no more
	// validators.
	maxOffences = maxJudges
)

// Jail is what a validator's silence, or worse, cost it.
type Jail struct {
	_    struct{}       `cbor:",toarray"`
	Held bool           // no permit, until an Unjail acts
	Lied bool           // for misbehaviour that was proven; else for silence
	Asks bool           // an Unjail acts at the end of the epoch
	From protocol.Epoch // the first epoch without a permit
	Wait uint64         // epochs without one, at least; 0 before the first time
	// Told is the first epoch whose misbehaviour was not punished yet: what is proven
	// of those before is a part of what was.
	Told protocol.Epoch
}

// ForGood reports whether the seat never validates again.
func (j *Jail) ForGood() bool { return j.Held && j.Wait >= forGood }

// Free returns the first epoch in which the seat may have a permit again.
func (j *Jail) Free() protocol.Epoch { return j.From + protocol.Epoch(j.Wait) }

// SignedRecord is kept under SignedKey: what is known of the members of both
// consensus sets. One whose key changed is there twice for an epoch.
type SignedRecord struct {
	_       struct{} `cbor:",toarray"`
	Members []Signed // by uid
}

// Signed says when a member of a consensus set last took part.
type Signed struct {
	_        struct{}    `cbor:",toarray"`
	Address  key.Address // of its consensus key
	UID      protocol.UID
	Last     protocol.Height // that it signed or proposed; of a new member the one before its first
	Proposed protocol.Height // of the newest block that it rightly proposed; 0 for none
}

// ReadSigned returns when the members of the consensus sets last took part.
func ReadSigned(r Reader) (SignedRecord, error) {
	rec, _, err := read[SignedRecord](r, SignedKey())
	return rec, err
}

// Of returns the newest entry of a seat; zeros for none.
func (s *SignedRecord) Of(uid protocol.UID) (out Signed) {
	for _, e := range s.Members {
		if e.UID == uid {
			out.UID, out.Last, out.Proposed = uid, max(out.Last, e.Last), max(out.Proposed, e.Proposed)
		}
	}
	return out
}

// at returns the entry of an address, nil for none.
func (s *SignedRecord) at(a key.Address) *Signed {
	e, _ := s.after(0, a)
	return e
}

// after looks for an address from the i-th entry on, and around, and returns its
// entry with the place behind it: votes come in the order of their set, and so do
// entries.
func (s *SignedRecord) after(i int, a key.Address) (*Signed, int) {
	for range s.Members {
		if i >= len(s.Members) {
			i = 0
		}
		if e := &s.Members[i]; e.Address == a {
			return e, i + 1
		}
		i++
	}
	return nil, i
}

// hear notes who voted on the block before, and who rightly proposed it.
func (m *machine) hear(votes []BlockVote, eligible []protocol.PublicKey) {
	rec := m.signed()
	before := m.height - 1
	var e *Signed
	next := 0
	for i := range votes {
		v := &votes[i]
		if e, next = rec.after(next, key.Address(v.Address)); e != nil && (v.Flag == VoteCommit || v.Flag == VoteNil) {
			e.Last = max(e.Last, before)
		}
	}
	if slices.Contains(eligible, m.meta.PendingKey) {
		if e := rec.at(key.AddressOf(m.meta.PendingKey)); e != nil {
			e.Last, e.Proposed = max(e.Last, before), before
		}
	}
	raw := wire.Encode(&rec)
	_ = m.st.Set(SignedKey(), raw)
	lastSigned.keep(raw, rec)
}

// signed reads the record that each block changes, for this one to change it.
func (m *machine) signed() SignedRecord {
	raw, err := m.st.Get(SignedKey())
	if err != nil {
		m.st.fail(fmt.Errorf("read %x: %w", SignedKey(), err))
	}
	if err != nil || raw == nil {
		return SignedRecord{}
	}
	rec, err := lastSigned.of(raw, SignedKey())
	if err != nil {
		m.st.fail(err)
		return SignedRecord{}
	}
	return SignedRecord{Members: slices.Clone(rec.Members)}
}

// offenders returns of each address the newest proof, or the oldest, where stake
// answers that left since. Consensus tells of a proof once: who lied a thousand
// times must not crowd another's out.
func offenders(proofs []Misbehaviour, oldest bool) []Misbehaviour {
	var out []Misbehaviour
	at := make(map[ConsensusAddress]int)
	for _, p := range proofs {
		i, known := at[p.Address]
		switch {
		case known && oldest:
			out[i].Height = min(out[i].Height, p.Height)
		case known:
			out[i].Height = max(out[i].Height, p.Height)
		case len(out) < maxOffences:
			at[p.Address] = len(out)
			out = append(out, p)
		}
	}
	return out
}

// convict jails those of whom misbehaviour was proven. What was done before a jail
// for it began is a part of that, also where silence led to another jail since.
func (m *machine) convict(proofs []Misbehaviour) {
	proofs = offenders(proofs, m.p.Verdicts.On())
	for i := range proofs {
		rec, ok := get[AddressRecord](m.st, AddressKey(key.Address(proofs[i].Address)))
		if !ok {
			continue
		}
		done := m.p.Schedule.EpochOf(protocol.Height(proofs[i].Height))
		if s, sits := m.seatOfPool(rec.Hotkey); sits {
			if m.counts(&s.Jail, done) {
				m.punishSigner(&s, rec.Hotkey, proofs[i].Height)
				m.putSeat(s)
			}
			continue
		}
		gone := Seat{ID: rec.Seat, Hotkey: rec.Hotkey} // it was pruned
		if gone.Jail, _ = get[Jail](m.st, KeptJailKey(rec.Hotkey)); m.counts(&gone.Jail, done) {
			m.punishSigner(&gone, rec.Hotkey, proofs[i].Height)
			put(m.st, KeptJailKey(rec.Hotkey), gone.Jail)
		}
	}
}

// counts reports whether misbehaviour in epoch done is none that a jail is for
// already. Where there are verdicts it costs more than what else a judge is jailed
// for, and does so once: a jail for anything else does not cover it.
func (m *machine) counts(j *Jail, done protocol.Epoch) bool {
	if m.p.Verdicts.On() {
		return !j.ForGood()
	}
	return done >= j.Told
}

// punishSigner jails who signed twice what it may sign once. In a network with
// verdicts it is for good, and a share of the stake of that name is burned, that on
// its way back included which left since the power was counted that signed: who
// takes its stake back first signs with it until the epoch ends. No honest machine
// does that, and two thirds of the others need not be asked.
func (m *machine) punishSigner(s *Seat, name protocol.PublicKey, at uint64) {
	m.imprison(s, true)
	if !m.p.Verdicts.On() {
		return
	}
	s.Jail.Wait = forGood
	taken := m.takeStake(name, m.p.Verdicts.DoubleSign)
	m.meta.Collateral -= taken
	m.meta.Burned += taken
	m.noteSlash(name, m.powerSince(protocol.Height(at)), m.p.Verdicts.DoubleSign)
	m.emit(Event{Name: EventSlashed, Epoch: s.Jail.From, Seat: s.ID, Hotkey: s.Hotkey, Amount: taken})
}

// powerSince returns the first block behind the one whose stakes are the power of
// the set that signs block h: it was chosen at the end of an epoch, and signs from
// the second block behind that on.
func (m *machine) powerSince(h protocol.Height) protocol.Height {
	s := &m.p.Schedule
	return s.EpochStart(s.EpochOf(h - min(h, 1)))
}

// seatOfPool returns the seat that has the stake of a name, whose hotkey may be
// another by now.
func (m *machine) seatOfPool(name protocol.PublicKey) (Seat, bool) {
	now, ok := get[protocol.PublicKey](m.st, HotkeyNowKey(name))
	if !ok {
		now = name
	}
	return m.seatOf(now)
}

// keepJail keeps the jail of a seat that is pruned.
func (m *machine) keepJail(s *Seat) {
	if s.Jail != (Jail{}) {
		s.Jail.Asks = false
		put(m.st, KeptJailKey(s.PoolName()), s.Jail)
	}
}

// takeJail gives a new seat the jail that was kept for its stake.
func (m *machine) takeJail(s *Seat) {
	var kept bool
	if s.Jail, kept = get[Jail](m.st, KeptJailKey(s.PoolName())); kept {
		del(m.st, KeptJailKey(s.PoolName()))
	}
}

// imprison takes a seat's permit from the next epoch on. Who is jailed for good
// stays so, whatever else it is found to have done.
func (m *machine) imprison(s *Seat, lied bool) {
	if s.Jail.ForGood() {
		return
	}
	from, wait, told := m.currentEpoch()+1, uint64(1), s.Jail.Told
	switch {
	case lied:
		wait, told = longestWait, from
	case s.Jail.Wait > 0 && from < s.Jail.Free()+jailMemory:
		wait = min(2*s.Jail.Wait, longestWait)
	}
	s.Jail = Jail{Held: true, Lied: lied, From: from, Wait: wait, Told: told}
	m.emit(Event{Name: EventJailed, Epoch: from, Seat: s.ID, Hotkey: s.Hotkey, Count: uint32(wait)})
}

// unjail asks that the own seat may have a permit again, from the next epoch on.
func (m *machine) unjail(s Seat, b *wire.Unjail) error {
	now := m.currentEpoch()
	switch {
	case !s.Jail.Held:
		return broken(ErrNotPermitted, "seat %d is not jailed", s.ID.UID)
	case b.Epoch != now:
		return broken(ErrDeadline, "to be free after epoch %d, in epoch %d", b.Epoch, now)
	case now+1 < s.Jail.Free():
		return broken(ErrDeadline, "jailed until epoch %d: it can be asked from epoch %d on", s.Jail.Free(), s.Jail.Free()-1)
	case s.Jail.Asks:
		return broken(ErrDuplicate, "seat %d is free with epoch %d", s.ID.UID, now+1)
	}
	s.Jail.Asks = true
	m.putSeat(s)
	return nil
}

// judgeSilence frees the jailed that asked, and jails who is silent, in the last
// block of an epoch.
func (m *machine) judgeSilence(seats []candidate) {
	for i := range seats {
		if s := &seats[i].seat; s.Jail.Held && s.Jail.Asks {
			s.Jail.Held, s.Jail.Asks = false, false
			m.emit(Event{Name: EventUnjailed, Epoch: m.currentEpoch() + 1, Seat: s.ID, Hotkey: s.Hotkey})
		}
	}
	rec, _ := get[SignedRecord](m.st, SignedKey())
	set := m.validators().Set
	whole := sumOf(set)
	known := make([]Signed, len(set))
	for i, v := range set {
		known[i] = rec.Of(v.UID)
	}
	for i, v := range set {
		s := &seats[v.UID].seat
		if s.Jail.Held || uint64(m.height-known[i].Last) < m.p.Seats.MaxSilence {
			continue
		}
		var heard uint64 // the power of those who made blocks meanwhile
		for k, u := range set {
			if k != i && known[k].Proposed > known[i].Last {
				heard += u.Power
			}
		}
		if 3*heard > 2*(whole-v.Power) {
			m.imprison(s, false)
		}
	}
}

// keepSigned makes the entries of the next consensus set, and keeps those of keys
// that still sign two blocks. Who is new signs from the second block of the epoch
// on.
func (m *machine) keepSigned(set, prev []Power) {
	old, _ := get[SignedRecord](m.st, SignedKey())
	var next SignedRecord
	for _, v := range set {
		e := old.Of(v.UID)
		if !slices.ContainsFunc(prev, func(p Power) bool { return p.UID == v.UID }) {
			e = Signed{Last: m.height + 1}
		}
		e.Address, e.UID = key.AddressOf(v.Key), v.UID
		next.Members = append(next.Members, e)
	}
	for _, p := range prev {
		a := key.AddressOf(p.Key)
		if e := old.at(a); e != nil && next.at(a) == nil {
			next.Members = append(next.Members, *e)
		}
	}
	put(m.st, SignedKey(), next)
}
