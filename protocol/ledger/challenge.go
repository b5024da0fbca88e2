package ledger

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// A false answer, or a false card, costs who signed it. Anybody may say that one is
// false; judges that are drawn run it again, and what more than two thirds of their
// stake find alike is true.
//
//	challenge  in the epoch after the answer's, when plants are open: by a judge,
//	           once an epoch, for the duties of the epoch if it is wrong; by anybody
//	           else for a fee
//	call       two blocks later electors are drawn, by a beacon that nobody knew when
//	           the challenge was posted (ballot.go)
//	vote       sealed, then opened, so that nobody can say what another found
//	verdict    in the last block to open (verdict.go): not guilty, and the challenger
//	           pays; guilty, and what is lost is held; disputed, or no quorum, and the
//	           accused loses nothing, nor the challenger who had more for it than
//	           against it
//	appeal     while it is held, by who lost it, once: all judges of the next epoch
//	           vote (appeal.go)
//	burned     what was held, but a quarter for judges who had found it themselves
//
// What can be lost cannot leave meanwhile: collateral and stake that were taken
// back wait for longer than all this takes (params).

// Stage is where a challenge stands.
type Stage uint8

// The stages. A challenge begins as called, and ends with one of the last four, or
// with NotGuilty.
const (
	StageCalled    Stage = iota // electors are drawn at Due
	StageVoting                 // votes are opened up to Due
	StageGuilty                 // what was lost is held until Due
	StageNotGuilty              // the challenger pays
	StageDisputed               // neither side had two thirds, and both a sixth
	StageNoQuorum               // too few opened what decides, twice
	StageBurned                 // what was held is burned
	StageFreed                  // an appeal gave back what was held
)

// stageWords are what people read.
var stageWords = [...]string{"called", "voting", "guilty", "not guilty", "disputed", "no quorum", "burned", "freed"}

// String returns the stage in words.
func (s Stage) String() string {
	if int(s) < len(stageWords) {
		return stageWords[s]
	}
	return "unknown"
}

// Ended reports whether nothing more will happen.
func (s Stage) Ended() bool { return s >= StageNotGuilty }

// ChallengeRecord is kept under ChallengeKey(case).
type ChallengeRecord struct {
	_       struct{} `cbor:",toarray"`
	Case    wire.Case
	Seat    protocol.SeatID    // that gave the answer
	Accused protocol.SeatID    // Seat, or the judge of a card
	Owner   protocol.PublicKey // coldkey of the accused, when it said so
	By      protocol.PublicKey // coldkey of the challenger
	Judge   protocol.SeatID    // the challenger, where Fee is 0
	Fee     protocol.Amount    // held until the verdict
	Posted  protocol.Height
	// Finding and Said are what the accused says of the answer: that it is right, who
	// gave it, in what words does not matter; a judge what its card says.
	Finding     byte
	Said        protocol.Hash // wire.FoundOf of the card's body; zero of an answer
	Fingerprint protocol.Hash // of the answer
	Stage       Stage
	Ballot      uint8 // how many votes were held, the running one included
	Called      protocol.Height
	Due         protocol.Height
	Decided     byte            // what electors found of the answer; 0 for nothing
	Found       protocol.Hash   // and in which words
	Convicted   protocol.Height // when Held was taken; 0 before
	Held        protocol.Amount
	Appealed    bool
	Bond        protocol.Amount // of the appeal, while it is not decided
	Longer      bool            // nothing was burned in time, for too many were guilty
	Charged     bool            // the challenger paid: its fee, or its duties of the epoch
	// Place is that of the running ballot among those called in its epoch, from 1,
	// behind those of the epoch before that could still be sealed when it was called.
	Place uint32
}

// holds is what of the supply is with the challenge.
func (c *ChallengeRecord) holds() protocol.Amount {
	if c.Stage.Ended() {
		return 0
	}
	return c.Fee + c.Held + c.Bond
}

