package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// VoteRecord is kept under VoteKey(case, elector): an elector of the running or
// last ballot of a challenge, and what it said.
type VoteRecord struct {
	_       struct{} `cbor:",toarray"`
	Elector protocol.SeatID
	Hotkey  protocol.PublicKey // with which it seals
	Stake   protocol.Amount    // when its epoch began
	Seal    protocol.Hash      // zero until it sealed
	Opened  bool
	Finding byte          // as in wire.OpenVote
	Found   protocol.Hash // wire.FoundOf
	// Backends are those by which it says that it found that.
	Backends wire.Backends
}

// sealing returns how many ballots of the epoch before, of those that every elector
// has to tell the truth of, may still be sealed: an elector's reference has them to
// run when this epoch's first are called. They are found by when they are counted.
func (m *machine) sealing() (n uint32) {
	v, s := &m.p.Verdicts, m.p.Schedule
	e := m.currentEpoch()
	first := m.height + 1 - min(m.height+1, protocol.Height(v.SealBlocks))
	for h := max(first, s.EpochStart(e-min(e, 1))); h < s.EpochStart(e); h++ {
		for _, k := range all[wire.Case](m.st, ChallengeDuePrefix(h+protocol.Height(v.Ballot()))) {
			c, ok := get[ChallengeRecord](m.st, ChallengeKey(k))
			if ok && c.Stage == StageVoting && c.Place <= v.InTime() {
				n++
			}
		}
	}
	return n
}

// call draws the electors of a challenge: of the judges of the running epoch, those
// of the accused's owner left out, all or as many as there may be, by stake. Of an
// appeal all vote. sealing is that of this block.
func (m *machine) call(c *ChallengeRecord, sealing func() uint32) {
	delAll(m.st, VotePrefix(c.Case))
	var judges []RosterJudge
	for _, j := range all[RosterJudge](m.st, RosterJudgePrefix(m.currentEpoch())) {
		if j.ID.UID != c.Accused.UID && j.Coldkey != c.Owner {
			judges = append(judges, j)
		}
	}
	c.Ballot++
	d := m.docket(m.currentEpoch())
	d.Ballots++
	c.Place = sealing() + d.Ballots
	put(m.st, DocketKey(m.currentEpoch()), d)
	if n := int(m.p.Verdicts.Electors); !c.Appealed && len(judges) > n {
		seed := wire.HashOf("assay/1/electors", m.meta.Beacon[:], c.Case.Bytes(), []byte{c.Ballot})
		judges = seatDraw{seed: seed}.byStake(judges, n)
	}
	for _, j := range judges {
		put(m.st, VoteKey(c.Case, j.ID.UID), VoteRecord{Elector: j.ID, Hotkey: j.Hotkey, Stake: j.Stake})
	}
	c.Called, c.Stage = m.height, StageVoting
	m.scheduled(c, m.height+protocol.Height(m.p.Verdicts.Ballot()))
	m.emit(Event{Name: EventCalled, Round: c.Case.Round, Seat: c.Accused, Count: uint32(len(judges))})
}

// Seals returns the last height at which votes of the running ballot are sealed.
func (c *ChallengeRecord) Seals(seal uint64) protocol.Height {
	return c.Called + protocol.Height(seal)
}

// voting returns a challenge that is voted on, and the vote of an elector.
func (m *machine) voting(s *Seat, k wire.Case, ballot uint8) (c ChallengeRecord, v VoteRecord, err error) {
	c, ok := get[ChallengeRecord](m.st, ChallengeKey(k))
	switch {
	case !ok:
		return c, v, broken(ErrUnknown, "no challenge of slot %d of seat %d in round %d", k.Slot, k.UID, k.Round)
	case c.Stage != StageVoting || c.Ballot != ballot:
		return c, v, broken(ErrDeadline, "ballot %d, the challenge is %s, with %d", ballot, c.Stage, c.Ballot)
	}
	if v, ok = get[VoteRecord](m.st, VoteKey(k, s.ID.UID)); !ok || v.Elector != s.ID {
		return c, v, broken(ErrNotPermitted, "seat %d is no elector", s.ID.UID)
	}
	return c, v, nil
}

// sealVote fixes what an elector found.
func (m *machine) sealVote(s Seat, b *wire.SealVote) error {
	c, v, err := m.voting(&s, b.Case, b.Ballot)
	switch {
	case err != nil:
		return err
	case m.height > c.Seals(m.p.Verdicts.SealBlocks):
		return broken(ErrDeadline, "a vote sealed at height %d, at most %d", m.height, c.Seals(m.p.Verdicts.SealBlocks))
	case !v.Seal.IsZero():
		return broken(ErrDuplicate, "seat %d sealed its vote", s.ID.UID)
	case b.Seal.IsZero():
		return broken(ErrMismatch, "a seal of zeros")
	}
	v.Seal = b.Seal
	put(m.st, VoteKey(b.Case, s.ID.UID), v)
	return nil
}

