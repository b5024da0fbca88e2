package validator

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// Challenges and verdicts. What an own run found to be false is challenged in the
// first blocks in which it can be, and where the own seat is an elector it votes by
// an own run. Both follow from the ledger and from judgements that are in the
// store: a process that was killed anywhere finds what is due again, and says the
// same.
//
//	judged false, not planted, no challenge yet    → the reference confirms it
//	that is confirmed, and cards are open          → JudgeChallenge, one an epoch
//	elector, no judgement                          → queue: judge it
//	elector, a judgement against the accused       → the reference confirms it
//	elector, else, or it confirmed that            → SealVote, then OpenVote
//
// Nothing is said to somebody's loss that the reference did not find, too, where
// there is one (confirming.go).

// patience is how many blocks before the epoch's end the case to challenge waits no
// longer for own pairs: the reference needs two or three, and the challenge one.
const patience = 4

// trialEvery is after how many blocks what is not on the ledger is sent again.
const trialEvery = 2

// trying posts and votes. Step alone uses it.
type trying struct {
	*base
	queue      *queue
	confirming *confirming
	board      *board
	troubles   *troubles
	sent       map[string]protocol.Height // what was sent last, by what it is about
	// cleared are answers of the epoch before clearedIn that accuse nobody, and will
	// not.
	cleared   map[wire.AnswerKey]bool
	clearedIn protocol.Epoch
}

// back returns how many epochs back an answer may be of which something is voted
// on, or held: it is challenged in the next, voted on once more in the one after,
// an appeal may begin when what was lost is held for longest, and is voted on in
// the one after that.
func (t *trying) back() protocol.Epoch {
	v, tempo := &t.cfg.Params.Verdicts, t.schedule().Tempo
	return protocol.Epoch(5 + (3*(v.Ballot()+2)+4*v.Appeal+tempo-1)/tempo)
}

// step does what is due at a height.
func (t *trying) step(ctx context.Context, now *view) error {
	if !t.cfg.Params.Verdicts.On() {
		return nil
	}
	s := t.schedule()
	e := s.EpochOf(now.head)
	oldest := s.RoundOf(s.EpochStart(e - min(e, t.back())))
	defer t.confirming.hand(oldest)
	errs := []error{t.accuse(ctx, now)}
	var own []ledger.ChallengeRecord // that concern the own seat
	var votes []string               // where its votes stand
	for n := oldest; n < s.RoundOf(s.EpochStart(e)); n++ {
		list, err := ledger.ReadChallenges(now, n)
		if err != nil {
			return err
		}
		for i := range list {
			c := &list[i]
			if c.Accused == now.seat || c.Judge == now.seat && c.Fee == 0 {
				own = append(own, *c)
			}
			switch c.Stage {
			case ledger.StageCalled:
				errs = append(errs, t.foresee(now, c))
			case ledger.StageVoting:
				line, err := t.elects(now, c)
				if line != "" {
					votes = append(votes, line)
				}
				errs = append(errs, err, t.vote(ctx, now, c))
			}
		}
	}
	lost, err := t.forfeited(now, e)
	if err != nil {
		return err
	}
	t.tell(now, own, append(votes, lost...))
	for what, at := range t.sent {
		if at+protocol.Height(s.Tempo) < now.head {
			delete(t.sent, what)
		}
	}
	return errors.Join(errs...)
}

// submit sends a transaction, not too often, and reports whether it is the first
// time.
func (t *trying) submit(ctx context.Context, now *view, what string, body wire.Body) (first bool, err error) {
	last, sent := t.sent[what]
	if sent && now.head < last+trialEvery {
		return false, nil
	}
	if err := t.cfg.Submit(ctx, body); err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	t.sent[what] = now.head
	return !sent, nil
}