// Sentence says in one sentence where a challenge stands, to the accused or to who
// posted it.
func (c *ChallengeRecord) Sentence(accused bool) string {
	what := fmt.Sprintf("slot %d of seat %d in round %d", c.Case.Slot, c.Case.UID, c.Case.Round)
	if c.OfCard() {
		what = fmt.Sprintf("judge %d's card about %s", c.Case.Accused, what)
	}
	switch {
	case c.Stage == StageGuilty && accused:
		return fmt.Sprintf("%s was found false by two thirds of the electors: %s is held, and burned in block %d unless its owner appeals before (assay tx appeal)", what, c.Held, c.Due)
	case c.Charged && !accused && c.Fee > 0:
		return fmt.Sprintf("%s was challenged by this seat's owner: %s, and the fee of %s is lost", what, c.Stage, c.Fee)
	case c.Charged && !accused:
		return fmt.Sprintf("%s was challenged by this seat: %s, and its duties of the epoch are lost", what, c.Stage)
	case c.Stage == StageBurned:
		return fmt.Sprintf("%s was found false by two thirds of the electors: %s was lost", what, c.Held)
	case c.Stage.Ended():
		return fmt.Sprintf("%s was challenged by %s in block %d: %s", what, c.challenger(), c.Posted, c.Stage)
	}
	if c.Appealed {
		return fmt.Sprintf("%s was found false, and appealed: %s, goes on in block %d, %s is held until then", what, c.Stage, c.Due, c.Held)
	}
	return fmt.Sprintf("%s is challenged by %s: %s, goes on in block %d", what, c.challenger(), c.Stage, c.Due)
}

// challenger says who posted it.
func (c *ChallengeRecord) challenger() string {
	if c.Fee == 0 {
		return fmt.Sprintf("judge %d", c.Judge.UID)
	}
	return "coldkey " + c.By.String()
}

// OfCard reports whether a judge is accused.
func (c *ChallengeRecord) OfCard() bool { return c.Case.OfCard() }

// says reports whether a vote is what the accused says.
func (c *ChallengeRecord) says(v *VoteRecord) bool {
	return v.Finding == c.Finding && (!c.OfCard() || v.Found == c.Said)
}

// docketBytes bounds a [Docket]: of each challenge who posted it and who is
// accused, who was found guilty, and judges who lose their duties, or posted.
const docketBytes = 14<<10 + 4*maxJudges*16

// Docket is kept under DocketKey(epoch): what the challenges of an epoch have in
// common.
type Docket struct {
	_       struct{}          `cbor:",toarray"`
	Paid    []DocketEntry     // challenges for which a fee is paid, in their order
	Guilty  []protocol.SeatID // that were found guilty in the epoch
	Stake   protocol.Amount   // on those of them that are judges
	Forfeit []protocol.SeatID // judges of whose duties of the epoch none counts
	Posted  []protocol.SeatID // judges that posted their challenge of the epoch
	Ballots uint32            // for which electors were drawn in the epoch
}

// DocketEntry is one challenge of the epoch.
type DocketEntry struct {
	_       struct{} `cbor:",toarray"`
	By      protocol.PublicKey
	Accused protocol.SeatID
}

func (m *machine) docket(e protocol.Epoch) Docket {
	d, _ := get[Docket](m.st, DocketKey(e))
	return d
}

// forfeit takes a judge's duties of the running epoch.
func (m *machine) forfeit(judges ...protocol.SeatID) {
	e := m.currentEpoch()
	d := m.docket(e)
	n := len(d.Forfeit)
	for _, id := range judges {
		if !slices.Contains(d.Forfeit, id) {
			d.Forfeit = append(d.Forfeit, id)
		}
	}
	if len(d.Forfeit) > n {
		put(m.st, DocketKey(e), d)
	}
}

// challenge is posted by a coldkey, for a fee.
func (m *machine) challenge(name protocol.PublicKey, b *wire.Challenge) error {
	v, e := &m.p.Verdicts, m.currentEpoch()
	if !v.On() {
		return broken(ErrNotPermitted, "nothing can be challenged in this network")
	}
	c, err := m.accuse(&b.Evidence)
	if err != nil {
		return err
	}
	d := m.docket(e)
	by, against := uint32(0), uint32(0)
	for i := range d.Paid {
		if d.Paid[i].By == name {
			by++
		}
		if d.Paid[i].Accused == c.Accused {
			against++
		}
	}
	switch {
	case slices.Contains(d.Guilty, c.Accused):
		return broken(ErrDuplicate, "seat %d was found guilty in this epoch", c.Accused.UID)
	case by >= v.PerChallenger || against >= v.PerAccused || len(d.Paid) >= int(v.PerEpoch):
		return broken(ErrFull, "%d challenges of the epoch, %d of the signer, %d against seat %d", len(d.Paid), by, against, c.Accused.UID)
	}
	if err := m.debit(name, v.Fee); err != nil {
		return err
	}
	m.meta.Collateral += v.Fee
	c.By, c.Fee = name, v.Fee
	d.Paid = append(d.Paid, DocketEntry{By: name, Accused: c.Accused})
	put(m.st, DocketKey(e), d)
	m.post(c)
	return nil
}

