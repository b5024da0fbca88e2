package validator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// elects says in one sentence where the own vote on a challenge stands, and what it
// costs not to give it; "" where the own seat is no elector.
func (t *trying) elects(now *view, c *ledger.ChallengeRecord) (string, error) {
	v, ok, err := ledger.ReadVote(now, c.Case, now.seat.UID)
	if err != nil || !ok || v.Elector != now.seat {
		return "", err
	}
	what := fmt.Sprintf("slot %d of seat %d in round %d", c.Case.Slot, c.Case.UID, c.Case.Round)
	if c.OfCard() {
		what = fmt.Sprintf("judge %d's card about %s", c.Case.Accused, what)
	}
	return fmt.Sprintf("this seat votes on %s, in ballot %d: %s", what, c.Ballot, t.votes(now, c, &v)), nil
}

// votes says where a vote stands.
func (t *trying) votes(now *view, c *ledger.ChallengeRecord, v *ledger.VoteRecord) string {
	const cost = "or its duties of the epoch are lost"
	seals := c.Seals(t.cfg.Params.Verdicts.SealBlocks)
	switch {
	case v.Opened && v.Finding == wire.FoundNothing && c.Place > t.cfg.Params.Verdicts.InTime():
		return "it said that it cannot tell, which costs nothing where so many are voted on at once"
	case v.Opened && v.Finding == wire.FoundNothing:
		return "it said that it cannot tell: its duties of the epoch are lost"
	case v.Opened:
		return fmt.Sprintf("it found %s, by %s", wire.FindingOf(v.Finding), strings.Join(v.Backends.Names(), " and "))
	case !v.Seal.IsZero():
		return fmt.Sprintf("sealed, to be opened in blocks %d to %d, %s", seals+1, c.Due, cost)
	case now.head < seals:
		return fmt.Sprintf("to be sealed up to block %d, %s", seals, cost)
	}
	return fmt.Sprintf("not sealed up to block %d: its duties of the epoch are lost", seals)
}

// forfeited says of epoch e and the one before whether trials cost the own seat its
// duties.
func (t *trying) forfeited(now *view, e protocol.Epoch) (lines []string, err error) {
	for _, e := range slices.Compact([]protocol.Epoch{e, e - min(e, 1)}) {
		docket, err := ledger.ReadDocket(now, e)
		if err != nil {
			return nil, err
		}
		if slices.Contains(docket.Forfeit, now.seat) {
			line := fmt.Sprintf("no duty of epoch %d counts: this seat's challenge was wrong, or it did not vote on another's, or not as was decided", e)
			lines = append(lines, line)
			if t.troubles.first(fmt.Sprintf("duties of epoch %d", e), 0) {
				t.metrics.trials.WithLabelValues("forfeit").Inc()
				t.cfg.Logger.Warn().Uint64("epoch", uint64(e)).Msg(line)
			}
		}
	}
	return lines, nil
}