// accuse posts the own challenge of the epoch, if anything was found false in the
// one before; while it is shown what of that was planted, it has the first that was
// not confirmed.
func (t *trying) accuse(ctx context.Context, now *view) error {
	s := t.schedule()
	e := s.EpochOf(now.head + 1)
	if e == 0 || now.head+1 < s.OpenCardsDeadline(e-1) {
		return nil
	}
	if judge, err := t.isJudge(now, e, now.seat); err != nil || !judge {
		return err
	}
	if posted, err := ledger.ReadPosted(now, e, now.seat); err != nil || posted {
		return err
	}
	found, err := t.worst(now, e)
	if err != nil || found == nil || now.head+1 < ledger.ChallengeFrom(*s, e-1) {
		return err
	}
	what := fmt.Sprintf("challenge slot %d of seat %d in round %d, accused %d", found.Case.Slot, found.Case.UID, found.Case.Round, found.Case.Accused)
	first, err := t.submit(ctx, now, what, &wire.JudgeChallenge{Epoch: e, Evidence: *found})
	if err != nil {
		return err
	}
	if first {
		t.metrics.trials.WithLabelValues("challenge").Inc()
		t.cfg.Logger.Warn().Uint64("round", uint64(found.Case.Round)).Uint16("seat", uint16(found.Case.UID)).Uint16("slot", found.Case.Slot).
			Uint16("accused", uint16(found.Case.Accused)).Msg("posted a challenge: an own run found what the accused signed to be false")
	}
	return nil
}

// suspect is who an own judgement of an answer accuses.
type suspect struct {
	about wire.Case
	seat  protocol.SeatID // that gave the answer
	card  *wire.Card      // that is false; nil where the answer is
	kind  protocol.Kind
	rank  protocol.Hash // in the order of all judges
}

// mildness is 1 of a judge that found false what is right, which may be its
// engine's fault and costs no stake, 0 of all else.
func (x *suspect) mildness() int {
	if x.card != nil && x.card.Finding != wire.FindingPassed {
		return 1
	}
	return 0
}