// judgeChallenge is posted by a judge of the running epoch, once in it.
func (m *machine) judgeChallenge(s Seat, b *wire.JudgeChallenge) error {
	e := m.currentEpoch()
	if !m.p.Verdicts.On() {
		return broken(ErrNotPermitted, "nothing can be challenged in this network")
	}
	if b.Epoch != e {
		return broken(ErrDeadline, "a challenge of epoch %d in epoch %d", b.Epoch, e)
	}
	if err := m.judged(&s, e); err != nil {
		return err
	}
	if slices.Contains(m.docket(e).Posted, s.ID) {
		return broken(ErrDuplicate, "seat %d posted its challenge of epoch %d", s.ID.UID, e)
	}
	c, err := m.accuse(&b.Evidence)
	if err != nil {
		return err
	}
	d := m.docket(e)
	if slices.Contains(d.Guilty, c.Accused) {
		return broken(ErrDuplicate, "seat %d was found guilty in this epoch", c.Accused.UID)
	}
	c.By, c.Judge = s.Coldkey, s.ID
	d.Posted = append(d.Posted, s.ID)
	put(m.st, DocketKey(e), d)
	m.post(c)
	return nil
}

// post writes a new challenge.
func (m *machine) post(c *ChallengeRecord) {
	c.Posted, c.Stage = m.height, StageCalled
	m.scheduled(c, m.height+callAfter)
	m.emit(Event{Name: EventChallenged, Round: c.Case.Round, Epoch: m.p.Schedule.EpochOfRound(c.Case.Round), Seat: c.Accused, Hash: c.Fingerprint, Amount: c.Fee})
}

// callAfter is how many blocks after a challenge its electors are drawn: by the
// beacon of the block in between, which nobody knew when it was posted.
const callAfter = 2

// scheduled writes a challenge that goes on by itself at a height.
func (m *machine) scheduled(c *ChallengeRecord, at protocol.Height) {
	c.Due = at
	put(m.st, ChallengeKey(c.Case), *c)
	put(m.st, ChallengeDueKey(at, c.Case), c.Case)
}

// finish writes a challenge to which nothing more happens.
func (m *machine) finish(c *ChallengeRecord, s Stage) {
	c.Stage = s
	put(m.st, ChallengeKey(c.Case), *c)
}

// ChallengeFrom returns the first height at which answers and cards of epoch e can
// be challenged: when all have opened what they found and planted.
func ChallengeFrom(s protocol.Schedule, e protocol.Epoch) protocol.Height {
	return max(s.OpenCardsDeadline(e), s.OpenPlantsDeadline(e)) + 1
}

// accuse checks the evidence of a challenge, and says who is accused.
func (m *machine) accuse(b *wire.Evidence) (*ChallengeRecord, error) {
	k, e := b.Case, m.p.Schedule.EpochOfRound(b.Case.Round)
	if now := m.currentEpoch(); e+1 != now || m.height < ChallengeFrom(m.p.Schedule, e) {
		return nil, broken(ErrDeadline, "an answer of epoch %d challenged at height %d", e, m.height)
	}
	if _, ok := get[ChallengeRecord](m.st, ChallengeKey(k)); ok {
		return nil, broken(ErrDuplicate, "slot %d of seat %d in round %d is challenged", k.Slot, k.UID, k.Round)
	}
	roster, ok := get[RosterSeat](m.st, RosterSeatKey(e, k.UID))
	if !ok {
		return nil, broken(ErrUnknown, "seat %d was not asked in epoch %d", k.UID, e)
	}
	if err := m.checkGiven(&roster, b); err != nil {
		return nil, err
	}
	c := &ChallengeRecord{
		Case: k, Seat: roster.ID, Accused: roster.ID, Owner: roster.Coldkey, Finding: wire.FoundPassed, Fingerprint: b.Fingerprint,
	}
	if !k.OfCard() {
		if len(b.Cards) > 0 {
			return nil, broken(ErrMismatch, "a card with a challenge of an answer")
		}
		return c, nil
	}
	return c, m.accuseJudge(c, b)
}

