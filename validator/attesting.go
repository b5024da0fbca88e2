package validator

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// attesting says on the ledger which answers are here. What judges of more than
// half of the stake hold when openings are over is given, and only that: an answer
// that a miner showed to this validator alone is worth nothing, and one that did
// not come here is fetched from those who hold it (inbox). So it takes no opinion
// on what is missing, and nobody has to have been there. Step alone uses it.
type attesting struct{ *base }

// attest sends what is here of the running round, made once, until it is on the
// ledger. What comes later is kept, but not attested.
func (a *attesting) attest(ctx context.Context, now *view) error {
	s := a.schedule()
	n := s.RoundOf(now.head)
	if now.head < s.OpenDeadline(n) || now.head >= s.AttestDeadline(n) {
		return nil
	}
	if judge, err := a.isJudge(now, s.EpochOfRound(n), now.seat); err != nil || !judge {
		return err
	}
	if said, there, err := ledger.ReadAttest(now, n, now.seat.UID); err != nil || there && said.Seat == now.seat {
		return err
	}
	made, err := a.book.Attest(n)
	if err != nil {
		return err
	}
	if made == nil {
		published, err := ledger.ReadPublished(now, a.cfg.ChainID, a.cfg.Params, n)
		if err != nil || len(published) == 0 {
			return err
		}
		var here, all int
		if made, here, all, err = a.held(published); err != nil {
			return err
		}
		made.Round = n
		var b record.Batch
		b.Attest(made)
		if err := a.book.Write(&b); err != nil {
			return err
		}
		a.cfg.Logger.Info().Uint64("round", uint64(n)).Int("here", here).Int("opened", all).Msg("attesting answers")
	}
	if err := a.cfg.Submit(ctx, made); err != nil {
		return fmt.Errorf("attest the answers of round %d: %w", n, err)
	}
	return nil
}

// held returns which of the answers are here, with the root over what proves it,
// how many they are, and of how many.
func (a *attesting) held(published []ledger.Published) (out *wire.Attest, here, all int, err error) {
	out = new(wire.Attest)
	var leaves []protocol.Hash
	for i := range published {
		p := &published[i]
		for k, slot := range p.Slots {
			answer, err := a.book.Answer(wire.AnswerKey{Round: p.Asked.Number, UID: p.Roster.ID.UID, Slot: slot})
			if err != nil {
				return nil, 0, 0, err
			}
			all++
			if answer != nil {
				out.Bits.Set(p.First + k)
				leaves = append(leaves, answer.Custody)
			}
		}
	}
	out.Root = wire.MerkleRoot(leaves)
	return out, len(leaves), all, nil
}
