package simtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// fulfil complains unless the honest judges fulfilled all that they drew, in every
// epoch, and drew something.
func (s *stage) fulfil() {
	s.Helper()
	for _, name := range judges[:3] {
		drawn := uint32(0)
		for e := range s.lastEpoch() + 1 {
			p := s.Payment(name, e)
			drawn += p.Drawn
			if p.Fulfilled != p.Drawn {
				s.Errorf("%s did %d of %d duties before epoch %d", name, p.Fulfilled, p.Drawn, e)
			}
		}
		if drawn == 0 {
			s.Errorf("%s never drew a duty", name)
		}
	}
}

// asCalm complains unless honest judges were paid at least what they are paid where
// nobody lies, to the hundredth, and miners the same within some percent.
func (s *stage) asCalm(calm *stage, from, to protocol.Epoch, percent uint64) {
	s.Helper()
	for _, name := range miners {
		s.near(name, s.Mined(name, from, to), calm.Mined(name, from, to), percent)
	}
	for _, name := range judges[:3] {
		if got, want := s.Judged(name, from, to), calm.Judged(name, from, to); got < want-want/100 {
			s.Errorf("%s was paid %s, where nobody lies %s", name, got, want)
		}
	}
}

// copier is a judge that runs nothing, and says what another judge said of the
// answer before.
type copier struct {
	scoring.Inference
	known func(wire.AnswerKey) ([]wire.Finding, error)
}

// Check implements validator.Judge.
func (*copier) Check(*params.Params) error { return nil }

// Judge implements validator.Judge.
func (c *copier) Judge(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	said, err := c.known(t.Key())
	if err != nil || len(said) == 0 {
		return scoring.Outcome{}, errors.Join(err, errors.New("nothing to copy yet"))
	}
	out, err := new(stamp).Judge(ctx, t, hotkey, answer)
	out.Finding = said[0]
	return out, err
}

// patient is a validator whose jobs may fail.
type patient struct{ validatorNode }

// Work implements protocoltest.Node.
func (p patient) Work(ctx context.Context) error {
	_ = p.validatorNode.Work(ctx) // there is nothing to copy yet
	return nil
}

// slanderer is a judge that finds everything wrong.
type slanderer struct{ stamp }

// Judge implements validator.Judge.
func (l *slanderer) Judge(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	out, err := l.stamp.Judge(ctx, t, hotkey, answer)
	if err != nil {
		return out, err
	}
	found, err := scoring.ReadComparison(&out)
	if err != nil {
		return out, err
	}
	found.Code = inference.CodeToken
	out.Finding, out.Found = wire.FindingFalse, wire.Encode(found)
	return out, nil
}

// whisper is a validator to whom vera tells her root before she opens it.
type whisper struct {
	validatorNode
	port   *protocoltest.Port
	hotkey protocoltest.Signer
	sealed map[protocol.Epoch]*wire.OpenCards
}

// Step seals vera's root as its own, with as many findings as it drew, and opens it
// with her cards in its own name.
func (w *whisper) Step(ctx context.Context, head protocol.Height) error {
	s := w.stage
	sched := s.Params().Schedule
	e := sched.EpochOf(head)
	if e == 0 {
		return nil
	}
	e--
	id := s.seat("vincent").ID
	switch head {
	case sched.SealCardsDeadline(e) - 1:
		hers, err := s.validators["vera"].Findings(e)
		drawn, ok, errDrawn := ledger.ReadDrawn(s.State(), e, id.UID)
		if err != nil || errDrawn != nil || hers == nil || !ok {
			return errors.Join(err, errDrawn)
		}
		b := &wire.OpenCards{Epoch: e, Root: hers.Root}
		for range drawn.Flat().Len() {
			b.Findings = append(b.Findings, wire.FoundPassed)
		}
		w.sealed[e] = b
		return w.port.Submit(ctx, &wire.SealCards{Epoch: e, Seal: b.Seal(w.hotkey.PublicKey())})
	case sched.SealCardsDeadline(e):
		b := w.sealed[e]
		if b == nil {
			return nil
		}
		cards, err := s.validators["vera"].CardsOf(protocol.Round(e)) // one round an epoch
		if err != nil {
			return err
		}
		for i := range cards {
			if c := cards[i].Said; cards[i].Own && len(b.Shown) < len(b.Findings) {
				c.Judge = id
				b.Shown = append(b.Shown, c)
			}
		}
		return w.port.Submit(ctx, b)
	}
	return nil
}