// checkGiven refuses an answer that was not given, that is planted, or that is not
// under the commitment.
func (m *machine) checkGiven(roster *RosterSeat, b *wire.Evidence) error {
	k, e := b.Case, m.p.Schedule.EpochOfRound(b.Case.Round)
	given, ok := get[GivenRecord](m.st, GivenKey(k.Round, k.UID))
	if !ok || given.Seat != roster.ID || !given.Slots.Has(int(k.Slot)) {
		return broken(ErrUnknown, "slot %d of seat %d in round %d was not given", k.Slot, k.UID, k.Round)
	}
	if rec, ok := get[PlantsRecord](m.st, PlantsKey(e, k.UID)); ok && rec.Seat == roster.ID {
		seeds, _ := get[RoundRecord](m.st, RoundKey(k.Round))
		plants := plant.Of(rec.Link, seeds.TaskSeed, roster.ID)
		switch {
		case rec.Void():
			return broken(ErrUnknown, "the answers of seat %d in epoch %d count as not given", k.UID, e)
		case plants.Has(k.Slot, m.p.Plants.Rate):
			return broken(ErrMismatch, "slot %d of seat %d in round %d is planted", k.Slot, k.UID, k.Round)
		}
	}
	asked, err := ReadTasks(m.st, m.chain, m.p, k.Round, roster)
	if err != nil {
		m.st.fail(err)
		return nil
	}
	id, err := asked.ID(k.Slot)
	if err != nil {
		return broken(ErrUnknown, "%v", err)
	}
	commit, _ := get[CommitRecord](m.st, CommitKey(k.Round, k.UID))
	leaf := wire.SlotLeaf(m.chain, id, roster.Hotkey, b.Salt, wire.Sum{Digest: b.Digest, Fingerprint: b.Fingerprint})
	if commit.Seat != roster.ID || !wire.MerkleVerify(commit.Root, leaf, int(k.Slot), int(asked.Slots()), b.Proof) {
		return broken(ErrMismatch, "slot %d of seat %d in round %d is not under its commitment", k.Slot, k.UID, k.Round)
	}
	return nil
}

// accuseJudge checks that a card is the accused judge's.
func (m *machine) accuseJudge(c *ChallengeRecord, b *wire.Evidence) error {
	e := m.p.Schedule.EpochOfRound(c.Case.Round)
	judge, ok := get[RosterJudge](m.st, RosterJudgeKey(e, c.Case.Accused))
	if !ok || len(b.Cards) != 1 {
		return broken(ErrUnknown, "no card of judge %d", c.Case.Accused)
	}
	card := &b.Cards[0]
	drawn := m.drawn(e, judge.ID)
	said, _ := get[CardsRecord](m.st, CardsKey(e, judge.ID.UID))
	if !said.Opened() || card.Key() != c.Case.Answer() || card.Seat != c.Seat {
		return broken(ErrUnknown, "no card of judge %d about slot %d of seat %d in round %d", c.Case.Accused, c.Case.Slot, c.Case.UID, c.Case.Round)
	}
	if err := CheckCard(m.p, &drawn, &said, judge.Hotkey, card); err != nil {
		return broken(ErrMismatch, "%v", err)
	}
	c.Accused, c.Owner, c.Finding, c.Said = judge.ID, judge.Coldkey, card.Finding.Byte(), wire.FoundOf(card.Body)
	return nil
}

// Challengeable reports whether an answer of a seat was given, and neither planted
// nor of a seat whose answers of the epoch count as not given.
func Challengeable(r Reader, p *params.Params, k wire.AnswerKey, seat protocol.SeatID) (bool, error) {
	given, err := ReadGiven(r, k.Round, seat)
	if err != nil || !given.Slots.Has(int(k.Slot)) {
		return false, err
	}
	rec, ok, err := ReadPlants(r, p.Schedule.EpochOfRound(k.Round), seat.UID)
	if err != nil || !ok || rec.Seat != seat {
		return err == nil, err
	}
	seeds, _, err := ReadRound(r, k.Round)
	plants := plant.Of(rec.Link, seeds.TaskSeed, seat)
	return err == nil && !rec.Void() && !plants.Has(k.Slot, p.Plants.Rate), err
}

// ReadChallenge returns a challenge.
func ReadChallenge(r Reader, c wire.Case) (ChallengeRecord, bool, error) {
	return read[ChallengeRecord](r, ChallengeKey(c))
}

// ReadChallenges returns the challenges about answers of a round, by seat and slot.
func ReadChallenges(r Reader, n protocol.Round) ([]ChallengeRecord, error) {
	return list[ChallengeRecord](r, ChallengePrefix(n))
}

// ReadAllChallenges returns all challenges that are kept.
func ReadAllChallenges(r Reader) ([]ChallengeRecord, error) {
	return list[ChallengeRecord](r, []byte{challengeLetter})
}

// ReadDocket returns what the challenges of an epoch have in common.
func ReadDocket(r Reader, e protocol.Epoch) (Docket, error) {
	d, _, err := read[Docket](r, DocketKey(e))
	return d, err
}

// ReadPosted reports whether a judge posted its challenge of epoch e.
func ReadPosted(r Reader, e protocol.Epoch, judge protocol.SeatID) (bool, error) {
	d, err := ReadDocket(r, e)
	return slices.Contains(d.Posted, judge), err
}
