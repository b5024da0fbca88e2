package validator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// Challenges and verdicts. What an own run found to be false is challenged in the
// first blocks in which it can be, and where the own seat is an elector it votes by
// an own run. Both follow from the ledger and from judgements that are in the
// store: a process that was killed anywhere finds what is due again, and says the
// same.
//
//	judged false, cards open, no challenge yet     → JudgeChallenge, one an epoch
//	elector, no judgement                          → queue: judge it
//	elector, a judgement                           → SealVote, then OpenVote
//
// A judgement that is not "passed" was found by the reference, too, where there is
// one (judges.go), or it is none.

const (
	// trialEvery is after how many blocks what is not on the ledger is sent again.
	trialEvery = 2
	// trialEpochs is how many epochs back an answer may be of which something is voted
	// on: it is challenged in the next, voted on once more in the one after, and an
	// appeal may begin when that is held for longest.
	trialEpochs = 8
)

// trying posts and votes. Step alone uses it.
type trying struct {
	*base
	queue    *queue
	board    *board
	troubles *troubles
	sent     map[string]protocol.Height // what was sent last, by what it is about
}

// step does what is due at a height.
func (t *trying) step(ctx context.Context, now *view) error {
	if !t.cfg.Params.Verdicts.On() {
		return nil
	}
	errs := []error{t.accuse(ctx, now)}
	var own []ledger.ChallengeRecord // that concern the own seat
	s := t.schedule()
	e := s.EpochOf(now.head)
	for n := s.RoundOf(s.EpochStart(e - min(e, trialEpochs))); n < s.RoundOf(s.EpochStart(e)); n++ {
		list, err := ledger.ReadChallenges(now, n)
		if err != nil {
			return err
		}
		for i := range list {
			c := &list[i]
			if c.Accused == now.seat || c.Judge == now.seat && c.Fee == 0 {
				own = append(own, *c)
			}
			if c.Stage == ledger.StageVoting {
				errs = append(errs, t.vote(ctx, now, c))
			}
		}
	}
	t.tell(now, own)
	for what, at := range t.sent {
		if at+protocol.Height(s.Tempo) < now.head {
			delete(t.sent, what)
		}
	}
	return errors.Join(errs...)
}

// submit sends a transaction, not too often.
func (t *trying) submit(ctx context.Context, now *view, what string, body wire.Body) error {
	if last, sent := t.sent[what]; sent && now.head < last+trialEvery {
		return nil
	}
	if err := t.cfg.Submit(ctx, body); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	t.sent[what] = now.head
	return nil
}

// accuse posts the own challenge of the epoch, if anything was found false in the
// one before.
func (t *trying) accuse(ctx context.Context, now *view) error {
	s := t.schedule()
	e := s.EpochOf(now.head + 1)
	if e == 0 || now.head+1 < ledger.ChallengeFrom(*s, e-1) {
		return nil
	}
	if judge, err := t.isJudge(now, e, now.seat); err != nil || !judge {
		return err
	}
	if posted, err := ledger.ReadPosted(now, e, now.seat); err != nil || posted {
		return err
	}
	found, err := t.worst(now, e)
	if err != nil || found == nil {
		return err
	}
	what := fmt.Sprintf("challenge slot %d of seat %d in round %d, accused %d", found.Case.Slot, found.Case.UID, found.Case.Round, found.Case.Accused)
	_, sent := t.sent[what]
	if err := t.submit(ctx, now, what, &wire.JudgeChallenge{Epoch: e, Evidence: *found}); err != nil {
		return err
	}
	if !sent {
		t.metrics.trials.WithLabelValues("challenge").Inc()
		t.cfg.Logger.Warn().Uint64("round", uint64(found.Case.Round)).Uint16("seat", uint16(found.Case.UID)).Uint16("slot", found.Case.Slot).
			Uint16("accused", uint16(found.Case.Accused)).Msg("posted a challenge: an own run found what the accused signed to be false")
	}
	return nil
}

// worst returns the evidence of a case to challenge in epoch e: of those that are
// neither challenged nor about a seat that is, the first in an order of the own
// hotkey, so that judges share what there is.
func (t *trying) worst(now *view, e protocol.Epoch) (*wire.Evidence, error) {
	s := t.schedule()
	docket, err := ledger.ReadDocket(now, e)
	if err != nil {
		return nil, err
	}
	busy := slices.Clone(docket.Guilty)
	var best *wire.Evidence
	var rank protocol.Hash
	first, end := s.RoundOf(s.EpochStart(e-1)), s.RoundOf(s.EpochStart(e))
	for n := first; n < end; n++ {
		list, err := ledger.ReadChallenges(now, n)
		if err != nil {
			return nil, err
		}
		for i := range list {
			busy = append(busy, list[i].Accused)
		}
	}
	for n := first; n < end; n++ {
		keys, err := t.book.Judged(n)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			found, err := t.evidence(now, k, busy)
			if err != nil {
				return nil, err
			}
			for i := range found {
				mine := wire.HashOf("assay/1/validator/case", t.self[:], found[i].Case.Bytes())
				if best == nil || bytes.Compare(mine[:], rank[:]) < 0 {
					best, rank = &found[i], mine
				}
			}
		}
	}
	return best, nil
}