// openVote opens it, when nobody can seal any more.
func (m *machine) openVote(s Seat, b *wire.OpenVote) error {
	c, v, err := m.voting(&s, b.Case, b.Ballot)
	switch {
	case err != nil:
		return err
	case m.height <= c.Seals(m.p.Verdicts.SealBlocks):
		return broken(ErrDeadline, "a vote opened at height %d, from %d on", m.height, c.Seals(m.p.Verdicts.SealBlocks)+1)
	case v.Seal.IsZero():
		return broken(ErrUnknown, "seat %d sealed no vote", s.ID.UID)
	case v.Opened:
		return broken(ErrDuplicate, "seat %d opened its vote", s.ID.UID)
	case b.Seal(v.Hotkey) != v.Seal:
		return broken(ErrMismatch, "seat %d sealed %s", s.ID.UID, v.Seal.Short())
	}
	v.Opened, v.Finding, v.Found, v.Backends = true, b.Finding, b.Found, b.Backends
	put(m.st, VoteKey(b.Case, s.ID.UID), v)
	return nil
}

// tally is what came of a ballot.
type tally struct {
	whole   protocol.Amount // stake of all electors
	told    protocol.Amount // of those that say anything
	accused protocol.Amount // of those that say what the accused says
	most    protocol.Amount // of the largest group that says otherwise
	finding byte            // of that group
	found   protocol.Hash
	// by are the backends that electors of that group with more than a third of all
	// stake name.
	by wire.Backends
	// referred is the stake of those of that group that name the reference.
	referred protocol.Amount
}

// guilty reports whether more than two thirds say the same against the accused, and
// the reference says so: by the word of electors with more than a third of all
// stake, beside another backend with as much, or by that of more than two thirds.
//
// Nothing keeps a liar from naming backends that it did not run: but with less than
// a third of stake liars alone name none, so that an honest elector ran each of the
// two. Nobody honest speaks against anybody without the reference, so that liars
// who leave it out, or say something else, by whatever backend, cannot keep honest
// electors from a verdict: these have more than two thirds. A rule by which
// something more has to be shown where others name a second backend would let one
// liar do that, for what he names cannot be told from what an honest one has.
func (t *tally) guilty() bool {
	if !more(t.most, t.whole, 2, 3) {
		return false
	}
	two := t.by&wire.ByReference != 0 && t.by != wire.ByReference
	return two || more(t.referred, t.whole, 2, 3)
}

// right reports whether more than two thirds say what the accused says.
func (t *tally) right() bool { return more(t.accused, t.whole, 2, 3) }

// count counts the votes of a ballot. All stake that there is, six times, fits 65
// bits: shares are compared by [more].
func count(c *ChallengeRecord, votes []VoteRecord) tally {
	var t tally
	type said struct {
		finding byte
		found   protocol.Hash
	}
	var order []said
	groups := map[said]protocol.Amount{}
	for i := range votes {
		v := &votes[i]
		t.whole += v.Stake
		if !v.Opened || v.Finding == wire.FoundNothing {
			continue
		}
		t.told += v.Stake
		switch {
		case c.says(v):
			t.accused += v.Stake
		default:
			s := said{v.Finding, v.Found}
			if !slices.Contains(order, s) {
				order = append(order, s)
			}
			groups[s] += v.Stake
		}
	}
	for _, s := range order { // by uid of the first that said so
		if groups[s] > t.most {
			t.most, t.finding, t.found = groups[s], s.finding, s.found
		}
	}
	for b := wire.ByReference; t.most > 0 && b <= wire.ByCUDA; b <<= 1 {
		stake := protocol.Amount(0)
		for i := range votes {
			if v := &votes[i]; v.Opened && v.Backends&b != 0 && v.Finding == t.finding && v.Found == t.found {
				stake += v.Stake
			}
		}
		if more(stake, t.whole, 1, 3) {
			t.by |= b
		}
		if b == wire.ByReference {
			t.referred = stake
		}
	}
	return t
}

// more reports whether a part of the whole is above the quotient n ÷ of.
func more(part, whole protocol.Amount, n, of uint64) bool {
	return part > 0 && cmpShares(uint64(part), of, uint64(whole), n) > 0
}

// ReadVotes returns the electors of the running or last ballot of a challenge, by
// uid, and what they said.
func ReadVotes(r Reader, c wire.Case) ([]VoteRecord, error) {
	return list[VoteRecord](r, VotePrefix(c))
}

// ReadVote returns the vote of one elector.
func ReadVote(r Reader, c wire.Case, elector protocol.UID) (VoteRecord, bool, error) {
	return read[VoteRecord](r, VoteKey(c, elector))
}