// worst returns the evidence of a case to challenge in epoch e: of those that are
// confirmed, and not about a seat that is accused already, lies first, the first
// in an order that all judges have, so that who votes has confirmed the
// same, but that each begins with another of the accused, so that none of several
// liars waits until the others are challenged. Where none is confirmed it asks for
// one. Nothing else is read in full: who
// lies much must not make others read much in each block.
func (t *trying) worst(now *view, e protocol.Epoch) (*wire.Evidence, error) {
	s := t.schedule()
	if t.clearedIn != e {
		t.cleared, t.clearedIn = map[wire.AnswerKey]bool{}, e
	}
	busy, err := t.accused(now, e)
	if err != nil {
		return nil, err
	}
	first, end := s.RoundOf(s.EpochStart(e-1)), s.RoundOf(s.EpochStart(e))
	var all []suspect
	for n := first; n < end; n++ {
		keys, err := t.book.Judged(n)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			found, err := t.suspects(now, k, busy)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	slices.SortFunc(all, func(a, b suspect) int {
		return cmp.Or(cmp.Compare(a.mildness(), b.mildness()), bytes.Compare(a.rank[:], b.rank[:]))
	})
	if err := t.takeTurn(now, e, all); err != nil {
		return nil, err
	}
	for i := range all {
		if x := &all[i]; t.confirming.confirmed(x.kind, x.about.Answer()) {
			if found, err := t.evidence(now, x); err != nil || found != nil {
				return found, err
			}
		}
	}
	return nil, t.confirmOne(now, e, all)
}

// takeTurn puts first, of the gravest cases, those about the accused with whom the
// own seat begins: by its place among the judges of the epoch.
func (t *trying) takeTurn(now *view, e protocol.Epoch, all []suspect) error {
	var who []protocol.UID
	gravest := 1
	for i := range all { // in the order of mildness
		x := &all[i]
		if gravest = min(gravest, x.mildness()); x.mildness() == gravest && !slices.Contains(who, x.about.Accused) {
			who = append(who, x.about.Accused)
		}
	}
	if len(who) < 2 {
		return nil
	}
	judges, err := ledger.ReadRosterJudges(now, e)
	if err != nil {
		return err
	}
	own := slices.IndexFunc(judges, func(j ledger.RosterJudge) bool { return j.ID == now.seat })
	slices.Sort(who) // lists differ, by what each has judged
	first := who[max(own, 0)%len(who)]
	slices.SortStableFunc(all, func(a, b suspect) int {
		after := func(x *suspect) int {
			if x.mildness() == gravest && x.about.Accused == first {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.mildness(), b.mildness()), cmp.Compare(after(&a), after(&b)))
	})
	return nil
}

// confirmOne asks the reference about the first of those whose answers were not
// planted, but goes on with that which it asked about before.
func (t *trying) confirmOne(now *view, e protocol.Epoch, all []suspect) error {
	if t.confirming.broken() {
		return nil
	}
	before := slices.IndexFunc(all, func(x suspect) bool { return t.confirming.waits(x.about.Answer()) })
	if before > 0 {
		all[0], all[before] = all[before], all[0]
	}
	for i := range all {
		k := all[i].about.Answer()
		if shown, err := t.shown(now, e-1, all[i].seat); err != nil {
			return err
		} else if !shown || t.confirming.confirmed(all[i].kind, k) {
			continue
		}
		if ok, err := t.triable(now, &all[i]); err != nil {
			return err
		} else if ok {
			end := t.schedule().EpochEnd(e)
			t.confirming.ask(k, end, now.head+patience < end)
			return nil
		}
	}
	return nil
}

// shown reports whether it is known what a seat planted in an epoch.
func (t *trying) shown(now *view, e protocol.Epoch, seat protocol.SeatID) (bool, error) {
	if t.cfg.Params.Plants.Rate == 0 || now.head >= t.schedule().OpenPlantsDeadline(e) {
		return true, nil
	}
	rec, ok, err := ledger.ReadPlants(now, e, seat.UID)
	return ok && rec.Seat == seat, err
}

// suspects returns whom the own judgement of an answer accuses, and who is not
// busy: the seat, where it is false, and judges whose cards do not say what an own
// run found.
func (t *trying) suspects(now *view, k wire.AnswerKey, busy *accused) (out []suspect, err error) {
	if t.cleared[k] {
		return nil, nil
	}
	j, err := t.book.Judgement(k)
	if err != nil || j == nil {
		return nil, err
	}
	cards, err := t.book.CardsAbout(k)
	if err != nil {
		return nil, err
	}
	guilty := false
	accuse := func(who protocol.SeatID, card *wire.Card) {
		guilty = true
		x := suspect{about: wire.Case{Round: k.Round, UID: k.UID, Slot: k.Slot, Accused: who.UID}, seat: j.Seat, card: card, kind: j.Outcome.Kind}
		if len(out) > 1 || busy.of(who, x.mildness()) || card == nil && slices.Contains(busy.bare, who) {
			return
		}
		x.rank = wire.HashOf("assay/1/validator/case", x.about.Bytes())
		out = append(out, x)
	}
	if j.Outcome.Finding.Proven() {
		accuse(j.Seat, nil)
	}
	for i := range cards {
		c := &cards[i]
		if c.Own || c.Said.Judge.UID == k.UID { // a case of that uid is the answer's
			continue
		}
		if err := t.judges.checkCard(&j.Outcome, &c.Said, c.Judge); errors.Is(err, scoring.ErrFalseCard) {
			accuse(c.Said.Judge, &c.Said)
		} else if err != nil {
			return nil, err
		}
	}
	if !guilty && now.head > t.cardDeadline(k.Round) { // no other card will come
		t.cleared[k] = true
	}
	return out, nil
}

// triable reports whether an answer can be challenged: it was given, and not
// planted.
func (t *trying) triable(now *view, x *suspect) (bool, error) {
	k := x.about.Answer()
	if t.cleared[k] {
		return false, nil
	}
	ok, err := ledger.Challengeable(now, t.cfg.Params, k, x.seat)
	if err == nil && !ok { // nor will it be
		t.cleared[k] = true
	}
	return ok, err
}

// evidence returns what shows who is suspect; nil where that is planted, was not
// given, or is not here.
func (t *trying) evidence(now *view, x *suspect) (*wire.Evidence, error) {
	k := x.about.Answer()
	if ok, err := t.triable(now, x); err != nil || !ok {
		return nil, err
	}
	answer, err := t.book.Opened(k)
	if err != nil || answer == nil {
		return nil, err
	}
	record, err := t.book.Answer(k)
	if err != nil || record == nil {
		return nil, err
	}
	kind, err := t.cfg.Kinds.Of(record.Task.Kind)
	if err != nil {
		return nil, err
	}
	sum, err := kind.Sum(answer.Body)
	if err != nil {
		return nil, err
	}
	e := &wire.Evidence{Case: x.about, Salt: answer.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: answer.Proof}
	if x.card != nil {
		e.Cards = []wire.Card{*x.card}
	}
	return e, nil
}

// vote brings the own vote on a challenge one step further.
func (t *trying) vote(ctx context.Context, now *view, c *ledger.ChallengeRecord) error {
	v, ok, err := ledger.ReadVote(now, c.Case, now.seat.UID)
	if err != nil || !ok || v.Elector != now.seat || v.Opened {
		return err
	}
	seals := c.Seals(t.cfg.Params.Verdicts.SealBlocks)
	what := fmt.Sprintf("about ballot %d on slot %d of seat %d in round %d, accused %d", c.Ballot, c.Case.Slot, c.Case.UID, c.Case.Round, c.Case.Accused)
	open, err := t.said(now, c)
	switch {
	case err != nil:
		return err
	case v.Seal.IsZero() && now.head < seals:
		if ready, err := t.ready(c, open, seals); err != nil {
			return err
		} else if !ready && now.head+hurry < seals {
			return nil
		} else if !ready {
			open = t.cannot(c)
		}
		_, err = t.submit(ctx, now, "seal a vote "+what, &wire.SealVote{Case: c.Case, Ballot: c.Ballot, Seal: open.Seal(v.Hotkey)})
		return err
	case v.Seal.IsZero() || now.head < seals:
		return nil
	}
	for _, o := range t.openings(c, open) {
		if o.Seal(v.Hotkey) != v.Seal {
			continue
		}
		first, err := t.submit(ctx, now, "open a vote "+what, o)
		if first {
			t.metrics.trials.WithLabelValues("vote").Inc()
			t.cfg.Logger.Info().Uint64("round", uint64(c.Case.Round)).Uint16("seat", uint16(c.Case.UID)).Uint16("slot", c.Case.Slot).
				Uint16("accused", uint16(c.Case.Accused)).Str("finding", string(wire.FindingOf(o.Finding))).Msg("voted on a challenge, by an own run")
		}
		return err
	}
	if t.troubles.first("vote of another database", t.schedule().EpochOf(now.head)) {
		t.cfg.Logger.Error().Uint64("round", uint64(c.Case.Round)).Msg("cannot open the vote: the seal on the ledger is not of this database, which may be an older copy")
	}
	return nil
}

// foresee has what is called judged, and confirmed, before electors are drawn: the
// own seat may be one.
func (t *trying) foresee(now *view, c *ledger.ChallengeRecord) error {
	if judge, err := t.isJudge(now, t.schedule().EpochOf(now.head), now.seat); err != nil || !judge || c.Accused == now.seat {
		return err
	}
	said, err := t.said(now, c)
	if err == nil {
		_, err = t.ready(c, said, c.Due+protocol.Height(t.cfg.Params.Verdicts.SealBlocks))
	}
	return err
}

// ready reports whether what is said of a case can be sealed, nil where the answer
// was not judged yet, and asks for what lacks.
func (t *trying) ready(c *ledger.ChallengeRecord, said *wire.OpenVote, seals protocol.Height) (bool, error) {
	k := c.Case.Answer()
	if said == nil {
		answer, err := t.book.Answer(k)
		if err != nil {
			return false, err
		}
		t.queue.add(job{key: k, deadline: seals, duty: true, fetch: answer == nil && t.cfg.Evidence != nil})
		return false, nil
	}
	j, err := t.book.Judgement(k)
	if err != nil || j == nil {
		return false, err
	}
	harmless := j.Outcome.Passed() && c.Finding == wire.FoundPassed && (!c.OfCard() || c.Said == said.Found)
	if harmless || t.confirming.confirmed(j.Outcome.Kind, k) {
		return true, nil
	}
	t.confirming.ask(k, seals, false)
	return false, nil
}

// said returns what the own run says of a case; nil where there is none yet.
func (t *trying) said(now *view, c *ledger.ChallengeRecord) (*wire.OpenVote, error) {
	j, err := t.book.Judgement(c.Case.Answer())
	if err != nil || j == nil {
		return nil, err
	}
	accused, err := t.hotkeyOf(now, c)
	if err != nil || accused.IsZero() {
		return nil, err
	}
	body, err := t.judges.body(&j.Outcome, accused)
	if err != nil {
		return nil, err
	}
	o := t.cannot(c)
	o.Finding, o.Found, o.Backends = j.Outcome.Finding.Byte(), wire.FoundOf(body), cmp.Or(t.cfg.Backend, wire.ByNative)
	if t.confirming.ran(j.Outcome.Kind, c.Case.Answer()) {
		o.Backends |= wire.ByReference
	}
	return o, nil
}

// openings are the votes that the own seal may be of: who was killed since, or
// configured anew, does not know by what it was found when it was sealed.
func (t *trying) openings(c *ledger.ChallengeRecord, said *wire.OpenVote) []*wire.OpenVote {
	list := []*wire.OpenVote{t.cannot(c)}
	if said == nil {
		return list
	}
	for by := wire.ByReference; by <= wire.ByReference|wire.ByNative|wire.ByCUDA; by++ {
		o := *said
		o.Backends = by
		list = append(list, &o)
	}
	return list
}

// cannot returns the vote of who cannot tell.
func (t *trying) cannot(c *ledger.ChallengeRecord) *wire.OpenVote {
	h := hmac.New(sha256.New, t.cfg.Salt[:])
	_, _ = h.Write([]byte("assay/1/vote/salt\x00"))
	_, _ = h.Write(append(c.Case.Bytes(), c.Ballot))
	o := &wire.OpenVote{Case: c.Case, Ballot: c.Ballot}
	copy(o.Salt[:], h.Sum(nil))
	return o
}

// hotkeyOf returns the hotkey that the accused signed with; zero where that is not
// known.
func (t *trying) hotkeyOf(now *view, c *ledger.ChallengeRecord) (protocol.PublicKey, error) {
	e := t.schedule().EpochOfRound(c.Case.Round)
	if c.OfCard() {
		j, _, err := ledger.ReadRosterJudge(now, e, c.Case.Accused)
		return j.Hotkey, err
	}
	s, _, err := ledger.ReadRosterSeat(now, e, c.Case.UID)
	return s.Hotkey, err
}

// tell notes where challenges stand that concern the own seat, and its votes on
// others, and says what is new of them.
func (t *trying) tell(now *view, own []ledger.ChallengeRecord, lines []string) {
	held := protocol.Amount(0)
	for i := range own {
		c := &own[i]
		accused := c.Accused == now.seat
		lines = append(lines, c.Sentence(accused)+t.stakes(c, accused))
		if accused && c.Stage == ledger.StageGuilty {
			held += c.Held
		}
		if what := fmt.Sprintf("challenge %s %s", c.Case.Bytes(), c.Stage); t.troubles.first(what, 0) && (accused || c.Stage.Ended()) {
			t.cfg.Logger.Warn().Stringer("stage", c.Stage).Stringer("held", c.Held).Bool("accused", accused).Msg(c.Sentence(accused))
		}
	}
	t.metrics.held.Set(float64(held))
	t.board.noteTrials(lines)
}

// stakes says what of the own seat is at stake in a challenge that runs; "" where
// nothing is any more.
func (t *trying) stakes(c *ledger.ChallengeRecord, accused bool) string {
	switch {
	case c.Stage.Ended() || c.Convicted > 0:
		return ""
	case !accused:
		return "; found right, it would cost this seat its duties of the epoch"
	case !c.OfCard():
		return "; found false, it would cost all collateral"
	case c.Finding != wire.FoundPassed:
		return "; found false, it would cost its duties of that epoch, and no stake"
	}
	return fmt.Sprintf("; found false, it would cost its duties of that epoch and %.2f %% of the stake on it", 100*float64(t.cfg.Params.Verdicts.Slash)/params.One)
}
