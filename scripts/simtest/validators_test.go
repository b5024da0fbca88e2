package simtest_test

import (
	"bytes"
	"context"
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

// stamp is a judge that runs nothing and finds everything exact. It makes its
// cards as an honest judge does.
type stamp struct{ scoring.Inference }

// Check implements validator.Judge.
func (*stamp) Check(*params.Params) error { return nil }

// Judge implements validator.Judge.
func (*stamp) Judge(_ context.Context, t *wire.Task, _ protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	r, err := inference.ReadResult(answer)
	if err != nil {
		return scoring.Outcome{}, err
	}
	states := make([][32]byte, len(r.Output)) // invented: the answer's leaves do not show them
	found := scoring.Comparison{Code: inference.CodeExact, Tokens: uint32(len(r.Output)), FailedAt: -1, States: states, Choices: r.Output}
	return scoring.Outcome{Task: t.ID, Kind: t.Kind, Finding: wire.FindingPassed, Found: wire.Encode(&found)}, nil
}

// leastJudge returns the least that one of the judges but vincent, who is
// always the one at fault, was paid in the epochs from … to.
func (s *stage) leastJudge(from, to protocol.Epoch) protocol.Amount {
	s.Helper()
	least := s.Judged(judges[0], from, to)
	for _, name := range judges[:3] {
		least = min(least, s.Judged(name, from, to))
	}
	if least == 0 {
		s.Fatal("an honest judge was paid nothing")
	}
	return least
}

// idle complains unless vincent was paid nothing in any epoch after one in
// which he drew a duty.
func (s *stage) idle() {
	s.Helper()
	s.leastJudge(0, s.lastEpoch())
	drawn := uint32(0)
	for e := range s.lastEpoch() + 1 {
		p := s.Payment("vincent", e)
		drawn += p.Drawn
		if p.Drawn > 0 && p.Validator > 0 {
			s.Errorf("vincent did %d of %d duties and was paid %s in epoch %d", p.Fulfilled, p.Drawn, p.Validator, e)
		}
	}
	if drawn == 0 {
		s.Error("vincent never drew a duty")
	}
}

// Vincent finds mallory's altered weights exact. Others find them wrong, and then
// everybody runs them: his word pays nobody.
func TestSigningExactWithoutRunningPaysNoLiar(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	s.miner("mallory", alteredWeights())
	s.validator("vincent", func(c *validator.Config) { c.Judges = []validator.Judge{&stamp{}} })
	s.play(12)
	s.minedNothing("mallory")
}

// parrot is a validator that runs nothing: it seals again what vera opened in
// the epoch before, and says that it passed all that it drew, with no card to show.
type parrot struct {
	*stage
	port   *protocoltest.Port
	hotkey protocoltest.Signer
	sealed map[protocol.Epoch]*wire.RevealWeights
}

func (p *parrot) Work(context.Context) error                    { return nil }
func (p *parrot) Message(context.Context, string, []byte) error { return nil }

func (p *parrot) Step(ctx context.Context, head protocol.Height) error {
	sched := p.Params().Schedule
	e := sched.EpochOf(head)
	at := head - sched.EpochStart(e)
	if e == 0 {
		return nil
	}
	switch uint64(at) {
	case 3:
		if old := p.sealed[e-1]; old != nil {
			return p.port.Submit(ctx, old)
		}
	case sched.SealCardsBlocks - 1:
		return p.port.Submit(ctx, &wire.SealCards{Epoch: e - 1, Seal: p.claims(e - 1).Seal(p.hotkey.PublicKey())})
	case sched.SealCardsBlocks:
		return p.port.Submit(ctx, p.claims(e-1))
	case sched.WeightBlocks:
		row, ok, err := ledger.ReadWeights(p.State(), e-1, p.seat("vera").ID.UID)
		if err != nil || !ok {
			return err
		}
		p.sealed[e] = &wire.RevealWeights{Epoch: e, UIDs: row.UIDs, Values: row.Values}
		return p.port.Submit(ctx, &wire.CommitWeights{Epoch: e, Hash: p.sealed[e].Seal(p.hotkey.PublicKey())})
	}
	return nil
}

// claims is that all passed which it drew.
func (p *parrot) claims(e protocol.Epoch) *wire.OpenCards {
	drawn, _, err := ledger.ReadDrawn(p.State(), e, p.seat("vincent").ID.UID)
	if err != nil {
		p.Fatal(err)
	}
	return &wire.OpenCards{Epoch: e, Findings: bytes.Repeat([]byte{wire.FoundPassed}, drawn.Flat().Len()), Root: protocol.Hash{1}}
}

func TestCopyingWeightsEarnsNothing(t *testing.T) {
	t.Parallel()
	s := network(t)
	p := &parrot{stage: s, port: s.Port("vincent"), hotkey: protocoltest.Named("vincent"), sealed: map[protocol.Epoch]*wire.RevealWeights{}}
	s.Attach("vincent", p.port, p)
	s.play(10)
	s.idle()
	if row, ok, err := ledger.ReadWeights(s.State(), 8, s.seat("vincent").ID.UID); err != nil || !ok || len(row.UIDs) != len(miners) {
		t.Errorf("the copied row: %+v, %v, %v", row, ok, err)
	}
}