// Each story has the honest miners and judges of the calm one. Vincent lies about
// what he found, or does not say it; all others are paid what they are paid
// without him, and he is paid for what he opened alone.
func TestWhatAJudgeSaysOfItsFindingsTouchesItsOwnDividendsAlone(t *testing.T) {
	t.Parallel()
	const last = 10
	calm := network(t)
	calm.play(last)
	calm.fulfil()
	for name, story := range map[string]struct {
		cast    func(t *testing.T) *stage
		end     func(s *stage)
		percent uint64 // by which miners are paid more or less; 1 if 0
	}{
		"he waits for a fellow's card": {cast: func(t *testing.T) *stage {
			s := network(t)
			port := s.Port("vincent")
			s.validatorAt("vincent", port, func(c *validator.Config) {
				c.Judges = []validator.Judge{&copier{known: func(k wire.AnswerKey) (said []wire.Finding, err error) {
					cards, err := s.validators["vincent"].CardsAbout(k)
					for i := range cards {
						said = append(said, cards[i].Said.Finding)
					}
					return said, err
				}}}
			})
			s.Attach("vincent", port, patient{validatorNode{s.validators["vincent"], s}})
			return s
		}, end: (*stage).idle},
		"he copies a fellow's root": {cast: func(t *testing.T) *stage {
			s := network(t)
			port := s.Port("vincent")
			s.validatorAt("vincent", port)
			s.Attach("vincent", port, &whisper{
				validatorNode: validatorNode{s.validators["vincent"], s}, port: port, hotkey: protocoltest.Named("vincent"),
				sealed: map[protocol.Epoch]*wire.OpenCards{},
			})
			return s
		}, end: func(s *stage) {
			copied := 0
			for e := protocol.Epoch(1); e < last-1; e++ {
				said, ok, err := ledger.ReadCards(s.State(), e, s.seat("vincent").ID.UID)
				if err != nil || said.Opened() {
					s.Errorf("of the copied root of epoch %d the ledger has %+v, %v, %v", e, said, ok, err)
				}
				if ok {
					copied++
				}
			}
			if copied == 0 {
				s.Error("no root was copied")
			}
			s.idle()
		}},
		"he seals and never opens": {cast: func(t *testing.T) *stage {
			s := network(t)
			s.validator("vincent", func(c *validator.Config) {
				submit := c.Submit
				c.Submit = func(ctx context.Context, b wire.Body) error {
					if b.Type() == wire.TxOpenCards {
						return nil
					}
					return submit(ctx, b)
				}
			})
			return s
		}, end: func(s *stage) {
			s.idle()
			if said, ok, err := ledger.ReadCards(s.State(), last-1, s.seat("vincent").ID.UID); err != nil || !ok || said.Seal.IsZero() || said.Opened() {
				s.Errorf("the ledger has %+v, %v, %v", said, ok, err)
			}
		}},
		"he finds everything wrong": {percent: 5, cast: func(t *testing.T) *stage {
			s := network(t)
			s.validator("vincent", func(c *validator.Config) { c.Judges = []validator.Judge{&slanderer{}} })
			return s
		}, end: func(s *stage) { // his own weights still say so, a quarter of all
			if f := s.findings("ada"); f[wire.FindingFalse] == 0 {
				s.Errorf("nobody lied: %v", f)
			}
		}},
		"his cards are not what he opened": {cast: func(t *testing.T) *stage {
			s := network(t)
			s.validator("vincent", func(c *validator.Config) {
				publish := c.Publish
				c.Publish = func(ctx context.Context, topic string, raw []byte) error {
					o, err := wire.ReadCard(raw)
					if err != nil {
						return err
					}
					o.Card.Finding = wire.FindingFalse
					said, err := inference.ReadCard(o.Card.Body)
					if err != nil {
						return err
					}
					said.Code = inference.CodeToken
					o.Card.Body = wire.Encode(said)
					forged, err := wire.Seal(c.Hotkey, wire.DomainCard, s.ChainID(), o.Height, wire.Encode(&o.Card))
					if err != nil {
						return err
					}
					return publish(ctx, topic, wire.Encode(forged))
				}
			})
			return s
		}, end: func(s *stage) {
			if s.forged == 0 {
				s.Error("no card was refused")
			}
			if f := s.findings("ada"); f[wire.FindingFalse] > 0 {
				s.Errorf("a forged card was kept: %v", f)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.cast(t)
			s.play(last)
			s.fulfil()
			s.asCalm(calm, 4, last, max(1, story.percent))
			story.end(s)
		})
	}
}