// evidence returns the cases that the own judgement of an answer makes: against the
// seat, where it is false and not planted, and against judges whose cards say that
// it is right, or have another root than a run gives.
func (t *trying) evidence(now *view, k wire.AnswerKey, busy []protocol.SeatID) (out []wire.Evidence, err error) {
	j, err := t.book.Judgement(k)
	if err != nil || j == nil {
		return nil, err
	}
	cards, err := t.book.CardsAbout(k)
	if err != nil {
		return nil, err
	}
	accused := make([]*wire.Card, 0, 1)
	if j.Outcome.Finding.Proven() && !slices.Contains(busy, j.Seat) {
		accused = append(accused, nil)
	}
	for i := range cards {
		c := &cards[i]
		if c.Own || c.Said.Finding != wire.FindingPassed || slices.Contains(busy, c.Said.Judge) || len(accused) > 1 {
			continue
		}
		if err := t.judges.checkCard(&j.Outcome, &c.Said, c.Judge); errors.Is(err, scoring.ErrFalseCard) {
			accused = append(accused, &c.Said)
		} else if err != nil {
			return nil, err
		}
	}
	if len(accused) == 0 {
		return nil, nil
	}
	base, ok, err := t.opened(now, k, j.Seat)
	if err != nil || !ok {
		return nil, err
	}
	for _, c := range accused {
		e := base
		if e.Case.Accused = k.UID; c != nil {
			e.Case.Accused, e.Cards = c.Judge.UID, []wire.Card{*c}
		}
		out = append(out, e)
	}
	return out, nil
}

// opened returns what of an answer every evidence about it has; false where it can
// not be challenged.
func (t *trying) opened(now *view, k wire.AnswerKey, seat protocol.SeatID) (e wire.Evidence, ok bool, err error) {
	answer, err := t.book.Opened(k)
	if err != nil || answer == nil {
		return e, false, err
	}
	record, err := t.book.Answer(k)
	if err != nil || record == nil {
		return e, false, err
	}
	kind, err := t.cfg.Kinds.Of(record.Task.Kind)
	if err != nil {
		return e, false, err
	}
	sum, err := kind.Sum(answer.Body)
	if err != nil {
		return e, false, err
	}
	e = wire.Evidence{
		Case: wire.Case{Round: k.Round, UID: k.UID, Slot: k.Slot}, Salt: answer.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: answer.Proof,
	}
	ok, err = ledger.Challengeable(now, t.cfg.Params, k, seat)
	return e, ok, err
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
		if open == nil {
			answer, err := t.book.Answer(c.Case.Answer())
			if err != nil {
				return err
			}
			t.queue.add(job{key: c.Case.Answer(), deadline: seals, duty: true, fetch: answer == nil && t.cfg.Evidence != nil})
			if now.head+hurry < seals {
				return nil
			}
			open = t.cannot(c)
		}
		return t.submit(ctx, now, "seal a vote "+what, &wire.SealVote{Case: c.Case, Ballot: c.Ballot, Seal: open.Seal(v.Hotkey)})
	case v.Seal.IsZero() || now.head < seals:
		return nil
	}
	for _, o := range []*wire.OpenVote{open, t.cannot(c)} {
		if o == nil || o.Seal(v.Hotkey) != v.Seal {
			continue
		}
		if err := t.submit(ctx, now, "open a vote "+what, o); err != nil {
			return err
		}
		t.metrics.trials.WithLabelValues("vote").Inc()
		return nil
	}
	if t.troubles.first("vote of another database", t.schedule().EpochOf(now.head)) {
		t.cfg.Logger.Error().Uint64("round", uint64(c.Case.Round)).Msg("cannot open the vote: the seal on the ledger is not of this database, which may be an older copy")
	}
	return nil
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
	o.Finding, o.Found = j.Outcome.Finding.Byte(), wire.FoundOf(body)
	return o, nil
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

// tell notes where challenges stand that concern the own seat, and says what is new
// of them.
func (t *trying) tell(now *view, own []ledger.ChallengeRecord) {
	var lines []string
	held := protocol.Amount(0)
	for i := range own {
		c := &own[i]
		accused := c.Accused == now.seat
		lines = append(lines, c.Sentence(accused))
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
